//go:build unix

package e2e

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// SlapdConfig says what is special about one Slapd.
type SlapdConfig struct {
	// People are the users beside those of Slapd itself.
	People []Person
	// Referral is the URI of a part of another directory: that is where the server
	// refers to for what is below SlapdElsewhere. Empty: there is no such entry.
	Referral string
	// WantsCertificate has the server refuse TLS clients without a certificate of
	// its CA, see ClientCertificate.
	WantsCertificate bool
	// KDC, if there is one, has clients log in by GSSAPI too. The user of that name
	// is then SlapdService.
	KDC *KDC
	// WantsTLS has it refuse passwords that arrive in the clear by TCP.
	WantsTLS bool
	// Quiet has it log nothing, so that Binds and Searches find nothing. That is
	// for measuring.
	Quiet bool
}

// Slapd is OpenLDAP's server with a database of its own, on loopback: plain with
// StartTLS, TLS, and a Unix socket. See SlapdBase for what is in it. Its methods may
// be called concurrently.
type Slapd struct {
	config    SlapdConfig
	program   string
	dir       string
	authority *authority
	plain     string // address of ldap://
	secure    string // address of ldaps://

	mu     sync.Mutex // guards what follows
	starts int
	cmd    *exec.Cmd // nil while the server is stopped
	exited chan struct{}
}

// StartSlapd starts a server for the length of the test.
func StartSlapd(t testing.TB, c SlapdConfig) *Slapd {
	t.Helper()
	Need(t, "slapd")
	dir := Dir(t)
	if c.KDC != nil {
		needGSSAPI(t)
		c.KDC.Admin(t, "addprinc -randkey "+slapdPrincipal)
		c.KDC.Admin(t, "ktadd -k "+filepath.Join(dir, slapdKeytab)+" "+slapdPrincipal)
	}
	s, err := NewSlapd(dir, c)
	if err != nil {
		t.Fatal(err)
	}
	KillAtEnd(t, s.cmd.Process, s.exited)
	return s
}

// NewSlapd starts a server in a folder, for programs that are no tests. Close ends
// it; the folder is the caller's.
func NewSlapd(dir string, c SlapdConfig) (*Slapd, error) {
	s := &Slapd{config: c, dir: dir}
	var err error
	if s.program, err = slapdProgram(); err != nil {
		return nil, err
	}
	if s.authority, err = newAuthority(s.file("ca.pem")); err != nil {
		return nil, err
	}
	if err := s.authority.server(s.file("slapd"), SlapdHost, loopback); err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		if err = s.configure(); err == nil && try == 1 {
			err = s.fill()
		}
		if err == nil {
			err = s.start()
		}
		if err == nil || try == 3 {
			return s, err
		}
	}
}

// The server's name to Kerberos, and the file with its key.
const (
	slapdPrincipal = "ldap/" + SlapdHost
	slapdKeytab    = "keytab"
)

// needGSSAPI is Need for the server's part of it, which is no program.
func needGSSAPI(t testing.TB) {
	t.Helper()
	if found, _ := filepath.Glob("/usr/lib/*/sasl2/libgssapiv2.so"); found == nil {
		Lacking(t, "libsasl2-modules-gssapi-mit is not installed; run e2e/install.sh as root")
	}
}

// slapdProgram is where slapd is, which no user's PATH has.
func slapdProgram() (string, error) {
	path, err := exec.LookPath("slapd")
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/slapd")
	}
	return path, err
}

// Login returns the user with the right password.
func (p Person) Login() User { return User{Name: p.Name, Password: p.Password} }

// file returns the path of one of the server's own files.
func (s *Slapd) file(name string) string { return filepath.Join(s.dir, name) }

// URI returns where the server speaks LDAP without TLS, and understands StartTLS.
func (s *Slapd) URI() string { return "ldap://" + s.plain }

// Address returns host and port of URI.
func (s *Slapd) Address() string { return s.plain }

// SecureURI returns where the server speaks LDAP over TLS.
func (s *Slapd) SecureURI() string { return "ldaps://" + s.secure }

// SecureAddress returns host and port of SecureURI.
func (s *Slapd) SecureAddress() string { return s.secure }

// SocketURI returns where the server speaks LDAP over a Unix socket, which
// everybody may use.
func (s *Slapd) SocketURI() string { return "ldapi://" + url.PathEscape(s.file("ldapi")) }

