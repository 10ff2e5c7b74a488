//go:build unix

package e2e

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// RadiusConfig says what is special about one FreeRADIUS.
type RadiusConfig struct {
	Secret string // shared with the client, one word
	Users  []RadiusUser

	// SignsNothing leaves Message-Authenticator out of its answers, as FreeRADIUS does
	// before 3.2.5 if it is not told otherwise.
	SignsNothing bool
	// WantsSigned drops requests without Message-Authenticator.
	WantsSigned bool
}

// RadiusUser is a user of a FreeRADIUS.
type RadiusUser struct {
	User
	FilterID string // sent back; empty: none
	Class    string // likewise
	Message  string // Reply-Message, sent back
}

// Users of every FreeRADIUS: who is one of them gets an Access-Challenge, or waits.
const (
	RadiusChallenged = "challenged"
	RadiusSlow       = "slow" // then what one likes
)

// radiusSlowness is how many seconds an answer to RadiusSlow takes. It occupies one of
// the server's threads.
const radiusSlowness = 2

// FreeRADIUS is a RADIUS server on loopback. Its methods are called by one goroutine.
type FreeRADIUS struct {
	dir     string
	program string
	address string
	cmd     *exec.Cmd
	exited  chan struct{} // closed when cmd has ended
}

// StartFreeRADIUS starts a server for the length of the test.
func StartFreeRADIUS(t testing.TB, c RadiusConfig) *FreeRADIUS {
	t.Helper()
	r := &FreeRADIUS{dir: Dir(t), program: Need(t, "freeradius")}
	if err := os.WriteFile(r.file("users"), []byte(radiusUsers(c.Users)), 0o644); err != nil {
		t.Fatal(err)
	}
	for try := 1; ; try++ {
		var err error
		if r.address, err = freeUDPAddress(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(r.file("radiusd.conf"), []byte(r.config(c)), 0o644); err != nil {
			t.Fatal(err)
		}
		if r.launch(t) {
			return r
		}
		if try == 3 {
			t.Fatalf("freeradius did not start: %s", tail(r.Log(), 20))
		}
	}
}

// freeUDPAddress picks a loopback port as freeAddress does.
func freeUDPAddress() (string, error) {
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(10000))
		conn, err := net.ListenPacket("udp", address)
		if err == nil {
			return address, conn.Close()
		}
	}
	return "", fmt.Errorf("no free UDP port between 20000 and 30000")
}

func (r *FreeRADIUS) file(name string) string { return filepath.Join(r.dir, name) }

// Address returns host and port.
func (r *FreeRADIUS) Address() string { return r.address }

// Port returns the port.
func (r *FreeRADIUS) Port() string {
	_, port, _ := strings.Cut(r.address, ":")
	return port
}

// radiusUsers writes the users file. The server keeps sums of passwords, as its file has
// no way to write every byte.
func radiusUsers(users []RadiusUser) string {
	var file strings.Builder
	for _, u := range users {
		sum := md5.Sum([]byte(u.Password))
		fmt.Fprintf(&file, "%q MD5-Password := 0x%s\n", u.Name, hex.EncodeToString(sum[:]))
		var reply []string
		for _, a := range []struct{ name, value string }{{"Filter-Id", u.FilterID}, {"Class", u.Class}, {"Reply-Message", u.Message}} {
			if a.value != "" {
				reply = append(reply, fmt.Sprintf("\t%s += %q", a.name, a.value))
			}
		}
		file.WriteString(strings.Join(reply, ",\n") + "\n")
	}
	return file.String()
}

