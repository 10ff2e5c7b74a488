//go:build unix

package e2e

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// The names of the domain, and of its controller, which are in the certificate.
const (
	ADRealm  = "AD.EXAMPLE.TEST"
	ADDomain = "EXAMPLE" // for NetBIOS and NTLM
	ADHost   = adController + adSuffix

	adController = "dc1"
	adSuffix     = ".ad.example.test"
)

// ActiveDirectory makes a Domain when the first test asks for it and keeps it
// for the others, as that takes seconds. Its methods may be called concurrently.
type ActiveDirectory struct {
	mu     sync.Mutex
	domain *Domain
	err    error
}

// Domain returns the domain, whose controller runs.
func (a *ActiveDirectory) Domain(t testing.TB) *Domain {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.domain == nil && a.err == nil {
		a.domain, a.err = newDomain(t, needDomain(t))
	}
	if a.err != nil {
		t.Fatal(a.err)
	}
	return a.domain
}

// Remove stops the controller and deletes the domain. Call it at the end of
// TestMain.
func (a *ActiveDirectory) Remove() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.domain == nil {
		return nil
	}
	return a.domain.remove()
}

// needDomain is Need for all that a Domain takes. It returns the path of Samba.
func needDomain(t testing.TB) string {
	t.Helper()
	for _, program := range []string{"smbd", "winbindd", "kinit"} {
		Need(t, program) // now rather than when all is set up
	}
	if err := exec.Command(python, "-c", "import samba.provision, samba.dckeytab").Run(); err != nil {
		Lacking(t, "python3-samba is not installed; run e2e/install.sh as root")
	}
	if _, err := os.Stat("/usr/share/samba/setup/provision.ldif"); err != nil {
		Lacking(t, "samba-ad-provision is not installed; run e2e/install.sh as root")
	}
	if err := exec.Command(Need(t, "unshare"), "--mount", "--pid", "--fork", "true").Run(); err != nil {
		Lacking(t, "a domain controller needs namespaces of its own, which root can have where they are allowed: %v", err)
	}
	return Need(t, "samba")
}

// Domain is an Active Directory domain with one controller, Samba's, on a
// loopback address of its own. Its accounts are those of Accounts. Its methods
// may be called concurrently, but a test that stops the controller must not run
// in parallel with others.
type Domain struct {
	program string
	dir     string
	address string
	claim   net.Listener // says that the address is taken
	ids     identities

	mu     sync.Mutex // guards what follows
	cmd    *exec.Cmd  // nil while the controller is stopped
	alive  io.Closer  // the controller ends when this is closed
	exited chan struct{}
}

// newDomain makes a domain and starts its controller.
func newDomain(t testing.TB, program string) (*Domain, error) {
	dir, err := newDir()
	if err != nil {
		return nil, err
	}
	d := &Domain{program: program, dir: dir}
	if _, err = writableDir(dir, proxyFolder); err != nil {
		return nil, err
	}
	if d.address, d.claim, err = claimAddress(); err == nil {
		err = d.provision(t)
	}
	if err == nil {
		err = d.start()
	}
	if err != nil {
		_ = d.remove() // what went wrong first matters
		return nil, err
	}
	return d, nil
}

// claimAddress finds a loopback address that no other process of ours has for a
// domain: the ports of a controller cannot be chosen. The claim is on a port that
// it does not use.
func claimAddress() (string, net.Listener, error) {
	const unused = "1"
	var err error
	for n := 1; n < 255; n++ {
		address := fmt.Sprintf("127.20.0.%d", n)
		var claim net.Listener
		if claim, err = net.Listen("tcp", net.JoinHostPort(address, unused)); err == nil {
			return address, claim, nil
		}
	}
	return "", nil, err
}

func (d *Domain) remove() error {
	err := d.stop()
	if d.claim != nil {
		d.claim.Close()
	}
	if err1 := os.RemoveAll(d.dir); err == nil {
		err = err1
	}
	return err
}

func (d *Domain) file(name string) string { return filepath.Join(d.dir, name) }

// Address returns the controller's IP address. It serves Kerberos, LDAP, LDAPS,
// SMB, RPC and DNS there, at their ordinary ports.
func (d *Domain) Address() string { return d.address }

// CAFile returns the path of the certificate that signed the controller's, in PEM.
func (d *Domain) CAFile() string { return d.file("ca.pem") }

const proxyFolder = "proxy"

// StateDir is a folder of our own for the locks of those who ask the domain as one
// machine: a controller knows one key for it at a time.
func (d *Domain) StateDir() string { return d.file("state") }

// ProxyStateDir is such a folder of user proxy's.
func (d *Domain) ProxyStateDir() string { return filepath.Join(d.dir, proxyFolder, "state") }

// Keytab returns the path of a keytab with all keys of an account, which
// everybody can read. Only accounts of services have one.
func (d *Domain) Keytab(account string) string { return d.file(account + ".keytab") }

// SID returns the SID of a user or a group of the domain.
func (d *Domain) SID(t testing.TB, name string) SID {
	t.Helper()
	sid, ok := d.ids.SIDs[name]
	if !ok {
		t.Fatalf("nobody in the domain is called %q", name)
	}
	return sid
}

// DomainSID returns the SID of the domain, with which those in it begin.
func (d *Domain) DomainSID() SID { return d.ids.Domain }

// Groups returns the SIDs of the groups that a user is in, directly or through
// other groups, as the directory computes them (attribute tokenGroups, [MS-ADTS]
// section 3.1.1.4.5.19).
func (d *Domain) Groups(t testing.TB, user string) []string {
	t.Helper()
	groups, ok := d.ids.Groups[user]
	if !ok {
		t.Fatalf("no user of the domain is called %q", user)
	}
	return groups
}

// Env returns the environment of a program that is to use the domain's KDC, with
// more variables added.
func (d *Domain) Env(more ...string) []string { return clientEnv(d.file("krb5.conf"), more...) }

// Login gets a ticket for the user by password, as kinit does, whose options may
// be given.
func (d *Domain) Login(t testing.TB, a Account, options ...string) *Tickets {
	t.Helper()
	return login(t, d.Env(), ADRealm, User{Name: a.Name, Password: a.Password}, options...)
}
