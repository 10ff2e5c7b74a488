// Package rpc is the client side of connection-oriented remote procedure calls
// over TCP (C706 chapter 12, [MS-RPCE] sections 2.2.2 and 3.3.1), as far as a domain
// controller's Netlogon service needs it: little-endian, one interface in NDR and
// one call at a time on each connection.
//
// Headers are not protected, not even on a sealed connection: whoever is in between
// can change every byte of them. So each PDU is checked before anything else is
// done with it, and a Conn on which anything was not as it must be is of no use any
// more. On a sealed connection every part of an answer is unsealed and in sequence,
// or there is no answer: a PDU without a seal counts for nothing but an error.
package rpc
