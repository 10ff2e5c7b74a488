// Package ndr writes and reads NDR 2.0, the encoding of remote procedure calls
// (C706 chapter 14), little-endian and as far as Netlogon and the endpoint mapper
// need it.
//
// What a Reader is given comes from the network. All its reads go through one
// checked function, and nothing is allocated for a count before so many elements
// are known to follow.
package ndr
