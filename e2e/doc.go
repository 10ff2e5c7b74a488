// Package e2e starts real programs for end-to-end tests: Debian's Squid with
// one of our helpers behind it, a web server for Squid to fetch from, and curl
// as the client; for Kerberos also MIT's KDC, clients of MIT's and of Heimdal's
// GSS-API, and helpers that are asked without Squid; directory servers, OpenLDAP's
// and Samba's, and a network between that is slow or silent.
//
// Everything listens on loopback, lives in one temporary folder for each
// Squid, and is stopped and checked when the test ends: a Squid that died, a
// worrying line in cache.log, a password in a log, or a process left behind
// fails the test. The tests themselves are in package e2e_test.
//
// The programs come from Debian (see install.sh). A test that misses one is
// skipped and says why; with CI=true in the environment it fails instead.
package e2e
