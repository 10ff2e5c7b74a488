//go:build unix

package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"
)

// hide runs a program for which the folders that Samba has outside its
// configuration are empty: its libraries look for winbindd's socket in a place
// that they were compiled with, and its programs open a log file there before
// they read where it should be.
const hide = `mount -t tmpfs -o mode=0755 tmpfs /run &&
mount -t tmpfs tmpfs /var/log/samba &&
mkdir /run/samba && exec "$@"`

// resolve runs a program that asks a domain's name server, and no other.
const resolve = `mount --bind "$0" /etc/resolv.conf && exec "$@"`

// Resolving returns the command line that runs another, as root, on a machine whose
// name server is the controller.
func (d *Domain) Resolving(t testing.TB, command ...string) []string {
	t.Helper()
	conf := d.file("resolv.conf")
	if err := os.WriteFile(conf, []byte("nameserver "+d.address+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return append([]string{"unshare", "--mount", "/bin/sh", "-c", resolve, conf}, command...)
}

// Start starts the controller, if it is stopped, and waits until it answers.
func (d *Domain) Start(t testing.TB) {
	t.Helper()
	if err := d.start(); err != nil {
		t.Fatal(err)
	}
}

// Stop ends the controller: it closes all connections, and its address answers
// no longer. It is started again when the test ends, if not before.
func (d *Domain) Stop(t testing.TB) {
	t.Helper()
	t.Cleanup(func() { d.Start(t) })
	if err := d.stop(); err != nil {
		t.Fatal(err)
	}
}

// Restart stops the controller and starts it again.
func (d *Domain) Restart(t testing.TB) {
	t.Helper()
	d.Stop(t)
	d.Start(t)
}

// start launches Samba as the first process of namespaces of its own, with
// which all its processes end. It ends by itself at the end of its input, so
// that none outlives the test binary, however that dies.
func (d *Domain) start() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cmd != nil {
		return nil
	}
	log, err := os.Create(d.file("output"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command("unshare", "--mount", "--pid", "--mount-proc", "--fork", "--kill-child",
		"/bin/sh", "-c", hide, "sh", d.program, "--configfile", d.file("smb.conf"), "--interactive")
	cmd.Env, cmd.Dir = d.serverEnv(), d.dir
	cmd.Stdout, cmd.Stderr = log, log
	input, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	d.cmd, d.alive, d.exited = cmd, input, exited
	go func() {
		_ = cmd.Wait() // how it ends is its affair
		close(exited)
	}()
	Poll(startTimeout, func() bool { return d.answers() || ended(exited) })
	if ended(exited) || !d.answers() {
		_ = d.end() // what it wrote says more
		return fmt.Errorf("samba did not start: %s", d.output())
	}
	return nil
}

// answers reports whether the controller listens at the ports of Kerberos, RPC,
// LDAP, SMB and LDAPS.
func (d *Domain) answers() bool {
	for _, port := range []string{"88", "135", "389", "445", "636"} {
		connection, err := net.DialTimeout("tcp", net.JoinHostPort(d.address, port), time.Second)
		if err != nil {
			return false
		}
		connection.Close()
	}
	return true
}

// stop does nothing if the controller is stopped.
func (d *Domain) stop() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cmd == nil {
		return nil
	}
	return d.end()
}

// end ends the controller, and reports whether it ran until now, and obeyed.
func (d *Domain) end() error {
	defer func() { d.cmd = nil }()
	if ended(d.exited) {
		return fmt.Errorf("samba ended by itself: %s", d.output())
	}
	d.alive.Close()
	select {
	case <-d.exited:
		return nil
	case <-time.After(stopTimeout):
		_ = d.cmd.Process.Kill() // and with it all others
		<-d.exited
		return fmt.Errorf("samba does not stop within %v: %s", stopTimeout, d.output())
	}
}

// output returns the end of what Samba wrote.
func (d *Domain) output() string {
	text, err := os.ReadFile(d.file("output"))
	if err != nil {
		return err.Error()
	}
	return tail(string(text), 20)
}
