//go:build unix

package e2e

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// CryptUser returns a user whose hash crypt(3) of the system made with that setting,
// such as "ab" or "$6$salt$".
func CryptUser(t testing.TB, name, password, setting string) User {
	t.Helper()
	cmd := exec.Command(Need(t, "perl"), "-e", `local $/; my ($password, $setting) = split /\n/, <STDIN>; print crypt($password, $setting)`)
	cmd.Stdin = strings.NewReader(password + "\n" + setting)
	hash, err := cmd.Output()
	if err != nil || len(hash) <= len(setting) {
		t.Fatalf("crypt with %s: %q, %v", setting, hash, err)
	}
	return User{name, password, string(hash)}
}

// A UnixAccount is a user of the system, by the lines in passwd and shadow.
type UnixAccount struct {
	User
	// Terms is what follows the hash in shadow; empty means the defaults.
	Terms string
	// Unlisted has no line in passwd.
	Unlisted bool
}

// PasswdLines returns the lines of /etc/passwd.
func PasswdLines(accounts []UnixAccount) string {
	var b strings.Builder
	for i, a := range accounts {
		if !a.Unlisted {
			fmt.Fprintf(&b, "%s:x:%d:100:%s,,,:/nonexistent:/usr/sbin/nologin\n", a.Name, 20000+i, a.Name)
		}
	}
	return b.String()
}

// ShadowLines returns the lines of /etc/shadow.
func ShadowLines(accounts []UnixAccount) string {
	var b strings.Builder
	for _, a := range accounts {
		terms := a.Terms
		if terms == "" {
			terms = "19000:0:99999:7:::"
		}
		fmt.Fprintf(&b, "%s:%s:%s\n", a.Name, a.Hash, terms)
	}
	return b.String()
}
