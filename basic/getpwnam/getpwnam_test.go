package getpwnam

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"squidauth/basic"
	"squidauth/protocol"
)

// des is the DES hash of "secret", and other that of "otherpwd".
const (
	des   = "abNANd1rDfiNc"
	other = "cdMloDKqQzQPg"
)

// today is day 20000 since 1970, at noon.
const today = 20000

// fixture is a pair of files with a clock and a log of its own.
type fixture struct {
	*Backend
	t    *testing.T
	dir  string
	log  bytes.Buffer
	time time.Time
}

func newFixture(t *testing.T) *fixture {
	return &fixture{t: t, dir: t.TempDir(), time: time.Unix(today*day+day/2, 0)}
}

func (f *fixture) path(name string) string { return filepath.Join(f.dir, name) }

// write replaces a file as careful programs do.
func (f *fixture) write(name, content string) {
	f.t.Helper()
	if err := os.WriteFile(f.path(name)+".new", []byte(content), 0o600); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Rename(f.path(name)+".new", f.path(name)); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) open(opt Options) {
	opt.Log = slog.New(slog.NewTextHandler(&f.log, nil))
	opt.Now = func() time.Time { return f.time }
	f.Backend = open(opt)
}

// linux opens the backend with these two files.
func linux(t *testing.T, passwd, shadow string, opt Options) *fixture {
	f := newFixture(t)
	f.write("passwd", passwd)
	f.write("shadow", shadow)
	opt.PasswdFile, opt.ShadowFile = f.path("passwd"), f.path("shadow")
	f.open(opt)
	return f
}

// login asks after the time that lets the backend look at its files.
func (f *fixture) login(user, password string) basic.Verdict {
	f.time = f.time.Add(time.Second)
	return f.Authenticate(f.t.Context(), user, protocol.Secret(password))
}

func (f *fixture) expect(user, password string, want basic.Reason) {
	f.t.Helper()
	v := f.login(user, password)
	if v.Reason() != want || (v.Outcome() == protocol.Accepted) != (want == basic.Authenticated) {
		f.t.Errorf("%s: got %v %s (%v), want %s", user, v.Outcome(), v.Reason(), v.Cause(), want)
	}
}

func (f *fixture) expectLog(want ...string) {
	f.t.Helper()
	for _, w := range want {
		if n := strings.Count(f.log.String(), w); n != 1 {
			f.t.Errorf("%q is in the log %d times:\n%s", w, n, &f.log)
		}
	}
	f.log.Reset()
}

// passwd returns lines of /etc/passwd, each of a name and a password field.
func passwd(users ...string) string {
	var b strings.Builder
	for i := 0; i < len(users); i += 2 {
		fmt.Fprintf(&b, "%s:%s:%d:100:Some Body,,,:/home:/bin/sh\n", users[i], users[i+1], 1000+i)
	}
	return b.String()
}

func TestAuthenticate(t *testing.T) {
	f := linux(t, "# comment\n\n"+passwd("alice", "x", "bob", "x", "old", des, "nobody", "*", "gone", "x", "both", other, "blank", "", "stopped", "*"),
		"alice:"+des+":19000:0:99999:7:::\nbob:!"+des+":19000:0:99999:7:::\nboth:"+des+":19000:0:99999:7:::\nleft:"+des+":19000:0:99999:7:::\nstopped:"+des+":19000::::::\nempty::::::::\n"+
			"alice:"+other+":19000:0:99999:7:::\n", Options{})
	f.expect("alice", "secret", basic.Authenticated)
	f.expect("alice", "otherpwd", basic.WrongPassword) // the first line counts
	f.expect("alice", "guess", basic.WrongPassword)
	f.expect("Alice", "secret", basic.NoSuchUser)
	f.expect("bob", "secret", basic.AccountDisabled)
	f.expect("nobody", "secret", basic.AccountDisabled)
	f.expect("stopped", "secret", basic.AccountDisabled)
	f.expect("gone", "secret", basic.UnusableHash)
	f.expect("blank", "", basic.UnusableHash)
	f.expect("blank", "x", basic.UnusableHash)
	f.expect("old", "secret", basic.Authenticated)
	f.expect("both", "secret", basic.Authenticated)
	f.expect("both", "otherpwd", basic.WrongPassword)
	f.expect("left", "secret", basic.NoSuchUser) // its line in passwd is gone
	f.expect("empty", "", basic.NoSuchUser)
	f.expect("", "", basic.NoSuchUser)
	f.expect("eve", "secret", basic.NoSuchUser)
	f.expectLog(`note="line skipped: the user has one further up"`)
}

