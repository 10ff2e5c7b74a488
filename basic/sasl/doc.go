// Package sasl has passwords checked by saslauthd, the daemon of Cyrus SASL, over its
// Unix socket. It takes the place of Squid's basic_sasl_auth, which does so by way of
// libsasl2.
//
// What goes over the socket is described at ipc_unix.c in saslauthd's sources: to the
// daemon user, password, service, realm and the client's address, each behind two bytes
// with its length; back, in the same form, a text that begins with OK or NO.
package sasl
