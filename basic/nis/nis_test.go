//go:build unix

package nis

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

// fakeMatch is a ypmatch that looks into a file, and logs what it is asked.
const fakeMatch = `#!/bin/sh
echo "$*" >>DIR/asked
[ "$1 $2 $3" = "-t -d example" ] || { echo "wrong options" >&2; exit 1; }
[ ! -e DIR/down ] || { echo "Can't match key $4 in map $5. Reason: Can't bind to server which serves this domain" >&2; exit 1; }
case $4 in
hang) read -r x <DIR/pipe ;;
old) echo "Can't match key $4 in map $5.  Reason: no such key in map." >&2; exit 0 ;;
number) line=$(grep "^bob:" DIR/map) ;;
odd) line=odd ;;
*) line=$(grep "^$4:" DIR/map) || { echo "Can't match key $4 in map $5. Reason: No such key in map" >&2; exit 1; } ;;
esac
echo "$line"
`

const des = "abNANd1rDfiNc" // of "secret"

func newMap(t *testing.T, lines string) (b *Backend, dir string) {
	dir = t.TempDir()
	for name, content := range map[string]string{"map": lines, "ypmatch": strings.ReplaceAll(fakeMatch, "DIR", dir)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return New(Config{Domain: "example", Map: "passwd.byname", Program: filepath.Join(dir, "ypmatch")}), dir
}

func expect(t *testing.T, b *Backend, user, password string, want basic.Reason) {
	t.Helper()
	v := b.Authenticate(t.Context(), user, protocol.Secret(password))
	if v.Reason() != want || (v.Outcome() == protocol.Accepted) != (want == basic.Authenticated) {
		t.Errorf("%s: got %v %s (%v), want %s", user, v.Outcome(), v.Reason(), v.Cause(), want)
	}
}

func TestAuthenticate(t *testing.T) {
	b, _ := newMap(t, "bob:"+des+":1:1:Bob:/:\ncarol:"+des+",..:2:1::/:\ndave:*:3:1::/:\nerin:x:4:1::/:\nfred:##fred:4:1::/:\nblank::4:1::/:\nhex:5ebe2294ecd0e0f08eab7690d2a6ee69:4:1::/:\n")
	for range 2 { // without a decoy, and with one
		expect(t, b, "eve", "secret", basic.NoSuchUser)
		expect(t, b, "dave", "secret", basic.UnusableHash)
		expect(t, b, "bob", "secret", basic.Authenticated)
	}
	expect(t, b, "bob", "guess", basic.WrongPassword)
	expect(t, b, "carol", "secret", basic.Authenticated)
	expect(t, b, "erin", "secret", basic.ServiceAccount)
	expect(t, b, "fred", "secret", basic.ServiceAccount)
	expect(t, b, "blank", "", basic.UnusableHash)
	expect(t, b, "hex", "secret", basic.UnusableHash)
	expect(t, b, "old", "secret", basic.NoSuchUser)
	expect(t, b, "number", "secret", basic.NoSuchUser)
	expect(t, b, "odd", "secret", basic.Unavailable)
}

// TestNames: what is no name is not asked for, and what looks like a program's words is.
func TestNames(t *testing.T) {
	b, dir := newMap(t, "bob:"+des+":1:1:Bob:/:\n")
	for _, user := range []string{"", "-k", "--help", "bob:x", "a\nb", strings.Repeat("x", 256)} {
		expect(t, b, user, "secret", basic.NoSuchUser)
	}
	if asked, err := os.ReadFile(filepath.Join(dir, "asked")); err == nil {
		t.Errorf("asked %q", asked)
	}
	expect(t, b, "$(id) ; x", "secret", basic.NoSuchUser)
	if asked, _ := os.ReadFile(filepath.Join(dir, "asked")); string(asked) != "-t -d example $(id) ; x passwd.byname\n" {
		t.Errorf("asked %q", asked)
	}
}

// TestDown: a NIS that is down never refuses anybody, whatever they call themselves.
func TestDown(t *testing.T) {
	b, dir := newMap(t, "bob:"+des+":1:1:Bob:/:\n")
	if err := os.WriteFile(filepath.Join(dir, "down"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{"bob", "x. No such key in map"} {
		v := b.Authenticate(t.Context(), user, "secret")
		if v.Outcome() != protocol.Unavailable || !strings.Contains(v.Cause().Error(), "bind to server") || strings.Contains(v.Cause().Error(), user) {
			t.Errorf("%q: %v %v", user, v.Outcome(), v.Cause())
		}
	}
	os.Remove(filepath.Join(dir, "down"))
	expect(t, b, "bob", "secret", basic.Authenticated)
}

func TestHangs(t *testing.T) {
	b, dir := newMap(t, "bob:"+des+":1:1:Bob:/:\n")
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if v := b.Authenticate(ctx, "hang", "secret"); v.Outcome() != protocol.Unavailable || v.Reason() != basic.Unavailable {
		t.Errorf("%v %s", v.Outcome(), v.Reason())
	}
	for range maxAsked {
		b.asked <- struct{}{}
	}
	if v := b.Authenticate(ctx, "bob", "secret"); v.Outcome() != protocol.Unavailable || v.Reason() != basic.Overloaded {
		t.Errorf("%v %s", v.Outcome(), v.Reason())
	}
	for range maxAsked {
		<-b.asked
	}
	expect(t, b, "bob", "secret", basic.Authenticated)
}

// TestNoProgram: it may be installed later.
func TestNoProgram(t *testing.T) {
	_, dir := newMap(t, "bob:"+des+":1:1:Bob:/:\n")
	t.Setenv("PATH", t.TempDir())
	b := New(Config{Domain: "example", Map: "passwd.byname"})
	v := b.Authenticate(t.Context(), "bob", "secret")
	if v.Outcome() != protocol.Unavailable || !strings.Contains(v.Cause().Error(), "yp-tools") {
		t.Errorf("%v %v", v.Outcome(), v.Cause())
	}
	t.Setenv("PATH", dir)
	expect(t, b, "bob", "secret", basic.Authenticated)
}
