// Package dctest is a domain controller for tests: an endpoint mapper and a Netlogon
// service with one machine account and some users. It does what is right and no
// more; what a client must put up with is done to its PDUs by the tests.
package dctest
