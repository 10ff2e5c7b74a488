//go:build unix

package e2e

import (
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
)

// The mail protocols of a Dovecot, as its URIs spell them: those with an s have TLS
// from the first byte, the others STARTTLS.
var mailProtocols = []string{"pop3", "pop3s", "imap", "imaps", "smtp", "smtps"}

// Dovecot is a real mail server on loopback with users of its own. Its methods are
// called by one goroutine.
type Dovecot struct {
	daemon
	dir     string
	address map[string]string // host:port by protocol
}

// mailHost is the name that the server's certificate is for, besides its address.
const mailHost = "mail.e2e.test"

// StartDovecot starts a mail server for the length of the test. Settings are further
// lines of its configuration.
func StartDovecot(t testing.TB, users []User, settings ...string) *Dovecot {
	t.Helper()
	if os.Getuid() != 0 {
		Lacking(t, "only root can start dovecot")
	}
	d := &Dovecot{dir: Dir(t), address: make(map[string]string)}
	for _, plugin := range []string{"pop3-login", "imap-login", "submission-login"} {
		if _, err := os.Stat("/usr/lib/dovecot/" + plugin); err != nil {
			Lacking(t, "dovecot's %s is not installed; run e2e/install.sh as root", plugin)
		}
	}
	d.command = []string{Need(t, "dovecot"), "-F", "-c", d.file("dovecot.conf")}
	d.env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	d.output = d.file("output")
	ca, err := newAuthority(d.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	if err := ca.server(d.file("server"), mailHost, loopback); err != nil {
		t.Fatal(err)
	}
	d.writeUsers(t, users)
	mail, err := writableDir(d.dir, "mail")
	if err != nil {
		t.Fatal(err)
	}
	for try := 1; ; try++ {
		if err := d.configure(mail, settings); err != nil {
			t.Fatal(err)
		}
		d.launch(t)
		if Poll(startTimeout, func() bool { return d.listens() || ended(d.exited) }) && !ended(d.exited) {
			return d
		}
		if try == 3 {
			t.Fatalf("dovecot did not start: %s", d.Log())
		}
		*d.killed = true
	}
}

// Start starts a stopped server again, with the same addresses.
func (d *Dovecot) Start(t testing.TB) {
	t.Helper()
	d.launch(t)
	Eventually(t, startTimeout, "dovecot is back", func() bool {
		if ended(d.exited) { // somebody had its ports, or the one before was not quite gone
			*d.killed = true
			d.launch(t)
		}
		return d.listens()
	})
}

// URI returns the address of a protocol, such as imaps.
func (d *Dovecot) URI(protocol string) string { return protocol + "://" + d.address[protocol] }

// Address returns host and port of a protocol.
func (d *Dovecot) Address(protocol string) string { return d.address[protocol] }

// CAFile returns the certificate that the server's leads to.
func (d *Dovecot) CAFile() string { return d.file("ca.pem") }

func (d *Dovecot) file(name string) string { return filepath.Join(d.dir, name) }

// Log returns what the server wrote to its log.
func (d *Dovecot) Log() string {
	log, _ := os.ReadFile(d.file("log"))
	output, _ := os.ReadFile(d.output)
	return string(output) + string(log)
}

func (d *Dovecot) listens() bool {
	for _, address := range d.address {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return false
		}
		conn.Close()
	}
	return true
}

// writeUsers writes the passwords. They must not hold a colon.
func (d *Dovecot) writeUsers(t testing.TB, users []User) {
	t.Helper()
	var file strings.Builder
	for _, u := range users {
		fmt.Fprintf(&file, "%s:{PLAIN}%s\n", u.Name, u.Password)
	}
	if err := os.WriteFile(d.file("users"), []byte(file.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// configure picks ports and writes the configuration. Without the penalty a wrong
// password makes nobody else wait; the submission server has nowhere to pass mail on,
// and finds that out when there is some.
func (d *Dovecot) configure(mail string, settings []string) error {
	for _, protocol := range mailProtocols {
		var err error
		if d.address[protocol], err = freeAddress(); err != nil {
			return err
		}
	}
	u, err := user.Lookup(squidUser)
	if err != nil {
		return err
	}
	config := fmt.Sprintf(`
base_dir = %[1]s/run
state_dir = %[1]s/state
log_path = %[1]s/log
listen = 127.0.0.1
protocols = pop3 imap submission
ssl = yes
ssl_cert = <%[1]s/server.pem
ssl_key = <%[1]s/server.key
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_chars =
auth_failure_delay = 0
mail_location = maildir:%[2]s/%%u
first_valid_uid = 1
passdb {
  driver = passwd-file
  args = scheme=PLAIN %[1]s/users
}
userdb {
  driver = static
  args = uid=%[3]s gid=%[4]s home=%[2]s/%%u
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
hostname = %[5]s
submission_relay_host = 127.0.0.1
submission_relay_port = 9
`, d.dir, mail, u.Uid, u.Gid, mailHost)
	for service, names := range map[string][2]string{
		"pop3-login": {"pop3", "pop3"}, "imap-login": {"imap", "imap"}, "submission-login": {"smtp", "submission"},
	} {
		config += fmt.Sprintf("service %s {\n", service)
		for _, tls := range []string{"", "s"} {
			_, port, _ := net.SplitHostPort(d.address[names[0]+tls])
			config += fmt.Sprintf("  inet_listener %s%s {\n    port = %s\n", names[1], tls, port)
			if tls != "" {
				config += "    ssl = yes\n"
			}
			config += "  }\n"
		}
		config += "}\n"
	}
	config += strings.Join(settings, "\n") + "\n"
	return os.WriteFile(d.file("dovecot.conf"), []byte(config), 0o644)
}
