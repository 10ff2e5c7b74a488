// Package initiator is the client's side of Kerberos, for trying out a service:
// it makes what a browser sends to a service (RFC 4120 section 3.2.2, RFC 4121
// section 4.1) and to the KDC (RFC 4120 section 3.3), and reads what the KDC
// answers. A ticket may also be made up with the service's own key. It does no
// input or output.
//
// Its encoder and its encryption share no code with package kerberos, which reads
// the tokens, but for tags and the sizes of keys.
package initiator
