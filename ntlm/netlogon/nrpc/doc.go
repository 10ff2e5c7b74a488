// Package nrpc has the three calls of the Netlogon service that verify a logon: two
// that agree on a session key, and the logon itself ([MS-NRPC] sections 3.5.4.4.1,
// 3.5.4.4.2 and 3.5.4.5.1).
//
// All calls leave the server's name out: it is wanted only where several servers
// share a name, and one that is not the server's own is refused.
package nrpc
