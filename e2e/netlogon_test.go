//go:build unix

package e2e_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"squidauth/e2e"
	"squidauth/ntlm"
	"squidauth/ntlm/netlogon"
	"squidauth/ntlm/netlogon/dctest"
	"squidauth/ntlm/netlogon/locator"
	"squidauth/ntlm/netlogon/rpc"
	"squidauth/ntlm/netlogon/ssp"
	"squidauth/ntlm/ntlmssp"
	"squidauth/ntlm/ntlmssp/ntlmtest"
)

// netlogonMachine is the account as which these tests ask the domain.
const netlogonMachine = "PROXY2$"

// netlogonConfig returns the settings for the domain, with the secret in the folder.
func netlogonConfig(t *testing.T, address, dir, stateDir string) netlogon.Config {
	t.Helper()
	path := filepath.Join(dir, "secret")
	if err := os.WriteFile(path, []byte(e2e.AccountOf(t, netlogonMachine).Password), 0o600); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	return netlogon.Config{
		Domain: e2e.ADDomain, Realm: e2e.ADRealm, Controllers: []string{address},
		Account: netlogonMachine, Secret: netlogon.OpenSecret(path, netlogonMachine, log),
		StateDir: stateDir, Log: log,
	}
}

func newVerifier(t *testing.T, c netlogon.Config) *netlogon.Verifier {
	t.Helper()
	v, err := netlogon.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

// ntlmLogon has a client like Windows log in, with a MIC and a key of its own. The
// second result is how that ended: "yes", or "no" or "undecided" with the reason.
func ntlmLogon(ctx context.Context, v *netlogon.Verifier, domain, user, password string) (*ntlm.Client, string) {
	client := ntlmtest.Client{
		Domain: domain, User: user, Password: password, Workstation: "CLIENT",
		Flags: ntlmtest.DefaultFlags | ntlmssp.NegotiateKeyExch, SessionKey: ntlmssp.Key{1, 2, 3},
	}
	server := ntlm.NewServer(&ntlm.Acceptor{
		Verifier: v, Target: ntlm.Target{Computer: v.ComputerName(), Domain: e2e.ADDomain}, Now: time.Now, Rand: rand.Reader,
	})
	step, err := server.Next(ctx, client.Negotiate())
	if err == nil {
		var message []byte
		if message, err = client.Authenticate(client.Negotiate(), step.Token); err == nil {
			step, err = server.Next(ctx, message)
		}
	}
	var e *ntlm.Error
	switch {
	case err == nil:
		return step.Client, "yes"
	case !errors.As(err, &e):
		return nil, err.Error()
	case e.Undecided:
		return nil, "undecided " + string(e.Reason)
	}
	return nil, "no " + string(e.Reason)
}

// mustLogOn fails the test unless the logon of the account ends as wanted.
func mustLogOn(t *testing.T, v *netlogon.Verifier, a e2e.Account, password, want string) *ntlm.Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	client, got := ntlmLogon(ctx, v, e2e.ADDomain, a.Name, password)
	if got != want {
		t.Errorf("%s: got %s, want %s", a.Name, got, want)
	}
	return client
}

// TestNetlogonAccounts has the verdict on every account, with the right password and
// with a wrong one.
func TestNetlogonAccounts(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	v := newVerifier(t, netlogonConfig(t, ad.Address(), t.TempDir(), ad.StateDir()))
	reasons := map[e2e.Refusal]string{
		{}:                     "yes",
		e2e.Disabled:           "no account-disabled",
		e2e.MustChangePassword: "no password-must-change",
		e2e.LockedOut:          "no account-locked-out",
		e2e.PasswordExpired:    "no password-expired",
		e2e.InvalidLogonHours:  "no logon-hours",
		e2e.AccountExpired:     "no account-expired",
		e2e.InvalidWorkstation: "no workstation-not-allowed",
	}
	for _, a := range e2e.Accounts() {
		want := reasons[a.Refusal]
		if want == "" {
			t.Fatalf("%s: no verdict is known for %s", a.Name, a.Refusal.Name)
		}
		mustLogOn(t, v, a, a.Password, want)
		if a.Refusal != e2e.LockedOut {
			mustLogOn(t, v, a, "not-the-password", "no wrong-password")
		}
	}
	mustLogOn(t, v, e2e.Account{Name: "nobody"}, "not-a-password", "no no-such-user")
}

