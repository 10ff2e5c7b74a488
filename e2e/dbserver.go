//go:build unix

package e2e

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// The database and the account of the helper on a DBServer.
const (
	DBName     = "squid"
	DBUser     = "squidhelper"
	DBPassword = "the-helpers-own-password"
)

// DBServer is a real server of PostgreSQL or MariaDB on loopback and a Unix socket,
// with a folder of its own. It knows the database DBName, and DBUser who may read
// there.
type DBServer struct {
	dir     string
	owner   *syscall.Credential // nil: who we are
	address string              // HOST:PORT
	command []string
	client  []string // a command that runs SQL from standard input in DBName as an administrator
	ready   []string // a command that succeeds when the server answers

	cmd    *exec.Cmd
	exited chan struct{}
}

// newDBServer makes a folder for a server that runs as the user of that name where
// the test is root, which servers of databases refuse to be.
func newDBServer(t testing.TB, name string) *DBServer {
	t.Helper()
	s := &DBServer{dir: Dir(t)}
	if os.Getuid() != 0 {
		return s
	}
	u, err := user.Lookup(name)
	if err != nil {
		Lacking(t, "there is no user %s: %v", name, err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	s.owner = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	s.give(t, s.dir)
	return s
}

// give makes a file the server's.
func (s *DBServer) give(t testing.TB, path string) {
	t.Helper()
	if s.owner == nil {
		return
	}
	if err := os.Chown(path, int(s.owner.Uid), int(s.owner.Gid)); err != nil {
		t.Fatal(err)
	}
}

// file returns the path of one of the server's files.
func (s *DBServer) file(name string) string { return filepath.Join(s.dir, name) }

// CA returns the path of the authority of the server's certificate.
func (s *DBServer) CA() string { return s.file("ca.pem") }

// Host and Port say where the server listens.
func (s *DBServer) Host() string { host, _, _ := strings.Cut(s.address, ":"); return host }

// Port returns the port on loopback.
func (s *DBServer) Port() string { _, port, _ := strings.Cut(s.address, ":"); return port }

// certify makes the server's certificate, for localhost and 127.0.0.1.
func (s *DBServer) certify(t testing.TB) {
	t.Helper()
	ca, err := newAuthority(s.CA())
	if err != nil {
		t.Fatal(err)
	}
	if err := ca.server(s.file("server"), "localhost", loopback); err != nil {
		t.Fatal(err)
	}
	s.give(t, s.file("server.key"))
}

// do runs a command of the server's side to its end.
func (s *DBServer) do(t testing.TB, stdin string, words ...string) string {
	t.Helper()
	out, err := s.prepare(stdin, words...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(words[0]), err, out)
	}
	return string(out)
}

func (s *DBServer) prepare(stdin string, words ...string) *exec.Cmd {
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "HOME=" + s.dir, "TZ=UTC"}
	cmd.Dir = s.dir
	cmd.Stdin = strings.NewReader(stdin)
	if s.owner != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.owner}
	}
	return cmd
}

// SQL runs a script in DBName as an administrator.
func (s *DBServer) SQL(t testing.TB, script string) {
	t.Helper()
	s.do(t, script, s.client...)
}

// Hold runs a script and keeps its session until the function is called.
func (s *DBServer) Hold(t testing.TB, script string) (release func()) {
	t.Helper()
	cmd := s.prepare("", s.client...)
	cmd.Stdin = nil
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(in, script); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it is killed
		close(exited)
	}()
	KillAtEnd(t, cmd.Process, exited)
	return func() {
		_ = cmd.Process.Kill()
		<-exited
	}
}

// Start starts the server again after Stop, on the same port, and waits for it.
func (s *DBServer) Start(t testing.TB) {
	t.Helper()
	if !s.launch(t) {
		t.Fatalf("%s did not start: %s", filepath.Base(s.command[0]), s.log())
	}
}

// launch starts the server and reports whether it answers.
func (s *DBServer) launch(t testing.TB) bool {
	t.Helper()
	log, err := os.Create(s.file("server.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	s.cmd = s.prepare("", s.command...)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited, cmd := make(chan struct{}), s.cmd
	s.exited = exited
	go func() {
		_ = cmd.Wait() // it is stopped
		close(exited)
	}()
	KillAtEnd(t, cmd.Process, exited)
	t.Cleanup(func() { // before that, as PostgreSQL's own children would outlive it for a while
		if !ended(exited) {
			s.signal(syscall.SIGCONT)
			s.Stop(t)
		}
	})
	ready := func() bool { return s.prepare("", s.ready...).Run() == nil }
	Poll(startTimeout, func() bool { return ended(exited) || ready() })
	return !ended(exited) && ready()
}

func (s *DBServer) log() string {
	text, err := os.ReadFile(s.file("server.log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Stop stops the server at once: connections are closed.
func (s *DBServer) Stop(t testing.TB) {
	t.Helper()
	_ = s.cmd.Process.Signal(s.stopSignal()) // it may have ended just now
	if !Poll(stopTimeout, func() bool { return ended(s.exited) }) {
		t.Errorf("%s does not stop: %s", filepath.Base(s.command[0]), s.log())
	}
}

// stopSignal is for PostgreSQL the one that does not wait for clients.
func (s *DBServer) stopSignal() syscall.Signal {
	if strings.HasSuffix(s.command[0], "postgres") {
		return syscall.SIGINT
	}
	return syscall.SIGTERM
}

// Freeze stops the server from doing anything, while its connections stay open.
func (s *DBServer) Freeze() { s.signal(syscall.SIGSTOP) }

// Resume lets it go on.
func (s *DBServer) Resume() { s.signal(syscall.SIGCONT) }

// signal reaches the server and what it started.
func (s *DBServer) signal(signal syscall.Signal) {
	server := Process{PID: s.cmd.Process.Pid}
	_ = server.Kill(signal)
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		if p, ok := readProcess(dir); ok && p.Parent == server.PID {
			_ = p.Kill(signal)
		}
	}
}

// startOn starts the server on a free port.
func (s *DBServer) startOn(t testing.TB, command func() []string) {
	t.Helper()
	for try := 1; ; try++ {
		var err error
		if s.address, err = freeAddress(); err != nil {
			t.Fatal(err)
		}
		s.command = command()
		if s.launch(t) {
			return
		}
		if try == 3 {
			t.Fatalf("%s did not start: %s", filepath.Base(s.command[0]), s.log())
		}
	}
}

// String names the server.
func (s *DBServer) String() string {
	return fmt.Sprintf("%s on %s", filepath.Base(s.command[0]), s.address)
}
