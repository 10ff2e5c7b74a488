// Package kdc gets tickets from a KDC for a user who has run kinit. It reads what
// MIT's library reads: the file of a credential cache, and krb5.conf as far as it
// says where KDCs are. Its errors are sentences for the user.
package kdc