// TestNetlogonIdentity has all that is known of a user, whichever way the name was
// spelled.
func TestNetlogonIdentity(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	v := newVerifier(t, netlogonConfig(t, ad.Address(), t.TempDir(), ad.StateDir()))
	for _, user := range []string{"alice", "jürgen", "manygroups"} {
		a := e2e.AccountOf(t, user)
		for domain, name := range map[string]string{
			e2e.ADDomain:                  user,
			strings.ToLower(e2e.ADDomain): strings.ToUpper(user),
			e2e.ADRealm:                   user,
			"":                            user + "@" + e2e.ADRealm,
		} {
			ctx, cancel := context.WithTimeout(t.Context(), soon)
			c, got := ntlmLogon(ctx, v, domain, name, a.Password)
			cancel()
			if got != "yes" {
				t.Errorf("%s\\%s: %s", domain, name, got)
				continue
			}
			if c.Name != user || c.Realm != e2e.ADRealm || c.Domain != e2e.ADDomain {
				t.Errorf("%s\\%s is %+v", domain, name, c.Account.Account)
			}
			var groups []string
			for _, g := range c.Groups[1:] {
				groups = append(groups, g.String())
			}
			for _, want := range ad.Groups(t, user) {
				// The groups of the machine BUILTIN are for the controller alone.
				if !slices.Contains(groups, want) && !strings.HasPrefix(want, "S-1-5-32-") {
					t.Errorf("%s is not in %s", user, want)
				}
			}
			if c.Groups[0].String() != ad.SID(t, user).Text {
				t.Errorf("%s is %v", user, c.Groups[0])
			}
		}
	}
}

// envNetlogon makes the test binary one of many processes: it has the address of the
// domain controller and the folder.
const envNetlogon = "E2E_NETLOGON_PROCESS"

// TestNetlogonProcesses starts twenty processes at once, which have nothing in common
// but the machine account and the folder. Every logon of each succeeds.
func TestNetlogonProcesses(t *testing.T) {
	if address, stateDir, ok := strings.Cut(os.Getenv(envNetlogon), " "); ok {
		playNetlogonProcess(t, address, stateDir)
		return
	}
	t.Parallel()
	ad := activeDirectory.Domain(t)
	const processes = 20
	var all sync.WaitGroup
	for n := range processes {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), envNetlogon+"="+ad.Address()+" "+ad.StateDir())
		all.Go(func() {
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("process %d: %v\n%s", n, err, out)
			}
		})
	}
	all.Wait()
}

// playNetlogonProcess is one of the processes.
func playNetlogonProcess(t *testing.T, address, stateDir string) {
	c := netlogonConfig(t, address, t.TempDir(), stateDir)
	v := newVerifier(t, c)
	alice := e2e.AccountOf(t, "alice")
	for range 5 {
		mustLogOn(t, v, alice, alice.Password, "yes")
		mustLogOn(t, v, alice, "not-the-password", "no wrong-password")
	}
}

