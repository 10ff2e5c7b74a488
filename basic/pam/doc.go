// Package pam has the system's pluggable authentication modules check passwords. It
// takes the place of Squid's basic_pam_auth.
//
// PAM is a C library that loads modules in C, so this package does its work only in a
// program that is built with cgo and the tag "pam"; see Linked.
//
// A transaction (pam_start, pam_authenticate, pam_acct_mgmt, pam_end) is one call into
// C, on one thread from beginning to end, as some modules need it. Nothing is kept
// between two of them. A module may take any time: whoever waits for it gives up at its
// deadline, and the thread is written off until the module comes back.
package pam
