// Package kerberos accepts Kerberos 5 tickets: it verifies AP-REQ messages with
// the keys of a keytab and answers with AP-REP (RFC 4120 sections 3.2 and 5.5).
//
// It uses gokrb5 for encryption types, and not for what gokrb5 calls a service: that
// compares less than it must, knows no mutual authentication, and can be made to
// panic by anybody. Each of its functions is called only with input whose shape has
// been checked.
package kerberos
