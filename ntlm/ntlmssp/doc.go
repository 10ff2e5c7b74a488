// Package ntlmssp has the messages of NTLM and what is computed from a password
// ([MS-NLMP]). It keeps no state, decides nothing, and does no I/O.
//
// The client sends NEGOTIATE, the server CHALLENGE with eight random bytes, the
// client AUTHENTICATE with a response that only its password and that challenge
// can give. Integers are little-endian, texts UTF-16LE or, where neither side
// agreed to that, in a code page that nobody names.
//
// Parsers return slices of what they are given. With an error they return the zero
// value.
package ntlmssp