// CAFile returns the path of the certificate that signed the server's, in PEM.
func (s *Slapd) CAFile() string { return s.file("ca.pem") }

// ClientCertificate makes a certificate of the server's CA for a client, and
// returns the paths of it and of its key, which everybody can read.
func (s *Slapd) ClientCertificate(t testing.TB, name string) (certificate, key string) {
	t.Helper()
	prefix := filepath.Join(Dir(t), "client")
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.authority.client(prefix, name); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(prefix+".key", 0o644); err != nil {
		t.Fatal(err)
	}
	return prefix + ".pem", prefix + ".key"
}

// Start starts the server, if it is stopped, at the same addresses.
func (s *Slapd) Start(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	KillAtEnd(t, s.cmd.Process, s.exited)
}

// Stop ends the server in peace: it closes its connections, and its addresses
// refuse others.
func (s *Slapd) Stop(t testing.TB) {
	t.Helper()
	s.end(t, syscall.SIGTERM)
}

// Kill ends the server in the middle of whatever it does.
func (s *Slapd) Kill(t testing.TB) {
	t.Helper()
	s.end(t, syscall.SIGKILL)
}

// Freeze stops the server's processor: the kernel takes connections and requests
// for it, which nobody answers before Resume.
func (s *Slapd) Freeze(t testing.TB) {
	t.Helper()
	s.signal(t, syscall.SIGSTOP)
}

// Resume ends Freeze.
func (s *Slapd) Resume(t testing.TB) {
	t.Helper()
	s.signal(t, syscall.SIGCONT)
}

func (s *Slapd) signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		t.Fatal("slapd does not run")
	}
	if err := s.cmd.Process.Signal(signal); err != nil {
		t.Fatalf("slapd: %v\n%s", err, tail(s.log(), 20))
	}
}

func (s *Slapd) end(t testing.TB, signal syscall.Signal) {
	t.Helper()
	s.signal(t, signal)
	Eventually(t, stopTimeout, "slapd ends", func() bool { return ended(s.exited) })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cmd = nil
}

// Close ends a server of NewSlapd.
func (s *Slapd) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd != nil {
		_ = s.cmd.Process.Kill() // it may have ended before
		<-s.exited
		s.cmd = nil
	}
}

// start launches the server and waits until it says that it listens.
func (s *Slapd) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd != nil {
		return nil
	}
	s.starts++
	log, err := os.Create(s.logFile(s.starts))
	if err != nil {
		return err
	}
	defer log.Close()
	// The mode is that of the socket. With -d it stays in the foreground.
	listeners := fmt.Sprintf("%s %s %s/????x-mod=0777", s.URI(), s.SecureURI(), s.SocketURI())
	cmd := exec.Command(s.program, "-f", s.file("slapd.conf"), "-h", listeners, "-d", s.verbosity())
	cmd.Env, cmd.Dir = []string{"LC_ALL=C"}, s.dir
	if s.config.KDC != nil {
		cmd.Env = s.config.KDC.Env("KRB5_KTNAME="+s.file(slapdKeytab), "KRB5RCACHETYPE=none")
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ends is its affair
		close(exited)
	}()
	s.cmd, s.exited = cmd, exited
	Poll(startTimeout, func() bool { return s.answers() || ended(exited) })
	if ended(exited) || !s.answers() {
		_ = cmd.Process.Kill() // it may have ended before
		<-exited
		s.cmd = nil
		return fmt.Errorf("slapd did not start: %s", tail(s.log(), 10))
	}
	return nil
}

// stats is slapd's log level of connections, operations and results.
const stats = "256"

func (s *Slapd) verbosity() string {
	if s.config.Quiet {
		return "0"
	}
	return stats
}

// answers reports whether the server listens at all its addresses.
func (s *Slapd) answers() bool {
	for _, address := range []string{"tcp " + s.plain, "tcp " + s.secure, "unix " + s.file("ldapi")} {
		network, address, _ := strings.Cut(address, " ")
		if !listens(network, address) {
			return false
		}
	}
	return true
}

func (s *Slapd) logFile(start int) string { return s.file(fmt.Sprint("log.", start)) }

// log returns what the server wrote since its last start.
func (s *Slapd) log() string { return readOr(s.logFile(s.starts)) }