func TestTexts(t *testing.T) {
	f := linux(t, passwd("alice", "x"), "alice:"+des+":19000:0:99999:7:::\n", Options{})
	h := &basic.Handler{Backend: f.Backend, PlainMessages: true}
	for line, want := range map[string]string{"alice secret": "OK", "alice x": "ERR Wrong password", "eve x": "ERR No such user"} {
		if got := string(protocol.AppendReply(nil, h.Handle(t.Context(), []byte(line)), protocol.Basic, protocol.Legacy)); got != want {
			t.Errorf("%s: %q", line, got)
		}
	}
}

// TestTerms: when a right password is not enough any more, to the day.
func TestTerms(t *testing.T) {
	must, dead, over, fine := basic.PasswordMustChange, basic.PasswordExpired, basic.AccountExpired, basic.Authenticated
	for fields, want := range map[string]basic.Reason{ // last change, least, most, warning, inactive, expiry
		"::::::":                  fine,
		"19990:0:99999:7:::":      fine,
		"0:0:99999:7:::":          must,
		"0::::::":                 must,
		"19990:0:10:7:::":         fine, // the tenth day
		"19990:0:9:7:::":          must,
		"19990:0:9:7:0::":         dead,
		"19990:0:9:7:1::":         must,
		"19990:0:5:7:5::":         must,
		"19990:0:5:7:4::":         dead,
		"19990:0:-1:7:4::":        fine,
		"19990:0:9:7:-1::":        must,
		":0:5:7:4::":              fine, // no ageing without a last change
		"-1:0:5:7:4::":            fine,
		"20100:0:5:7:4::":         fine, // changed in the future
		"19990:0:99999:7::20001:": fine,
		"19990:0:99999:7::20000:": over,
		"19990:0:99999:7::19999:": over,
		"19990:0:99999:7::0:":     over,
		"19990:0:99999:7::-1:":    fine,
		"0:0:5:7:4:19999:":        over,
	} {
		f := linux(t, passwd("alice", "x", "bob", "x"), "alice:"+des+":"+fields+"\nbob:"+des+":::::::\n", Options{})
		f.expect("alice", "secret", want)
		f.expect("alice", "guess", basic.WrongPassword)
		f.expect("bob", "secret", basic.Authenticated)
		f = linux(t, passwd("alice", "x"), "alice:"+des+":"+fields+"\n", Options{IgnoreExpiry: true})
		f.expect("alice", "secret", basic.Authenticated)
	}
}

// TestMidnight: terms end at 0:00 UTC.
func TestMidnight(t *testing.T) {
	f := linux(t, passwd("alice", "x"), fmt.Sprintf("alice:%s:19000:0:99999:7::%d:\n", des, today+1), Options{})
	f.time = time.Unix((today+1)*day-2, 0)
	f.expect("alice", "secret", basic.Authenticated)
	f.expect("alice", "secret", basic.AccountExpired)
}

// TestBrokenLines: a line that is not whole lets nobody in, and the file's others do.
func TestBrokenLines(t *testing.T) {
	for _, line := range []string{
		"alice:" + des,
		"alice:" + des + ":19000:0:99999:7::",  // cut off before the expiry
		"alice:" + des + ":19000:0:99999:7::1", // … and within
		"alice:" + des + ":19000:0:99999:7::::::",
		"alice:" + des + ":19000:0:99999:7::never:",
		"alice:" + des + ":19000:0:99999:7::99999999999999999999:",
		"+alice:" + des + ":19000:0:99999:7:::",
		"alice:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=:19000:0:99999:7:::",
		"alice:5ebe2294ecd0e0f08eab7690d2a6ee69:19000:0:99999:7:::",
		"alice:secret:19000:0:99999:7:::",
		strings.Repeat("#", 9000)[1:] + "x",
		"x" + strings.Repeat("y", 9000),
	} {
		f := linux(t, passwd("alice", "x", "bob", "x"), line+"\nbob:"+des+":::::::\n", Options{})
		if v := f.login("alice", "secret"); v.Outcome() != protocol.Denied {
			t.Errorf("%s: %v", line, v.Outcome())
		}
		f.expect("bob", "secret", basic.Authenticated)
		if log := f.log.String(); line[0] != '#' && strings.Count(log, "line=1") != 1 || strings.Contains(log, des) || strings.Contains(log, "secret") {
			t.Errorf("%.50s: log: %s", line, log)
		}
	}
}

// TestNoShadow: without a shadow file nobody can be told right from wrong, and nobody
// learns who exists.
func TestNoShadow(t *testing.T) {
	f := linux(t, passwd("alice", "x"), "alice:"+des+":::::::\n", Options{})
	os.Remove(f.path("shadow"))
	f.open(Options{PasswdFile: f.path("passwd"), ShadowFile: f.path("shadow")})
	for range 2 {
		f.expect("alice", "secret", basic.NoPasswordFile)
		f.expect("eve", "secret", basic.NoPasswordFile)
	}
	f.write("shadow", "alice:"+des+":::::::\n")
	f.expect("alice", "secret", basic.Authenticated)
	os.Remove(f.path("passwd"))
	f.expect("alice", "secret", basic.Authenticated) // what was read before
	f.open(Options{PasswdFile: f.path("passwd"), ShadowFile: f.path("shadow")})
	f.expect("alice", "secret", basic.NoPasswordFile)
}

