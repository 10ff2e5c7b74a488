// Package pac reads the Privilege Attribute Certificate, which Active Directory
// and other KDCs put into Kerberos tickets: who the user is, and the groups.
//
// The formats are those of [MS-PAC], of the SID in [MS-DTYP] section 2.4.2, and
// of LOGON_INFO, which is NDR (C706 chapter 14) in the type serialization
// version 1 of [MS-RPCE] section 2.2.6. Nothing in the input is trusted: every
// read is checked in one place, what is allocated is bounded by a small multiple
// of the input's length, and the time is linear in it.
//
// A PAC says nothing before both VerifyServerSignature and CheckClient are
// content. The names in it may hold any character, line ends and NUL included.
package pac
