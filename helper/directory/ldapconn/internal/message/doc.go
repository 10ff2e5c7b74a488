// Package message turns LDAP's messages (RFC 4511 section 4) to bytes and back, as far
// as logins need them. It does no I/O.
//
// The encoding is BER as LDAP restricts it (RFC 4511 section 5.1): lengths are
// definite, and strings are in one piece. What is encoded here has the shortest form of
// each length; what is decoded need not, as Active Directory always takes four octets.
//
// Decoding follows the structure that is expected and no other, so that nothing nests
// deeper than that, and takes time and memory in proportion to what came in. What
// stands behind the known parts of a sequence is skipped (RFC 4511 section 4).
package message
