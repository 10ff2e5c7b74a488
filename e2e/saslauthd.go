//go:build unix

package e2e

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Saslauthd is Cyrus SASL's daemon, which asks a Dovecot by IMAP. Its methods are
// called by one goroutine.
type Saslauthd struct {
	daemon
	dir string
}

// StartSaslauthd starts a daemon with few processes for the length of the test.
func StartSaslauthd(t testing.TB, imap *Dovecot) *Saslauthd {
	t.Helper()
	s := &Saslauthd{dir: Dir(t)}
	host, port, _ := net.SplitHostPort(imap.Address("imap"))
	// -d keeps it in the foreground; -r has it join user and realm, as Dovecot has them.
	s.command = []string{Need(t, "saslauthd"), "-d", "-r", "-n", "3", "-m", s.dir, "-a", "rimap", "-O", host + "/" + port}
	s.env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	s.output = filepath.Join(s.dir, "output")
	s.Start(t)
	return s
}

// Start starts the daemon, for the first time or again.
func (s *Saslauthd) Start(t testing.TB) {
	t.Helper()
	_ = os.Remove(s.Socket()) // which one that was killed leaves behind
	s.launch(t)
	Eventually(t, startTimeout, "saslauthd listens", func() bool {
		conn, err := net.Dial("unix", s.Socket())
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// Socket returns the path of the daemon's socket.
func (s *Saslauthd) Socket() string { return filepath.Join(s.dir, "mux") }

// ConfigDir returns a folder for SASL_CONF_PATH in which the configurations of the
// applications name this daemon.
func (s *Saslauthd) ConfigDir(t testing.TB, applications ...string) string {
	t.Helper()
	dir := Dir(t)
	for _, name := range applications {
		text := "pwcheck_method: saslauthd\nsaslauthd_path: " + s.Socket() + "\n"
		if err := os.WriteFile(filepath.Join(dir, name+".conf"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Log returns what the daemon says it did, without the passwords in it.
func (s *Saslauthd) Log() string {
	text, _ := os.ReadFile(s.output)
	var log strings.Builder
	for line := range strings.Lines(string(text)) {
		if !strings.Contains(line, "LOGIN") {
			log.WriteString(line)
		}
	}
	return log.String()
}
