// Package gss is the client's side of GSS-API with Kerberos (RFC 4121) as far as an
// LDAP connection needs it: it logs in with mutual authentication and, over TLS, with
// the channel's bindings (RFC 5929), and protects what is said after that. Messages
// are AES's; with RC4 they would look otherwise (RFC 4757), and are refused.
//
// It does no input or output.
package gss
