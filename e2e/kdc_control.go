//go:build unix

package e2e

import (
	"os/exec"
	"regexp"
	"strconv"
	"syscall"
	"testing"
)

// Address returns HOST:PORT of the server.
func (k *KDC) Address() string { return k.address }

// Kill ends the server at once. Its address answers no longer.
func (k *KDC) Kill(t testing.TB) {
	t.Helper()
	if err := k.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-k.exited
}

// Restart starts the server again, at the same address.
func (k *KDC) Restart(t testing.TB) {
	t.Helper()
	if !ended(k.exited) {
		k.Kill(t)
	}
	if !k.launch(t) {
		t.Fatalf("krb5kdc did not start again: %s", k.log())
	}
}

// Freeze stops the server in the middle of what it does: connections to it are set
// up, and nothing answers.
func (k *KDC) Freeze(t testing.TB) { k.signal(t, syscall.SIGSTOP) }

// Resume lets it go on.
func (k *KDC) Resume(t testing.TB) { k.signal(t, syscall.SIGCONT) }

func (k *KDC) signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if err := k.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}

var failedAttempts = regexp.MustCompile(`Failed password attempts: (\d+)`)

// Failures returns how many wrong passwords the server has counted of a user of the
// first realm since the last right one.
func (k *KDC) Failures(t testing.TB, user string) int {
	t.Helper()
	cmd := exec.Command(k.kadmin, "-r", Realm, "-q", "getprinc "+user)
	cmd.Env = k.Env("KRB5_KDC_PROFILE=" + k.file("kdc.conf"))
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	found := failedAttempts.FindSubmatch(out)
	if found == nil {
		t.Fatalf("kadmin does not say how often %s failed: %s", user, out)
	}
	n, _ := strconv.Atoi(string(found[1])) // it is digits
	return n
}