// TestNetlogonRestart restarts the domain controller under load. Meanwhile logons are
// undecided; none ends as it must not, and after it all is well.
func TestNetlogonRestart(t *testing.T) { // not in parallel with others of the domain
	ad := activeDirectory.Domain(t)
	v := newVerifier(t, netlogonConfig(t, ad.Address(), t.TempDir(), ad.StateDir()))
	alice := e2e.AccountOf(t, "alice")
	ctx, cancel := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for _, c := range []struct{ password, want string }{
		{alice.Password, "yes"}, {alice.Password, "yes"}, {"not-the-password", "no wrong-password"},
	} {
		clients.Go(func() {
			for ctx.Err() == nil {
				_, got := ntlmLogon(t.Context(), v, e2e.ADDomain, alice.Name, c.password)
				if got != c.want && !strings.HasPrefix(got, "undecided ") {
					t.Errorf("got %s, want %s", got, c.want)
				}
			}
		})
	}
	mustLogOn(t, v, alice, alice.Password, "yes")
	ad.Stop(t)
	mustLogOn(t, v, alice, alice.Password, "undecided no-domain-controller")
	if err := v.Ready(t.Context()); err == nil {
		t.Error("ready without a domain controller")
	}
	ad.Start(t)
	e2e.Eventually(t, soon, "a channel", func() bool { return v.Ready(t.Context()) == nil })
	for range 10 {
		mustLogOn(t, v, alice, alice.Password, "yes")
	}
	cancel()
	clients.Wait()
}

// TestNetlogonMachineAccount has the refusals of a machine account, after which the
// account works for those who know its password.
func TestNetlogonMachineAccount(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	alice := e2e.AccountOf(t, "alice")
	for name, change := range map[string]func(c *netlogon.Config, secret string){
		"wrong password":     func(_ *netlogon.Config, secret string) { writeFile(t, secret, "not-the-password") },
		"no such account":    func(c *netlogon.Config, _ string) { c.Account = "NOBODY$" },
		"another's password": func(c *netlogon.Config, _ string) { c.Account = "PROXY$" },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			c := netlogonConfig(t, ad.Address(), dir, filepath.Join(dir, "state"))
			change(&c, filepath.Join(dir, "secret"))
			c.Secret = netlogon.OpenSecret(filepath.Join(dir, "secret"), c.Account, c.Log)
			v := newVerifier(t, c)
			mustLogOn(t, v, alice, alice.Password, "undecided machine-account-refused")
			mustLogOn(t, v, alice, alice.Password, "undecided machine-account-refused")
		})
	}
	mustLogOn(t, newVerifier(t, netlogonConfig(t, ad.Address(), t.TempDir(), ad.StateDir())), alice, alice.Password, "yes")
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestNetlogonSecrets has the hash of the machine account's password in place of it, and
// behind one that the domain controller does not know yet.
func TestNetlogonSecrets(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	alice := e2e.AccountOf(t, "alice")
	hash := ntlmssp.NTOWFv1(e2e.AccountOf(t, netlogonMachine).Password)
	dir := t.TempDir()
	c := netlogonConfig(t, ad.Address(), dir, ad.StateDir())
	writeFile(t, filepath.Join(dir, "secret"), fmt.Sprintf("not-yet-the-password\nnthash:%x\n", hash[:]))
	mustLogOn(t, newVerifier(t, c), alice, alice.Password, "yes")
}

// TestNetlogonClock: nothing depends on clocks that agree.
func TestNetlogonClock(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	c := netlogonConfig(t, ad.Address(), t.TempDir(), ad.StateDir())
	c.Now = func() time.Time { return time.Now().AddDate(1, 0, 0) }
	alice := e2e.AccountOf(t, "alice")
	mustLogOn(t, newVerifier(t, c), alice, alice.Password, "yes")
}

// TestNetlogonLocator finds the domain controller in its own DNS, and by its answer to
// LDAP pings.
func TestNetlogonLocator(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort(ad.Address(), "53"))
	}}
	dialer := &net.Dialer{Resolver: resolver}
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	l := &locator.Locator{Realm: e2e.ADRealm, Resolver: resolver, Dial: dialer.DialContext}
	if hosts, err := l.Find(ctx); err != nil || !slices.Equal(hosts, []string{e2e.ADHost}) {
		t.Errorf("found %q, %v", hosts, err)
	}
	for _, network := range []string{"udp", "tcp"} {
		only := func(ctx context.Context, asked, address string) (net.Conn, error) {
			if asked != network {
				return nil, net.ErrClosed
			}
			return dialer.DialContext(ctx, asked, address)
		}
		reply, err := locator.Ping(ctx, only, net.JoinHostPort(e2e.ADHost, "389"), e2e.ADRealm)
		if err != nil || reply.NetBIOSDomain != e2e.ADDomain || reply.DNSHost != e2e.ADHost || !reply.Writable() || !reply.Near() {
			t.Errorf("%s: %+v, %v", network, reply, err)
		}
	}
	c := netlogonConfig(t, "", t.TempDir(), ad.StateDir())
	c.Controllers, c.Resolver, c.Dial = nil, resolver, dialer.DialContext
	alice := e2e.AccountOf(t, "alice")
	mustLogOn(t, newVerifier(t, c), alice, alice.Password, "yes")
}

