// Package kdc asks KDCs: for tickets of a user who has run kinit, or for a helper
// that checks passwords. It reads what MIT's library reads: the file of a credential
// cache, and krb5.conf as far as it says where KDCs are. Its errors are sentences for
// the user or the operator.
package kdc
