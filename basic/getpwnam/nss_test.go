//go:build unix

package getpwnam

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"squidauth/basic"
	"squidauth/protocol"
)

// fakeGetent is a program that knows two files, as getent knows them by way of the
// name service switch, and logs what it is asked. Numbers are users' numbers to it.
const fakeGetent = `#!/bin/sh
echo "$*" >>DIR/asked
case $2 in
down) exit 3 ;;
hang) read -r x <DIR/pipe ;;
odd) echo "odd:x" ; exit ;;
esac
line=$(grep "^$2:" DIR/nss.$1) || line=$(grep "^[^:]*:x:$2:" DIR/nss.$1) || exit 2
echo "$line"
`

// withNSS opens a backend whose files know alice only.
func withNSS(t *testing.T, passwdLines, shadowLines string) *fixture {
	f := newFixture(t)
	f.write("passwd", passwd("alice", "x"))
	f.write("shadow", "alice:"+des+":::::::\n")
	f.write("nss.passwd", passwdLines)
	f.write("nss.shadow", shadowLines)
	f.write("getent", strings.ReplaceAll(fakeGetent, "DIR", f.dir))
	if err := os.Chmod(f.path("getent"), 0o700); err != nil {
		t.Fatal(err)
	}
	f.open(Options{PasswdFile: f.path("passwd"), ShadowFile: f.path("shadow"), Getent: f.path("getent")})
	return f
}

func TestNSS(t *testing.T) {
	f := withNSS(t, passwd("alice", other, "bob", "x", "carol", des, "dave", "x", "sss", "*", "lock", "x", "end", "x"),
		"bob:"+des+":::::::\nalice:"+other+":::::::\nlock:!:::::::\nend:"+des+"::::::19999:\n")
	f.expect("alice", "secret", basic.Authenticated) // the files come first
	f.expect("alice", "otherpwd", basic.WrongPassword)
	if _, err := os.Stat(f.path("asked")); err == nil {
		t.Error("getent was asked for a user of the files")
	}
	f.expect("bob", "secret", basic.Authenticated)
	f.expect("bob", "guess", basic.WrongPassword)
	f.expect("carol", "secret", basic.Authenticated)
	f.expect("dave", "secret", basic.ServiceAccount) // no hash to be had
	f.expect("sss", "secret", basic.ServiceAccount)
	f.expect("lock", "secret", basic.AccountDisabled)
	f.expect("end", "secret", basic.AccountExpired)
	f.expect("eve", "secret", basic.NoSuchUser)
	f.expect("1002", "secret", basic.NoSuchUser) // bob's number
	f.expect("down", "secret", basic.Unavailable)
	f.expect("odd", "secret", basic.Unavailable)
}

// TestNSSNames: what is no name is not asked for.
func TestNSSNames(t *testing.T) {
	f := withNSS(t, passwd("bob", "x"), "")
	for _, user := range []string{"-s", "--help", "+", "bob:x", "bob\n", "", strings.Repeat("x", 256), "a\x7f"} {
		f.expect(user, "secret", basic.NoSuchUser)
	}
	if asked, err := os.ReadFile(f.path("asked")); err == nil {
		t.Errorf("asked for %q", asked)
	}
	f.expect(`DOM\john smith`, "secret", basic.NoSuchUser)
	if asked, _ := os.ReadFile(f.path("asked")); string(asked) != `passwd DOM\john smith`+"\n" {
		t.Errorf("asked for %q", asked)
	}
}

// TestNSSHangs: a source that does not answer holds up those who are asked for there,
// no longer than their deadline, and nobody else.
func TestNSSHangs(t *testing.T) {
	f := withNSS(t, passwd("bob", "x"), "bob:"+des+":::::::\n")
	if err := syscall.Mkfifo(f.path("pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	v := f.Authenticate(ctx, "hang", "secret")
	if v.Outcome() != protocol.Unavailable || v.Reason() != basic.Unavailable || !strings.Contains(v.Cause().Error(), "in time") {
		t.Errorf("%v %s %v", v.Outcome(), v.Reason(), v.Cause())
	}
	for range maxAsked {
		f.nss.asked <- struct{}{}
	}
	if v := f.Authenticate(ctx, "bob", "secret"); v.Reason() != basic.Overloaded {
		t.Errorf("%v %s", v.Outcome(), v.Reason())
	}
	f.expect("alice", "secret", basic.Authenticated)
	for range maxAsked {
		<-f.nss.asked
	}
	f.expect("bob", "secret", basic.Authenticated)
}

func TestNoGetent(t *testing.T) {
	f := linux(t, passwd("alice", "x"), "alice:"+des+":::::::\n", Options{Getent: filepath.Join(t.TempDir(), "getent")})
	f.expect("bob", "secret", basic.Unavailable)
	f.expect("alice", "secret", basic.Authenticated)
}

func TestNSSHasMore(t *testing.T) {
	for conf, want := range map[string]bool{
		"":                             false,
		"passwd: files systemd\n":      false,
		"passwd:         files sss\n":  true,
		" passwd : compat\n":           false,
		"group: files ldap\n":          false,
		"#passwd: ldap\npasswd: files": false,
		"passwd: files # ldap\n":       false,
		"passwd: files [NOTFOUND=return] winbind\n": true,
		"passwd: files [ldap\n":                     false,
		"passwd: extrausers files\r\n":              true,
		"passwd_compat: nis\n":                      false,
		"passwd: files\npasswd: ldap\n":             true,
	} {
		if got := NSSHasMore(conf); got != want {
			t.Errorf("%q: %v", conf, got)
		}
	}
}
