//go:build unix

package metrics

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"squidauth/helper/state"
	"squidauth/protocol"
)

func accepted() protocol.Reply {
	return protocol.Accept(protocol.Identity{User: "alice"}, nil).With(protocol.Detail{Backend: "ldap", Reason: "authenticated"})
}

func refused() protocol.Reply {
	return protocol.Deny("no").With(protocol.Detail{Backend: "ldap", Reason: "wrong-password", Version: "ntlmv1"})
}

const golden = `# HELP squidauth_challenges_total Answers that ask the client for more.
# TYPE squidauth_challenges_total counter
squidauth_challenges_total{scheme="basic"} 2
# HELP squidauth_domain_controller_questions_total Questions to domain controllers, by how they ended.
# TYPE squidauth_domain_controller_questions_total counter
squidauth_domain_controller_questions_total{scheme="basic",controller="dc1.example.org",end="answered"} 4
squidauth_domain_controller_questions_total{scheme="basic",controller="dc2.example.org",end="failed"} 2
# HELP squidauth_login_duration_seconds Time from the request line to the final answer.
# TYPE squidauth_login_duration_seconds histogram
squidauth_login_duration_seconds_bucket{scheme="basic",backend="",le="0.0005"} 0
squidauth_login_duration_seconds_bucket{scheme="basic",backend="",le="0.001"} 0
squidauth_login_duration_seconds_bucket{scheme="basic",backend="",le="0.0025"} 0
squidauth_login_duration_seconds_bucket{scheme="basic",backend="",le="0.005"} 0
squidauth_login_duration_seconds_bucket{scheme="basic",backend="",le="0.01"} 0
squidauth_login_duration_seconds_bucket{scheme="basic",backend="",le="0.025"} 0
squidauth_login_duration_seconds_bucket{scheme="basic",backend="",le="0.05"} 0
squidauth_login_duration_seconds_bucket{scheme="basic",backend="",le="0.1"} 0
squidauth_login_duration_seconds_bucket{scheme="basic",backend="",le="0.25"} 0
squidauth_login_duration_seconds_bucket{scheme="basic",backend="",le="0.5"} 0
squidauth_login_duration_seconds_bucket{scheme="basic",backend="",le="1"} 0
squidauth_login_duration_seconds_bucket{scheme="basic",backend="",le="2.5"} 0
squidauth_login_duration_seconds_bucket{scheme="basic",backend="",le="5"} 0
squidauth_login_duration_seconds_bucket{scheme="basic",backend="",le="10"} 0
squidauth_login_duration_seconds_bucket{scheme="basic",backend="",le="25"} 0
squidauth_login_duration_seconds_bucket{scheme="basic",backend="",le="+Inf"} 2
squidauth_login_duration_seconds_bucket{scheme="basic",backend="ldap",le="0.0005"} 0
squidauth_login_duration_seconds_bucket{scheme="basic",backend="ldap",le="0.001"} 0
squidauth_login_duration_seconds_bucket{scheme="basic",backend="ldap",le="0.0025"} 2
squidauth_login_duration_seconds_bucket{scheme="basic",backend="ldap",le="0.005"} 2
squidauth_login_duration_seconds_bucket{scheme="basic",backend="ldap",le="0.01"} 2
squidauth_login_duration_seconds_bucket{scheme="basic",backend="ldap",le="0.025"} 2
squidauth_login_duration_seconds_bucket{scheme="basic",backend="ldap",le="0.05"} 2
squidauth_login_duration_seconds_bucket{scheme="basic",backend="ldap",le="0.1"} 2
squidauth_login_duration_seconds_bucket{scheme="basic",backend="ldap",le="0.25"} 2
squidauth_login_duration_seconds_bucket{scheme="basic",backend="ldap",le="0.5"} 4
squidauth_login_duration_seconds_bucket{scheme="basic",backend="ldap",le="1"} 4
squidauth_login_duration_seconds_bucket{scheme="basic",backend="ldap",le="2.5"} 4
squidauth_login_duration_seconds_bucket{scheme="basic",backend="ldap",le="5"} 4
squidauth_login_duration_seconds_bucket{scheme="basic",backend="ldap",le="10"} 4
squidauth_login_duration_seconds_bucket{scheme="basic",backend="ldap",le="25"} 4
squidauth_login_duration_seconds_bucket{scheme="basic",backend="ldap",le="+Inf"} 4
squidauth_login_duration_seconds_count{scheme="basic",backend=""} 2
squidauth_login_duration_seconds_count{scheme="basic",backend="ldap"} 4
squidauth_login_duration_seconds_sum{scheme="basic",backend=""} 60
squidauth_login_duration_seconds_sum{scheme="basic",backend="ldap"} 1.005
# HELP squidauth_logins_total Final answers to logins, by who decided what and why.
# TYPE squidauth_logins_total counter
squidauth_logins_total{scheme="basic",backend="",outcome="BH",reason="timeout"} 2
squidauth_logins_total{scheme="basic",backend="ldap",outcome="ERR",reason="wrong-password"} 2
squidauth_logins_total{scheme="basic",backend="ldap",outcome="OK",reason="authenticated"} 2
# HELP squidauth_processes_started_total Helper processes that were started.
# TYPE squidauth_processes_started_total counter
squidauth_processes_started_total{scheme="basic"} 2
# HELP squidauth_versions_total Logins in which the version of the client's protocol was seen.
# TYPE squidauth_versions_total counter
squidauth_versions_total{scheme="basic",version="ntlmv1",outcome="ERR"} 2
`

