// Package ldapconn keeps connections to directory servers that speak LDAP version
// 3 (RFC 4511): a few at most, protected and bound as configured, opened when they
// are needed, to the first of several servers that works.
//
// A connection carries one request at a time: whoever has one writes it and reads the
// answer. What a server sends is bounded, its messages are read by package message, and
// all waiting ends with the caller's time. github.com/go-ldap/ldap gives the vocabulary:
// requests, entries, result codes and filters.
package ldapconn
