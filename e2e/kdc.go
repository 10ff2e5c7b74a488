//go:build unix

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The realms of a KDC. Each trusts the other's users.
const (
	Realm      = "EXAMPLE.TEST"
	OtherRealm = "OTHER.TEST"
)

// KDC is a real MIT Kerberos server with databases of its own. Its methods may
// be called concurrently.
type KDC struct {
	dir     string
	program string
	kadmin  string
	address string
	clock   []string // environment of the server, if its clock is wrong
	cmd     *exec.Cmd
	exited  chan struct{} // closed when cmd has ended
}

// StartKDC starts a Kerberos server on loopback for the length of the test. It
// knows the users and the services, each HTTP/NAME, with AES keys; see Keytab.
func StartKDC(t testing.TB, users []User, services ...string) *KDC {
	t.Helper()
	k := &KDC{dir: Dir(t), program: Need(t, "krb5kdc"), kadmin: Need(t, "kadmin.local")}
	Need(t, "kinit") // now rather than when all is set up
	for try := 1; ; try++ {
		if err := k.configure(); err != nil {
			t.Fatal(err)
		}
		if try == 1 {
			k.fill(t, users, services)
		}
		if k.launch(t) {
			return k
		}
		if try == 3 {
			t.Fatalf("krb5kdc did not start: %s", k.log())
		}
	}
}

// file returns the path of one of the server's own files.
func (k *KDC) file(name string) string { return filepath.Join(k.dir, name) }

// configure picks a port and writes the configuration of server and clients.
func (k *KDC) configure() error {
	var err error
	if k.address, err = freeAddress(); err != nil {
		return err
	}
	if err := os.WriteFile(k.file("krb5.conf"), []byte(clientConfig(k.address, Realm, OtherRealm)), 0o644); err != nil {
		return err
	}
	return os.WriteFile(k.file("kdc.conf"), []byte(k.serverConfig()), 0o644)
}

// clientConfig has clients ask one address for tickets of all realms, the first
// of which is that of services and of users who name none. It keeps them away
// from DNS, which would not know our names and would be slow to say so. RC4 is
// allowed to the clients, so that it is the helper that refuses it.
func clientConfig(address string, realms ...string) string {
	config := fmt.Sprintf(`[libdefaults]
	default_realm = %[1]s
	dns_lookup_kdc = false
	dns_lookup_realm = false
	dns_canonicalize_hostname = false
	rdns = false
	qualify_shortname = ""
	udp_preference_limit = 1
	allow_weak_crypto = true
	allow_rc4 = true
	permitted_enctypes = aes256-sha1 aes128-sha1 aes256-sha2 aes128-sha2 rc4
[domain_realm]
	localhost = %[1]s
	.example.test = %[1]s
[realms]
`, realms[0])
	for _, realm := range realms {
		config += fmt.Sprintf("\t%s = {\n\t\tkdc = %s\n\t}\n", realm, address)
	}
	return config
}

func (k *KDC) serverConfig() string {
	config := fmt.Sprintf("[kdcdefaults]\n\tkdc_listen = %[1]s\n\tkdc_tcp_listen = %[1]s\n[realms]\n", k.address)
	for _, realm := range []string{Realm, OtherRealm} {
		config += fmt.Sprintf(`	%[1]s = {
		database_name = %[2]s
		key_stash_file = %[2]s.stash
		supported_enctypes = aes256-sha1:normal aes128-sha1:normal
	}
`, realm, k.file(realm))
	}
	return config
}

// Env returns the environment of a program that is to use this server, with
// more variables added.
func (k *KDC) Env(more ...string) []string { return clientEnv(k.file("krb5.conf"), more...) }

// clientEnv returns the environment of a program that is to use a krb5.conf.
func clientEnv(config string, more ...string) []string {
	return append([]string{
		"KRB5_CONFIG=" + config,
		"PATH=" + os.Getenv("PATH"),
		"LC_ALL=C",
	}, more...)
}

// run runs a program of the server's side to its end.
func (k *KDC) run(t testing.TB, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = k.Env("KRB5_KDC_PROFILE=" + k.file("kdc.conf"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(program), strings.Join(args, " "), err, out)
	}
}

