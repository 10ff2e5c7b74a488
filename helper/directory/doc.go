// Package directory looks up the names and SIDs of groups in Active Directory, and
// remembers them. Logins do not wait for it for long, and those that need no more
// than names do not fail for want of it.
//
// The attributes are those of [MS-ADA3]: objectSid and sAMAccountName, the one name
// of a group that is unique in a domain; nETBIOSName and nCName of a crossRef
// ([MS-ADTS] section 6.1.1.2.1.1).
package directory