// TestFile has two processes, one after the other, and the file of both.
func TestFile(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		f := Open(dir, protocol.Basic, slog.New(slog.DiscardHandler))
		f.Observe(accepted(), 2500*time.Microsecond)
		f.Observe(refused(), 500*time.Millisecond)
		f.Observe(protocol.Broken("").With(protocol.Detail{Reason: "timeout"}), 30*time.Second)
		f.Observe(protocol.Challenge([]byte("x")), time.Second)
		f.ObserveServer("dc1.example.org", "answered")
		f.ObserveServer("dc1.example.org", "answered")
		f.ObserveServer("dc2.example.org", "failed")
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	path := filepath.Join(dir, "squidauth-basic.prom")
	got, err := os.ReadFile(path)
	if err != nil || string(got) != golden {
		t.Errorf("%v\n%s", err, got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o444 != 0o444 {
		t.Errorf("the collector cannot read it: %v, %v", info.Mode(), err)
	}
}

// TestManyServers: names of servers come from the DNS too, and must not make a file that
// nobody can read any more.
func TestManyServers(t *testing.T) {
	dir := t.TempDir()
	full := counters{}
	for n := range maxSeries - 1 {
		full[series(questions, "scheme", "ntlm", "controller", fmt.Sprintf("dc%d", n), "end", "failed")] = 1
	}
	if err := os.WriteFile(filepath.Join(dir, nameOf(protocol.NTLM)), full.format(), 0o600); err != nil {
		t.Fatal(err)
	}
	f := Open(dir, protocol.NTLM, slog.New(slog.DiscardHandler))
	for n := range 2 * maxServers {
		f.ObserveServer(fmt.Sprintf("dc%d", n), "failed")
	}
	f.ObserveServer("dc-of-another-name", "failed")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	all, err := f.read()
	if err != nil || len(all) != maxSeries || all[series(questions, "scheme", "ntlm", "controller", "dc0", "end", "failed")] != 2 {
		t.Errorf("%d series, %v", len(all), err)
	}
	many := new(tally)
	for n := range 3 * maxServers {
		many.asked(question{fmt.Sprintf("dc%d", n), "failed"})
	}
	if n := many.questions[question{"", "failed"}]; n != 2*maxServers || len(many.questions) != maxServers+1 {
		t.Errorf("%d questions went to more servers than are told apart, of which there are %d", n, len(many.questions))
	}
}

// TestPages: the pages and the dashboard speak of the metrics that there are, and of all.
func TestPages(t *testing.T) {
	for _, page := range []string{"monitoring.md", "grafana.json"} {
		content, err := os.ReadFile(filepath.Join("../../docs", page))
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, name := range regexp.MustCompile(`squidauth_[a-z_]+`).FindAllString(string(content), -1) {
			f := family(name)
			if _, known := descriptions[f]; !known {
				t.Errorf("%s has %s, which is not counted", page, name)
			}
			seen[f] = true
		}
		for name := range descriptions {
			if !seen[name] && (page == "monitoring.md" || name != challenges) {
				t.Errorf("%s lacks %s", page, name)
			}
		}
	}
}

// TestCrowd has many processes count at once; none of it is lost.
func TestCrowd(t *testing.T) {
	dir := t.TempDir()
	const files, each = 8, 50
	var crowd sync.WaitGroup
	for range files {
		crowd.Go(func() {
			f := Open(dir, protocol.NTLM, slog.New(slog.DiscardHandler))
			for range each {
				f.Observe(accepted(), time.Millisecond)
			}
			f.Close()
		})
	}
	crowd.Wait()
	content, err := os.ReadFile(filepath.Join(dir, "squidauth-ntlm.prom"))
	if err != nil {
		t.Fatal(err)
	}
	all, err := parse(content)
	key := series(logins, "scheme", "ntlm", "backend", "ldap", "outcome", "OK", "reason", "authenticated")
	if err != nil || all[key] != files*each {
		t.Errorf("%v, %v", all[key], err)
	}
}

// lockedBuffer can be written to and read at the same time.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// TestTrouble: as long as nothing can be written, that is said once and nothing is
// forgotten.
func TestTrouble(t *testing.T) {
	path := filepath.Join(t.TempDir(), "squidauth-basic.prom")
	for name, harm := range map[string]func() error{
		"nonsense":        func() error { return os.WriteFile(path, []byte("nonsense\n"), 0o644) },
		"somebody else's": func() error { return os.WriteFile(path, []byte("node_load1 0.5\n"), 0o644) },
		"a folder":        func() error { return os.Mkdir(path, 0o755) },
	} {
		t.Run(name, func(t *testing.T) {
			if err := errors.Join(os.RemoveAll(path), harm()); err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				var log lockedBuffer
				f := Open(filepath.Dir(path), protocol.Basic, slog.New(slog.NewTextHandler(&log, nil)))
				f.Observe(accepted(), time.Millisecond)
				time.Sleep(3 * writeEvery)
				synctest.Wait()
				if n := strings.Count(log.String(), "metrics cannot be written"); n != 1 {
					t.Errorf("said %d times: %s", n, log.String())
				}
				if err := os.RemoveAll(path); err != nil {
					t.Fatal(err)
				}
				time.Sleep(writeEvery)
				synctest.Wait()
				content, err := os.ReadFile(path)
				if err != nil || !strings.Contains(string(content), `reason="authenticated"} 1`) || !strings.Contains(log.String(), "written again") {
					t.Errorf("%v\n%s\n%s", err, content, log.String())
				}
				f.Close()
			})
		})
	}
}

// FuzzParse: what can be read is written alike.
// TestStuck: neither the first login nor the end waits for a lock that somebody keeps, or
// for a disk that hangs.
func TestStuck(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		lock, err := state.Take(t.Context(), dir, nameOf(protocol.Basic)+lockSuffix)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		f := Open(dir, protocol.Basic, slog.New(slog.DiscardHandler))
		if waited := time.Since(began); waited > 0 {
			t.Errorf("who opened it waited for %v", waited)
		}
		lock.Unlock()
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		hung := &File{stop: make(chan struct{}), stopped: make(chan struct{})}
		if err := hung.Close(); err == nil {
			t.Error("what was lost is not told")
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(golden))
	f.Add([]byte("squidauth_logins_total{} 1e3\n\n# x\n"))
	f.Add([]byte("squidauth_logins_total{a=\"b c\"} -1\n"))
	f.Add([]byte("squidauth_logins_total NaN"))
	f.Fuzz(func(t *testing.T, content []byte) {
		c, err := parse(content)
		if err != nil {
			return
		}
		again, err := parse(c.format())
		if err != nil || fmt.Sprint(again) != fmt.Sprint(c) {
			t.Errorf("%v, %v, %v", c, again, err)
		}
	})
}
