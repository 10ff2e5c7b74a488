// Package ldapconn keeps connections to directory servers that speak LDAP version
// 3 (RFC 4511): a few at most, protected and bound as configured, opened when they
// are needed, to the first of several servers that works.
//
// github.com/go-ldap/ldap speaks the protocol. It knows neither contexts nor
// limits; a wire under each of its connections adds both, so that no server can
// make a caller wait, or hold more than a bounded answer.
package ldapconn