// TestNoShadowNeeded: all hashes are in passwd.
func TestNoShadowNeeded(t *testing.T) {
	f := newFixture(t)
	f.write("passwd", passwd("alice", des))
	f.open(Options{PasswdFile: f.path("passwd"), ShadowFile: f.path("shadow")})
	f.expect("alice", "secret", basic.Authenticated)
	f.expect("eve", "secret", basic.NoSuchUser)
}

func TestMaster(t *testing.T) {
	f := newFixture(t)
	line := func(name, hash, change, expire string) string {
		return name + ":" + hash + ":1001:1001:default:" + change + ":" + expire + ":Some Body:/home/x:/bin/sh\n"
	}
	now := fmt.Sprint(f.time.Unix())
	future := fmt.Sprint(f.time.Add(time.Hour).Unix())
	f.write("master.passwd", "# $FreeBSD$\n"+line("alice", des, "0", "0")+line("bob", "*LOCKED*"+des, "0", "0")+line("carol", des, now, "0")+
		line("dave", des, "0", now)+line("erin", des, future, future)+line("frank", "*", "0", "0")+line("grace", des, "", "")+line("heidi", des, "x", "0"))
	f.open(Options{MasterFile: f.path("master.passwd")})
	for user, want := range map[string]basic.Reason{
		"alice": basic.Authenticated, "bob": basic.AccountDisabled, "carol": basic.PasswordMustChange, "dave": basic.AccountExpired,
		"erin": basic.Authenticated, "frank": basic.AccountDisabled, "grace": basic.Authenticated, "heidi": basic.NoSuchUser, "eve": basic.NoSuchUser,
	} {
		f.expect(user, "secret", want)
	}
	f.expectLog("a field that should be a number is none")
}

// TestReload: users come and go, and what is no file of accounts changes nothing.
func TestReload(t *testing.T) {
	f := linux(t, passwd("alice", "x"), "alice:"+des+":::::::\n", Options{})
	f.write("passwd", passwd("alice", "x", "bob", "x"))
	f.write("shadow", "alice:"+other+":::::::\nbob:"+des+":::::::\n")
	if err := f.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.expect("bob", "secret", basic.Authenticated)
	f.expect("alice", "secret", basic.WrongPassword)
	f.write("shadow", "")
	if err := f.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("got %v", err)
	}
	f.expect("bob", "secret", basic.Authenticated)
	f.expectLog("going on with what was read before")
}

// TestVersion: what is remembered of logins must not outlive the files that it is of.
func TestVersion(t *testing.T) {
	f := linux(t, passwd("alice", "x"), "alice:"+des+":::::::\n", Options{})
	v := onlyFiles{f.Backend}
	seen := map[string]bool{v.Version(t.Context()): true}
	for name, content := range map[string]string{"shadow": "alice:" + other + ":::::::\n", "passwd": passwd("alice", "x", "bob", "*")} {
		f.write(name, content)
		f.time = f.time.Add(time.Second)
		seen[v.Version(t.Context())] = true
	}
	if len(seen) != 3 || seen[""] {
		t.Errorf("%d versions", len(seen))
	}
	opt := Options{PasswdFile: f.path("passwd"), ShadowFile: f.path("shadow"), Log: slog.New(slog.DiscardHandler)}
	if _, ok := Open(opt).(basic.Versioned); !ok {
		t.Error("files have no version")
	}
	opt.Getent = f.path("getent")
	if _, ok := Open(opt).(basic.Versioned); ok {
		t.Error("the name service switch has a version")
	}
}

// TestDecoys: a user who cannot log in costs one of the file's hashes, and no password
// of anybody lets somebody else in.
func TestDecoys(t *testing.T) {
	f := linux(t, passwd("alice", "x", "bob", "*"), "alice:"+des+":::::::\n", Options{})
	for _, user := range []string{"bob", "eve", ""} {
		found, fail := f.files.find(t.Context(), user)
		if fail != nil || !found.hash.Verify([]byte("secret")) {
			t.Errorf("%q has no decoy", user)
		}
		if v := f.login(user, "secret"); v.Outcome() != protocol.Denied {
			t.Errorf("%q: %v", user, v.Outcome())
		}
	}
}

func TestOverloaded(t *testing.T) {
	f := linux(t, passwd("alice", "x"), "alice:"+des+":::::::\n", Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if v := f.Authenticate(ctx, "alice", "secret"); v.Outcome() != protocol.Unavailable || v.Reason() != basic.Overloaded {
		t.Errorf("%v %s", v.Outcome(), v.Reason())
	}
}
