//go:build unix

package e2e_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"squidauth/e2e"
)

// A run is what a program did that ended by itself.
type run struct {
	out, err string
	status   int
}

// runAs runs a program with the tickets of a user, and more variables.
func runAs(t *testing.T, tickets *e2e.Tickets, env []string, program string, args ...string) run {
	t.Helper()
	var out, log bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = append(tickets.Env(), env...), &out, &log
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return run{out.String(), log.String(), cmd.ProcessState.ExitCode()}
}

// must fails the test unless the run ended with the status, and said each of the
// words somewhere.
func (r run) must(t *testing.T, status int, words ...string) {
	t.Helper()
	if r.status != status {
		t.Errorf("exit status %d, want %d", r.status, status)
	}
	for _, w := range words {
		if !strings.Contains(r.out+r.err, w) {
			t.Errorf("it does not say %q", w)
		}
	}
	if t.Failed() {
		t.Logf("stdout:\n%s\nstderr:\n%s", r.out, r.err)
	}
}

// requests returns the run's request lines.
func (r run) requests(t *testing.T, n int) []string {
	t.Helper()
	r.must(t, 0)
	lines := strings.Split(strings.TrimSuffix(r.out, "\n"), "\n")
	if len(lines) != n {
		t.Fatalf("%d lines, want %d:\n%s", len(lines), n, r.out)
	}
	return lines
}

// tool runs a command of our helper with the user's tickets.
func tool(t *testing.T, tickets *e2e.Tickets, args ...string) run {
	t.Helper()
	return runAs(t, tickets, nil, programs.Path(t, "negotiate"), args...)
}

// TestNegotiateClient has our client get tickets from the KDC, and our helper and
// Squid's own accept what it makes of them.
func TestNegotiateClient(t *testing.T) {
	t.Parallel()
	d := newDialogue(t, localService)
	ours, theirs := d.helper(t, "--replay-cache", "memory"), d.cHelper(t, "-s", "GSS_C_NO_NAME")
	for _, style := range []string{"", "--raw", "--mutual"} {
		args := append([]string{"client"}, strings.Fields(style)...)
		client := tool(t, d.tickets, append(args, strings.ToUpper(localService)+".", "3")...)
		client.must(t, 0, "alice@EXAMPLE.TEST", "ticket for HTTP/localhost@EXAMPLE.TEST kvno 1 aes256-cts-hmac-sha1-96 from the KDC")
		for _, request := range client.requests(t, 3) {
			mustBeOK(t, ours, ours.Ask(t, request))
			mustBeOK(t, theirs, theirs.Ask(t, request))
		}
	}
	// MIT's library leaves its ticket in the cache, where our client takes it from.
	d.token(t, localService)
	cached := tool(t, d.tickets, "client", localService)
	cached.must(t, 0, "from the cache")
	mustBeOK(t, ours, ours.Ask(t, cached.requests(t, 1)[0]))
}

// TestNegotiateClientEnctypes asks for tickets that have keys of one encryption
// type each.
func TestNegotiateClientEnctypes(t *testing.T) {
	t.Parallel()
	d := newDialogue(t)
	for enctype := range enctypes {
		d.addService(t, enctype+".example.test", enctype)
	}
	helper := d.helper(t, "--permit-rc4")
	for enctype := range enctypes {
		t.Run(enctype, func(t *testing.T) {
			client := tool(t, d.tickets, "client", enctype+".example.test")
			mustBeOK(t, helper, helper.Ask(t, client.requests(t, 1)[0]))
			tool(t, d.tickets, "check", "--keytab", d.keytab, "--permit-rc4", enctype+".example.test").must(t, 0, "yes:")
		})
	}
	tool(t, d.tickets, "check", "--keytab", d.keytab, "rc4-hmac.example.test").must(t, 2, "no:", "give the service account AES keys")
}