// TestNetlogonBetween puts somebody between helper and domain controller, who changes,
// forges, cuts and repeats answers. No wrong password becomes right by it, and nobody
// becomes somebody else.
func TestNetlogonBetween(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	b := new(dctest.Between)
	c := netlogonConfig(t, ad.Address(), t.TempDir(), ad.StateDir())
	c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		server, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return b.Wrap(server), nil
	}
	v := newVerifier(t, c)
	alice, mallory := e2e.AccountOf(t, "alice"), e2e.AccountOf(t, "mallory")
	mustLogOn(t, v, alice, alice.Password, "yes")
	mustLogOn(t, v, mallory, mallory.Password, "yes")
	good := b.Answers()[0]
	size := len(good)

	const response = 2
	plain := make([]byte, 640)
	plain[0] = 6 // the validation level
	tampered := map[string]func(answer []byte) []byte{
		"plain":               func(a []byte) []byte { return dctest.Unsealed(response, a, plain) },
		"signed only":         func(a []byte) []byte { return dctest.Unsealed(response, a, plain, ssp.AuthType, 5) },
		"a seal of zeros":     func(a []byte) []byte { return dctest.Unsealed(response, a, plain, ssp.AuthType, 6) },
		"another type":        func(a []byte) []byte { a[2] = 12; return a },
		"an unknown type":     func(a []byte) []byte { a[2] = 77; return a },
		"a fault":             func(a []byte) []byte { return dctest.Fault(a, 0, rpc.FaultSecurity) },
		"an earlier answer":   func(a []byte) []byte { return dctest.Renumbered(good, a) },
		"nothing":             func([]byte) []byte { return nil },
		"one without its end": func(a []byte) []byte { return a[:len(a)-1] },
	}
	for at := 0; at < size; at += 1 + at/24*16 { // all of the header, and some of the rest
		tampered[fmt.Sprintf("byte %d changed", at)] = func(a []byte) []byte {
			if at < len(a) {
				a[at] ^= 0x01
			}
			return a
		}
		tampered[fmt.Sprintf("cut at %d", at)] = func(a []byte) []byte {
			cut := append([]byte(nil), a[:min(at, len(a))]...)
			if len(cut) >= 10 {
				cut[8], cut[9] = byte(len(cut)), byte(len(cut)>>8)
			}
			return cut
		}
	}
	for name, tamper := range tampered {
		b.TamperLogons(tamper)
		for _, password := range []string{"not-the-password", alice.Password} {
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond) // some wait for more
			client, got := ntlmLogon(ctx, v, e2e.ADDomain, alice.Name, password)
			cancel()
			switch {
			case client != nil && (password != alice.Password || client.Name != alice.Name):
				t.Errorf("%s: somebody came in as %s", name, client.Name)
			case got == "no wrong-password" && password == alice.Password:
				t.Errorf("%s: a right password is wrong", name)
			}
		}
	}
	b.Tamper(nil)

	// The answer to a right password, at the same place of another connection.
	again := newVerifier(t, c)
	b.TamperLogons(func(answer []byte) []byte { return dctest.Renumbered(good, answer) })
	mustLogOn(t, again, alice, "not-the-password", "undecided answer-not-from-the-domain-controller")
	b.Tamper(nil)
	mustLogOn(t, v, alice, alice.Password, "yes")
	mustLogOn(t, v, alice, "not-the-password", "no wrong-password")
}
