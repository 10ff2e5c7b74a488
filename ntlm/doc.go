// Package ntlm answers requests of the NTLM scheme ([MS-NLMP], [MS-NTHT]): Server is
// one handshake, bytes in and bytes out; Handler is that under Squid; a Verifier
// knows whether a response was made with a user's password.
//
// NTLM authenticates a connection, not a request. Whoever uses a Server outside of
// Squid must tie it to the TCP connection that its tokens came over, and to nothing
// that a client can send.
package ntlm
