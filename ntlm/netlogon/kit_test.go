package netlogon

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"squidauth/ntlm"
	"squidauth/ntlm/netlogon/dctest"
	"squidauth/ntlm/ntlmssp/ntlmtest"
)

// network has domain controllers dc1, dc2 and so on.
type network struct {
	dcs  []*dctest.DC
	wrap func(host string, c net.Conn) net.Conn // nil: nothing is in between

	mu    sync.Mutex
	dials []string
}

func newNetwork(n int) *network {
	w := new(network)
	for range n {
		w.dcs = append(w.dcs, dctest.New())
	}
	return w
}

func (w *network) Dial(ctx context.Context, kind, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.dials = append(w.dials, address)
	w.mu.Unlock()
	var n int
	if _, err := fmt.Sscanf(host, "dc%d", &n); err != nil || n < 1 || n > len(w.dcs) {
		return nil, &net.DNSError{Err: "no such host", Name: host}
	}
	c, err := w.dcs[n-1].Dial(ctx, kind, address)
	if err == nil && w.wrap != nil {
		c = w.wrap(host, c)
	}
	return c, err
}

// hosts are the names of the domain controllers.
func (w *network) hosts() (names []string) {
	for n := range w.dcs {
		names = append(names, fmt.Sprintf("dc%d", n+1))
	}
	return names
}

// fixture is a Verifier in a network.
type fixture struct {
	*Verifier
	t       testing.TB
	network *network
	log     *logBuffer
	secret  string // path
	dir     string
	ends    ends
}

// ends counts how questions to domain controllers ended.
type ends struct {
	mu    sync.Mutex
	count map[string]int // by controller and End
}

func (e *ends) observe(controller string, end End) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.count == nil {
		e.count = map[string]int{}
	}
	e.count[controller+" "+string(end)]++
}

// expectEnds fails the test if questions ended in other ways.
func (f *fixture) expectEnds(want map[string]int) {
	f.t.Helper()
	f.ends.mu.Lock()
	defer f.ends.mu.Unlock()
	if !maps.Equal(f.ends.count, want) {
		f.t.Errorf("questions ended %v, want %v", f.ends.count, want)
	}
}

// logBuffer is a log of several goroutines.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newFixture(t testing.TB, w *network) *fixture {
	t.Helper()
	dir := t.TempDir()
	f := &fixture{t: t, network: w, log: new(logBuffer), secret: filepath.Join(dir, "secret"), dir: filepath.Join(dir, "state")}
	f.setSecret(dctest.Secret)
	f.Verifier = f.another()
	return f
}

// another returns a Verifier of another process, as it were.
func (f *fixture) another() *Verifier {
	f.t.Helper()
	log := slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	v, err := New(Config{
		Domain: "EXAMPLE", Controllers: f.network.hosts(), Account: "PROXY$",
		Secret:   OpenSecret(f.secret, "PROXY$", log),
		StateDir: f.dir, MaxCalls: 3, Dial: f.network.Dial, Log: log, Observe: f.ends.observe,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		v.Close()
		for _, c := range v.directory.all() {
			if n := len(c.calls); n > 0 {
				f.t.Errorf("%d channels to %s are still in use", n, c.host)
			}
		}
	})
	return v
}

// setSecret replaces the secret file by renaming.
func (f *fixture) setSecret(content string) {
	f.t.Helper()
	if err := os.WriteFile(f.secret+".new", []byte(content), 0o600); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Rename(f.secret+".new", f.secret); err != nil {
		f.t.Fatal(err)
	}
}

// login has a client log in with a password.
func login(ctx context.Context, v *Verifier, user, password string) (*ntlm.Client, error) {
	client := ntlmtest.Client{Domain: "EXAMPLE", User: user, Password: password, Workstation: "CLIENT"}
	server := ntlm.NewServer(&ntlm.Acceptor{
		Verifier: v, Target: ntlm.Target{Computer: v.ComputerName(), Domain: "EXAMPLE"}, Now: time.Now, Rand: rand.Reader,
	})
	step, err := server.Next(ctx, client.Negotiate())
	if err != nil {
		return nil, err
	}
	message, err := client.Authenticate(client.Negotiate(), step.Token)
	if err != nil {
		return nil, err
	}
	step, err = server.Next(ctx, message)
	return step.Client, err
}

// outcome describes the end of a login: "yes", or "no" or "undecided" with the reason.
func outcome(err error) string {
	var e *ntlm.Error
	switch {
	case err == nil:
		return yes
	case !errors.As(err, &e):
		return err.Error()
	case e.Undecided:
		return "undecided " + string(e.Reason)
	}
	return "no " + string(e.Reason)
}

// verify returns how a login ends.
func (f *fixture) verify(user, password string) string {
	_, err := login(f.t.Context(), f.Verifier, user, password)
	return outcome(err)
}

// expect has alice log in, with her password or a wrong one.
func (f *fixture) expect(password, want string) {
	f.t.Helper()
	if got := f.verify("alice", password); got != want {
		f.t.Errorf("got %s, want %s\n%s", got, want, f.log)
	}
}

const yes = "yes"

var (
	wrong       = "no " + string(ntlm.WrongPassword)
	noDC        = "undecided " + string(ntlm.NoDomainController)
	noAnswer    = "undecided " + string(NoAnswer)
	forged      = "undecided " + string(BrokenAnswer)
	refusedAcct = "undecided " + string(ntlm.MachineAccount)
	usersDomain = "undecided " + string(UsersDomain)
	saturated   = "undecided " + string(ntlm.Saturated)
)

// expectLog checks that each text is in the log so often, and forgets the log.
func (f *fixture) expectLog(times int, texts ...string) {
	f.t.Helper()
	f.log.mu.Lock()
	defer f.log.mu.Unlock()
	for _, text := range texts {
		if n := strings.Count(f.log.b.String(), text); n != times {
			f.t.Errorf("%q is in the log %d times, not %d:\n%s", text, n, times, &f.log.b)
		}
	}
	f.log.b.Reset()
}

// counts adds up what happened at all domain controllers.
func (w *network) counts() (sum dctest.Count) {
	for _, dc := range w.dcs {
		c := dc.Counts()
		sum.Connections += c.Connections
		sum.SetUps += c.SetUps
		sum.Refusals += c.Refusals
		sum.Logons += c.Logons
		sum.BadPassword += c.BadPassword
	}
	return sum
}

// within returns a context that ends in time.
func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