// fill makes the databases. The two principals for the trust of a realm must
// have the same key in both.
func (k *KDC) fill(t testing.TB, users []User, services []string) {
	t.Helper()
	util := Need(t, "kdb5_util")
	for _, realm := range []string{Realm, OtherRealm} {
		k.run(t, util, "-r", realm, "create", "-s", "-P", "only-for-this-test")
		for _, trust := range []string{Realm + "@" + OtherRealm, OtherRealm + "@" + Realm} {
			k.adminOf(t, realm, "addprinc -pw shared-by-both krbtgt/"+trust)
		}
	}
	for _, u := range users {
		k.AddUser(t, Realm, u)
	}
	for _, s := range services {
		k.Admin(t, "addprinc -randkey HTTP/"+s)
	}
}

// Admin runs a command of kadmin in the first realm.
func (k *KDC) Admin(t testing.TB, command string) {
	t.Helper()
	k.adminOf(t, Realm, command)
}

func (k *KDC) adminOf(t testing.TB, realm, command string) {
	t.Helper()
	k.run(t, k.kadmin, "-r", realm, "-q", command)
}

// AddUser adds a user to a realm. The name must not hold blanks or quotes.
func (k *KDC) AddUser(t testing.TB, realm string, u User) {
	t.Helper()
	k.adminOf(t, realm, fmt.Sprintf("addprinc -pw %s %s", u.Password, u.Name))
}

// Keytab adds the services' present keys to the keytab, which everybody can
// read, and which is made if it is not there.
func (k *KDC) Keytab(t testing.TB, path string, services ...string) {
	t.Helper()
	for _, s := range services {
		k.Admin(t, fmt.Sprintf("ktadd -norandkey -k %s HTTP/%s", path, s))
	}
	if len(services) == 0 {
		return
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
}

// Rotate gives the service new keys and adds them to the keytab, whose old
// keys stay. The KDC uses the new ones a moment before the file has them.
func (k *KDC) Rotate(t testing.TB, path, service string) {
	t.Helper()
	k.Admin(t, fmt.Sprintf("ktadd -k %s HTTP/%s", path, service))
}

// launch starts the server and reports whether it answers.
func (k *KDC) launch(t testing.TB) bool {
	t.Helper()
	log, err := os.Create(k.file("kdc.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	k.cmd = exec.Command(k.program, "-n", "-r", Realm, "-r", OtherRealm)
	k.cmd.Env = k.Env(append(k.clock, "KRB5_KDC_PROFILE="+k.file("kdc.conf"))...)
	k.cmd.Stdout, k.cmd.Stderr = log, log
	if err := k.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	k.exited = exited
	cmd := k.cmd
	go func() {
		_ = cmd.Wait() // it is killed
		close(exited)
	}()
	KillAtEnd(t, cmd.Process, exited)
	// It says so when it listens; the rest it would tell syslog.
	ready := func() bool { return strings.Contains(k.log(), "starting...") }
	Poll(startTimeout, func() bool { return ready() || ended(exited) })
	return ready() && !ended(exited)
}

func (k *KDC) log() string {
	text, err := os.ReadFile(k.file("kdc.log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// KillAtEnd kills a process that the test started when the test ends, and
// before the deadline of the test binary, which runs no clean-up.
func KillAtEnd(t testing.TB, p *os.Process, exited <-chan struct{}) {
	t.Helper()
	kill := func() {
		if !ended(exited) {
			_ = p.Kill() // it may have ended just now
		}
	}
	if timed, ok := t.(interface{ Deadline() (time.Time, bool) }); ok {
		if deadline, ok := timed.Deadline(); ok {
			timer := time.AfterFunc(time.Until(deadline)-spare, kill)
			t.Cleanup(func() { timer.Stop() })
		}
	}
	t.Cleanup(func() {
		kill()
		<-exited
	})
}

func ended(exited <-chan struct{}) bool {
	select {
	case <-exited:
		return true
	default:
		return false
	}
}
