// Package ssp is the Netlogon security support provider ([MS-NRPC] section 3.3)
// with AES, which every domain controller since Windows Server 2008 R2 has, and
// nothing weaker: it makes a session key from the secret that a machine shares with
// its domain, proves that the key is known, and seals the calls made with it.
//
// A session key serves one Context, hence one connection. Seals count up from zero
// on each connection, and nothing in them tells connections apart: had two the same
// key, an answer recorded on one would be good on the other.
package ssp
