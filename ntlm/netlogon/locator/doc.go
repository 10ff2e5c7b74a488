// Package locator finds the domain controllers of an Active Directory domain as
// [MS-ADTS] section 6.3 says: their names come from the DNS, and an LDAP ping tells
// which of them are alive and near. Neither is protected: somebody in between can
// send a client to a wrong host. That costs time, and gets no further than the first
// sealed call, which it cannot answer.
package locator
