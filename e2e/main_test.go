//go:build unix

package e2e_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"

	"squidauth/e2e"
)

// programs are our helpers, built at most once for all tests.
var programs e2e.Programs

// activeDirectory is made at most once for all tests.
var activeDirectory e2e.ActiveDirectory

// cHelper puts Squid's own helper in the place of ours, to see whose fault a
// failure is. Tests of what it cannot do are skipped, and some others fail:
// it is no model in everything.
var cHelper = flag.Bool("c-helper", false, "test /usr/lib/squid/basic_ncsa_auth instead of our helper")

const cHelperPath = "/usr/lib/squid/basic_ncsa_auth"

// report is the cache manager's page on Basic helpers.
const report = "basicauthenticator"

func TestMain(m *testing.M) {
	code := m.Run()
	if err := errors.Join(activeDirectory.Remove(), programs.Remove()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// ncsa returns the command line of a helper on the password file; the options
// are ours, and with -c-helper a test that needs them is skipped.
func ncsa(t *testing.T, file string, options ...string) string {
	t.Helper()
	if *cHelper {
		if len(options) > 0 {
			t.Skipf("the C helper has no %s", options[0])
		}
		return cHelperPath + " " + file
	}
	command := programs.Path(t, "basic")
	for _, option := range options {
		command += " " + option
	}
	return command + " ncsa " + file
}

// mustFetch fails the test for every answer that is not the origin's, and for
// every one for which the origin was not asked exactly once.
func mustFetch(t *testing.T, origin *e2e.Origin, answers []e2e.Answer) {
	t.Helper()
	for _, a := range answers {
		if !a.Fetched() {
			t.Errorf("%s with the right password: status %d, curl exit %d, body %.80q", a.User, a.Status, a.Exit, a.Body)
		}
		if hits := origin.Hits(a.URL); hits != 1 {
			t.Errorf("%s: the origin was asked %d times", a.URL, hits)
		}
	}
}

// mustRefuse fails the test for every answer that is not Squid's 407, and for
// every one for which the origin was asked.
func mustRefuse(t *testing.T, origin *e2e.Origin, answers []e2e.Answer) {
	t.Helper()
	for _, a := range answers {
		if !a.Refused() {
			t.Errorf("%s with a wrong password: status %d, curl exit %d, body %.80q", a.User, a.Status, a.Exit, a.Body)
		}
		if hits := origin.Hits(a.URL); hits != 0 {
			t.Errorf("%s: the origin was asked %d times", a.URL, hits)
		}
	}
}

// right is a request with the user's own password.
func right(origin *e2e.Origin, u e2e.User) e2e.Request {
	return e2e.Request{URL: origin.URL(), User: u.Name, Password: u.Password}
}

// wrong is a request with the user's name and another password.
func wrong(origin *e2e.Origin, u e2e.User, password string) e2e.Request {
	return e2e.Request{URL: origin.URL(), User: u.Name, Password: password}
}