// TestNegotiateClientReferral logs in a user of another realm. Where krb5.conf
// does not say in which realm the proxy is, the user's KDC refers to the other.
func TestNegotiateClientReferral(t *testing.T) {
	t.Parallel()
	d := newDialogue(t, localService, namedService)
	carol := e2e.User{Name: "carol", Password: "carols-secret"}
	d.kdc.AddUser(t, e2e.OtherRealm, carol)
	tickets := d.kdc.LoginAt(t, e2e.OtherRealm, carol)
	for _, service := range []string{localService, namedService} {
		check := tool(t, tickets, "check", "--keytab", d.keytab, service)
		check.must(t, 0, "carol@OTHER.TEST", "ticket:  for HTTP/"+service+"@EXAMPLE.TEST", "yes:")
	}
	lost := tool(t, tickets, "client", "nowhere.example.test")
	lost.must(t, 1, "the KDC knows no such service: HTTP/nowhere.example.test@EXAMPLE.TEST")
}

// TestNegotiateClientTrouble has no ticket to give, for reasons that it tells.
func TestNegotiateClientTrouble(t *testing.T) {
	t.Parallel()
	d := newDialogue(t, localService)
	// A ticket that has ended, and the wait for its end.
	short := d.kdc.NoTickets(t)
	kinit := exec.Command(e2e.Need(t, "kinit"), "-l", "1s", d.tickets.Principal)
	kinit.Env, kinit.Stdin = short.Env(), strings.NewReader(kerberosUsers()[0].Password+"\n")
	if out, err := kinit.CombinedOutput(); err != nil {
		t.Fatalf("kinit: %v\n%s", err, out)
	}
	e2e.Eventually(t, soon, "the ticket ends", func() bool {
		return runAs(t, short, nil, e2e.Need(t, "klist"), "-s").status != 0
	})
	config := filepath.Join(t.TempDir(), "krb5.conf")
	if err := os.WriteFile(config, []byte("[realms]\nEXAMPLE.TEST = {\n kdc = 127.0.0.1:1\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	unreachable := []string{"KRB5_CONFIG=" + config}
	for name, c := range map[string]struct {
		tickets *e2e.Tickets
		env     []string
		service string
		words   string
	}{
		"not logged in": {d.kdc.NoTickets(t), nil, localService, "there is no credential cache"},
		"expired":       {short, nil, localService, "expired"},
		"no service":    {d.tickets, nil, "other.example.test", "the KDC knows no such service: HTTP/other.example.test@EXAMPLE.TEST"},
		"no KDC":        {d.tickets, unreachable, localService, "no KDC of realm EXAMPLE.TEST answers: dial tcp 127.0.0.1:1"},
		"keyring":       {d.tickets, []string{"KRB5CCNAME=KEYRING:persistent:0"}, localService, "of kind KEYRING"},
	} {
		t.Run(name, func(t *testing.T) {
			r := runAs(t, c.tickets, c.env, programs.Path(t, "negotiate"), "client", c.service)
			r.must(t, 1, c.words)
			if r.out != "" {
				t.Errorf("output %q", r.out)
			}
			status := 1
			if name == "no service" {
				status = 2
			}
			runAs(t, c.tickets, c.env, programs.Path(t, "negotiate"), "check", "--keytab", d.keytab, c.service).must(t, status, c.words)

			ours := runAs(t, c.tickets, c.env, programs.As(t, "negotiate", "negotiate_kerberos_auth_test"), c.service)
			ours.must(t, 0, c.words)
			if ours.out != "Token: NULL\n" {
				t.Errorf("negotiate_kerberos_auth_test prints %q", ours.out)
			}
		})
	}
}

// TestNegotiateCheck holds keytabs against the KDC that fit it or do not.
func TestNegotiateCheck(t *testing.T) {
	t.Parallel()
	d := newDialogue(t, localService)
	check := func(service string, more ...string) run {
		return tool(t, d.tickets, append(append([]string{"check", "--keytab", d.keytab}, more...), service)...)
	}
	check(localService).must(t, 0, "keytab:  "+d.keytab+" has HTTP/localhost@EXAMPLE.TEST kvno 1 aes256-cts-hmac-sha1-96, ",
		"user:    alice@EXAMPLE.TEST, credential cache ", "ticket:  for HTTP/localhost@EXAMPLE.TEST kvno 1 aes256-cts-hmac-sha1-96\n", "yes: ", "the user is alice@EXAMPLE.TEST")
	check(localService, "--spn", "HTTP/other.example.test").must(t, 2, "no: ")

	// What the KDC would give now is what counts, not what there is in the cache.
	old := d.token(t, localService)
	rotated := filepath.Join(filepath.Dir(d.keytab), "rotated.keytab")
	d.kdc.Rotate(t, rotated, localService)
	check(localService).must(t, 2, "no: ", "the KDC's key has number (kvno) 2, the keytab's newest 1: the password was changed")
	check(localService, "--keytab", rotated).must(t, 0, "kvno 2", "yes: ")
	helper := d.helper(t)
	mustBeOK(t, helper, helper.Ask(t, "YR "+old))

	// The account is made anew, and the keytab stays.
	again := func(kvno, enctype string) {
		d.kdc.Admin(t, "delprinc -force HTTP/"+localService)
		d.kdc.Admin(t, "addprinc -randkey -kvno "+kvno+" -e "+enctype+":normal HTTP/"+localService)
	}
	again("1", "aes256-sha1")
	check(localService).must(t, 2, "no: ", "a key of that name, number and type, but it is another one")
	check(localService, "--keytab", rotated).must(t, 2, "no: ", "the KDC's key has number (kvno) 1, the keytab's newest 2: ")
	again("1", "aes256-sha2")
	check(localService).must(t, 2, "no: ", "the KDC encrypts with aes256-cts-hmac-sha384-192, of which type the keytab has no key")
	d.kdc.Admin(t, "addprinc -randkey HTTP/"+namedService)
	check(namedService).must(t, 2, "no: ", "the keytab has no key of HTTP/proxy.example.test@EXAMPLE.TEST")
}

var aToken = regexp.MustCompile(`\bYII[A-Za-z0-9+/]+=*`)

// TestNegotiateAuthTest gives the same command lines to Squid's own client and to
// ours: they print the same, but for what is random in the tokens.
func TestNegotiateAuthTest(t *testing.T) {
	t.Parallel()
	const program = "/usr/lib/squid/negotiate_kerberos_auth_test"
	theirs, err := exec.LookPath(program)
	if err != nil {
		e2e.Lacking(t, "%s is not installed; run e2e/install.sh as root", program)
	}
	ours := programs.As(t, "negotiate", "negotiate_kerberos_auth_test")
	d := newDialogue(t, localService)
	for _, tickets := range []*e2e.Tickets{d.tickets, d.kdc.NoTickets(t)} {
		for _, line := range []string{
			"", localService, localService + " 1", localService + " 3", localService + " 0", localService + " -1",
			localService + " two", localService + " 2nd", localService + " 1 1", "nowhere.example.test", "nowhere.example.test 2", "-h", "--help 1",
		} {
			t.Run(tickets.Principal+" "+line, func(t *testing.T) {
				a, b := runAs(t, tickets, nil, theirs, strings.Fields(line)...), runAs(t, tickets, nil, ours, strings.Fields(line)...)
				if outA, outB := aToken.ReplaceAllString(a.out, "TOKEN"), aToken.ReplaceAllString(b.out, "TOKEN"); outA != outB || a.status != b.status {
					t.Errorf("theirs %d %q, ours %d %q\n%s", a.status, outA, b.status, outB, b.err)
				}
				if (a.err == "") != (b.err == "") {
					t.Errorf("theirs says %q, ours %q", a.err, b.err)
				}
			})
		}
	}
	helper := d.helper(t)
	lines := runAs(t, d.tickets, nil, ours, localService, "2").requests(t, 3)
	for _, request := range lines[:2] {
		mustBeOK(t, helper, helper.Ask(t, request))
	}
	if lines[2] != "QQ" {
		t.Errorf("the last line is %q", lines[2])
	}
}

// TestNegotiateMint has Squid's own helper accept what is made up from a keytab of
// the KDC's.
func TestNegotiateMint(t *testing.T) {
	t.Parallel()
	d := newDialogue(t, localService)
	helpers := []*e2e.Peer{d.helper(t, "--replay-cache", "memory"), d.cHelper(t, "-s", "GSS_C_NO_NAME")}
	minted := tool(t, d.tickets, "mint", "--keytab", d.keytab, "--user", "somebody/admin", "2").requests(t, 2)
	for _, helper := range helpers {
		for _, request := range minted {
			if reply := helper.Ask(t, request); !strings.Contains(reply, " user=somebody%2Fadmin@EXAMPLE.TEST") && !strings.Contains(reply, " user=somebody/admin@EXAMPLE.TEST") {
				t.Errorf("%s says %q", helper, reply)
			}
		}
	}
}