// config writes the whole configuration: one client, PAP, no delay of refusals.
func (r *FreeRADIUS) config(c RadiusConfig) string {
	sign := "Message-Authenticator := 0x00"
	if c.SignsNothing {
		sign = "Tmp-String-9 := none"
	}
	wants := "no"
	if c.WantsSigned {
		wants = "yes"
	}
	return fmt.Sprintf(`
prefix = /usr
libdir = /usr/lib/freeradius
raddbdir = %[1]s
logdir = %[1]s
run_dir = %[1]s
pidfile = %[1]s/pid
max_request_time = 30
cleanup_delay = 5
max_requests = 16384
proxy_requests = no
hostname_lookups = no
log {
	destination = files
	file = %[1]s/radius.log
	auth = yes
	auth_badpass = no
	auth_goodpass = no
}
security {
	max_attributes = 200
	reject_delay = 0
	status_server = yes
	allow_vulnerable_openssl = yes
}
thread pool {
	start_servers = 4
	max_servers = 4
	min_spare_servers = 1
	max_spare_servers = 4
}
client e2e {
	ipaddr = 127.0.0.1
	secret = %[2]s
	require_message_authenticator = %[3]s
}
modules {
	pap {
	}
	always handled {
		rcode = handled
	}
	always ok {
		rcode = ok
	}
	files {
		filename = ${raddbdir}/users
	}
	exec {
		wait = yes
		input_pairs = request
		timeout = 10
	}
}
server default {
	listen {
		type = auth
		ipaddr = 127.0.0.1
		port = %[4]s
	}
	authorize {
		if (&User-Name =~ /^%[5]s/) {
			update request {
				Tmp-String-0 := "%%{exec:/bin/sleep %[6]d}"
			}
		}
		if (&User-Name == "%[7]s") {
			update control {
				Response-Packet-Type := Access-Challenge
			}
			update reply {
				Reply-Message := "Enter the number on your token"
				State := 0x01
				%[8]s
			}
			handled
		}
		files
		pap
		Autz-Type Status-Server {
			update reply {
				%[8]s
			}
			ok
		}
	}
	authenticate {
		Auth-Type PAP {
			pap
		}
	}
	post-auth {
		update reply {
			%[8]s
		}
		Post-Auth-Type REJECT {
			update reply {
				%[8]s
			}
		}
	}
}
`, r.dir, c.Secret, wants, r.Port(), RadiusSlow, radiusSlowness, RadiusChallenged, sign)
}

// launch starts the server and reports whether it listens.
func (r *FreeRADIUS) launch(t testing.TB) bool {
	t.Helper()
	log, err := os.OpenFile(r.file("output"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	before := r.ready()
	r.cmd = exec.Command(r.program, "-f", "-d", r.dir, "-n", "radiusd")
	r.cmd.Stdout, r.cmd.Stderr = log, log
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	r.exited = exited
	cmd := r.cmd
	go func() {
		_ = cmd.Wait() // it is killed
		close(exited)
	}()
	KillAtEnd(t, cmd.Process, exited)
	Poll(startTimeout, func() bool { return r.ready() > before || ended(exited) })
	return r.ready() > before && !ended(exited)
}

// ready counts how often the server has said that it is.
func (r *FreeRADIUS) ready() int { return strings.Count(r.Log(), "Ready to process requests") }

// Log returns what the server said so far.
func (r *FreeRADIUS) Log() string {
	var all strings.Builder
	for _, name := range []string{"output", "radius.log"} {
		text, err := os.ReadFile(r.file(name))
		if err == nil {
			all.Write(text)
		}
	}
	return all.String()
}

// Logins returns how many Access-Requests of a user the server has decided.
func (r *FreeRADIUS) Logins(user string) int {
	n := 0
	for line := range strings.Lines(r.Log()) {
		if strings.Contains(line, "Login ") && strings.Contains(line, "["+user+"]") {
			n++
		}
	}
	return n
}

// Stop kills the server, so that its port is closed.
func (r *FreeRADIUS) Stop(t testing.TB) {
	t.Helper()
	r.signal(t, syscall.SIGKILL)
	<-r.exited
}

// Restart starts the server again, on its port.
func (r *FreeRADIUS) Restart(t testing.TB) {
	t.Helper()
	if !r.launch(t) {
		t.Fatalf("freeradius did not start again: %s", tail(r.Log(), 20))
	}
}

// Freeze has the server keep its port and do nothing; Thaw ends that.
func (r *FreeRADIUS) Freeze(t testing.TB) {
	t.Helper()
	r.signal(t, syscall.SIGSTOP)
}

// Thaw has a frozen server go on.
func (r *FreeRADIUS) Thaw(t testing.TB) {
	t.Helper()
	r.signal(t, syscall.SIGCONT)
}

func (r *FreeRADIUS) signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := r.cmd.Process.Signal(s); err != nil {
		t.Errorf("freeradius: %v", err)
	}
}
