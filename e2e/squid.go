//go:build unix

package e2e

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Config says what is special about one Squid.
type Config struct {
	// Auth holds the auth_param lines, in the order of the schemes that Squid
	// offers. See Basic.
	Auth []string
	// Extra holds further squid.conf lines, put before http_access.
	Extra string
	// Env holds variables for Squid and its helpers, as NAME=value.
	Env []string
	// Secrets must not appear in any log. Those shorter than minSecret are not
	// looked for, since they could be part of something else.
	Secrets []string
}

// Squid is a running proxy. Its methods may be called concurrently.
type Squid struct {
	program string
	name    string // Squid's service name, which keeps its shared memory apart
	dir     string
	logs    string
	conf    string
	address string
	marker  string
	secrets []string

	cmd      *exec.Cmd
	exited   chan struct{} // closed after err is set
	err      error
	stopping atomic.Bool // Stop was called
}

// How long Squid may take to do what it does in a second on an idle machine.
const (
	startTimeout = 20 * time.Second
	stopTimeout  = 20 * time.Second
)

// Start starts Squid, waits until it accepts connections, and when the test
// ends checks and stops it.
func Start(t testing.TB, c Config) *Squid {
	t.Helper()
	Need(t, "curl") // now rather than when all is set up
	s := &Squid{program: Need(t, "squid"), dir: Dir(t), secrets: c.Secrets}
	s.name = fmt.Sprintf("e2e%dn%d", os.Getpid(), started.Add(1))
	s.marker = "SQUIDAUTH_E2E=" + s.name
	s.conf = filepath.Join(s.dir, "squid.conf")
	var err error
	if s.logs, err = writableDir(s.dir, "log"); err != nil {
		t.Fatal(err)
	}
	if err := writeErrorPages(s.dir); err != nil {
		t.Fatal(err)
	}
	s.killBeforeDeadline(t)
	t.Cleanup(func() { s.finish(t) })
	for try := 1; ; try++ {
		err := s.launch(c)
		if err == nil {
			return s
		}
		if try == 3 || !errors.Is(err, errPort) {
			s.stopping.Store(true) // it need not be said again that it is gone
			t.Fatal(err)
		}
	}
}

// started numbers the Squids of this process.
var started atomic.Int64

// errPort says that somebody else took the port before Squid could.
var errPort = errors.New("port in use")

// launch writes the configuration, starts Squid and waits for its port.
func (s *Squid) launch(c Config) error {
	var err error
	if s.address, err = freeAddress(); err != nil {
		return err
	}
	if err := os.WriteFile(s.conf, []byte(s.text(c)), 0o644); err != nil {
		return err
	}
	// A try before this one has complained of its port.
	if err := os.RemoveAll(filepath.Join(s.logs, "cache.log")); err != nil {
		return err
	}
	output, err := os.Create(filepath.Join(s.logs, "output"))
	if err != nil {
		return err
	}
	defer output.Close()
	// -N: no second process, no daemon. A Ctrl-C in the terminal reaches this
	// Squid too, as it stays in our process group.
	s.cmd = exec.Command(s.program, "-N", "-n", s.name, "-f", s.conf)
	// What helpers share by default lies in this Squid's own folder.
	s.cmd.Env = append(append(os.Environ(), s.marker, "XDG_RUNTIME_DIR="+s.logs), c.Env...)
	s.cmd.Dir = s.dir
	s.cmd.Stdout, s.cmd.Stderr = output, output
	s.exited = make(chan struct{})
	if err := s.cmd.Start(); err != nil {
		return err
	}
	go func() {
		s.err = s.cmd.Wait()
		close(s.exited)
	}()
	return s.awaitPort()
}

func (s *Squid) awaitPort() error {
	// Squid says so a moment before it does.
	ready := func() bool {
		return strings.Contains(s.CacheLog(), "Accepting HTTP Socket connections") && listening(s.address)
	}
	Poll(startTimeout, func() bool { return ready() || !s.Running() })
	switch {
	case s.Running() && ready():
		return nil
	case strings.Contains(s.CacheLog(), "Address already in use"):
		return errPort
	default:
		return fmt.Errorf("squid did not start: %s", s.output())
	}
}

// listening reports whether somebody accepts connections at an IPv4 address, as far as
// the kernel tells: trying it out would leave a line in Squid's log.
func listening(address string) bool {
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return true // not Linux
	}
	at := netip.MustParseAddrPort(address)
	ip := at.Addr().As4()
	const state = "0A" // TCP_LISTEN
	pattern := fmt.Sprintf(" %08X:%04X 00000000:0000 %s ", binary.NativeEndian.Uint32(ip[:]), at.Port(), state)
	return strings.Contains(string(table), pattern)
}

// freeAddress picks a loopback port below those that the kernel gives to
// outgoing connections. One of those could be taken while Squid, asked to
// reconfigure, has its own port closed for a moment.
func freeAddress() (string, error) {
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(10000))
		listener, err := net.Listen("tcp", address)
		if err == nil {
			return address, listener.Close()
		}
	}
	return "", errors.New("no free port between 20000 and 30000")
}

// Address returns where Squid accepts connections, as HOST:PORT.
func (s *Squid) Address() string { return s.address }

// Running reports whether the Squid process is there.
func (s *Squid) Running() bool {
	select {
	case <-s.exited:
		return false
	default:
		return true
	}
}

// Signal sends a signal to Squid itself.
func (s *Squid) Signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil {
		t.Errorf("squid: %v", err)
	}
}

// Control runs "squid -k action", for example "reconfigure", as an
// administrator does.
func (s *Squid) Control(t testing.TB, action string) {
	t.Helper()
	out, err := exec.Command(s.program, "-n", s.name, "-f", s.conf, "-k", action).CombinedOutput()
	if err != nil {
		t.Errorf("squid -k %s: %v\n%s", action, err, out)
	}
}

// Helpers returns the helper processes that Squid has started and that still
// run. One that is not the helper yet, but the copy of Squid that is about to
// become it, is left out: Squid's own handlers would get its signals.
func (s *Squid) Helpers() []Process {
	var helpers []Process
	for _, p := range marked(s.marker) {
		if p.Parent == s.cmd.Process.Pid && !strings.HasSuffix(p.Command, s.conf) {
			helpers = append(helpers, p)
		}
	}
	return helpers
}
