// Package machine makes a machine account in an Active Directory domain for a proxy,
// and changes its password: it writes the secret file that package netlogon reads,
// and a keytab with the account's AES keys (RFC 3962) for Kerberos.
//
// # Two lines
//
// The secret file has one password, or two: netlogon tries both. A change writes the
// file before it asks the domain controller, and again after that:
//
//	OLD          OLD          NEW
//	             (empty)      OLD
//	             NEW
//
// Whatever happens between the two, one of the lines is the account's password. The
// empty line says which of them is the newer, so that a change which was interrupted
// can be completed; netlogon passes over it. The keytab has the keys of the new
// password before the domain controller knows it, and keeps those of the old one, for
// tickets that were issued with them.
//
// A file is replaced by a complete one that is on the disk, readable for its owner
// and group at most.
package machine
