//go:build unix

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A SID is the identity of a user, a group or a domain.
type SID struct {
	Text   string `json:"text"`   // S-1-5-21-…
	Base64 string `json:"base64"` // of the binary form, as in "acl … note group"
}

// identities are what the domain's names stand for.
type identities struct {
	Domain SID                 `json:"domain"`
	SIDs   map[string]SID      `json:"sids"`   // by name
	Groups map[string][]string `json:"groups"` // by name of the user
}

// An order is what testdata/domain.py is to make.
type order struct {
	Config        string            `json:"config"` // path of smb.conf
	Realm         string            `json:"realm"`
	Domain        string            `json:"domain"`
	Host          string            `json:"host"`
	Address       string            `json:"address"`
	Administrator string            `json:"administrator"` // the password
	Entries       []entry           `json:"entries"`       // in this order
	Keytabs       map[string]string `json:"keytabs"`       // path by principal
}

// An entry is a user or a group; the script knows where to put it.
type entry struct {
	Name       string            `json:"name"`
	Password   string            `json:"password,omitempty"`
	Attributes map[string]string `json:"attributes"`
	Members    []string          `json:"members,omitempty"`
}

// provision makes the domain's files, without any process that stays.
func (d *Domain) provision(t testing.TB) error {
	kdc := net.JoinHostPort(d.address, "88")
	if err := os.WriteFile(d.file("krb5.conf"), []byte(clientConfig(kdc, ADRealm)), 0o644); err != nil {
		return err
	}
	authority, err := newAuthority(d.CAFile())
	if err != nil {
		return err
	}
	if err := authority.server(d.file("dc"), ADHost, net.ParseIP(d.address)); err != nil {
		return err
	}
	for _, dir := range []string{"private", "state", "cache", "lock", "run", "rpc", "dns"} {
		if err := os.Mkdir(d.file(dir), 0o755); err != nil {
			return err
		}
	}
	if err := os.WriteFile(d.file("smb.conf"), []byte(d.config()), 0o644); err != nil {
		return err
	}
	o := d.order()
	if err := d.runScript(t, o); err != nil {
		return err
	}
	for _, keytab := range o.Keytabs {
		if err := os.Chmod(keytab, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// config returns the controller's smb.conf, by which nothing is outside its
// folder, and nothing but its address is bound. Nobody needs the data after a
// crash of the machine, so that it need not be synced to disk.
func (d *Domain) config() string {
	return fmt.Sprintf(`[global]
	netbios name = %[1]s
	workgroup = %[2]s
	realm = %[3]s
	server role = active directory domain controller
	server services = s3fs, rpc, ldap, cldap, kdc, winbindd, dns
	interfaces = %[4]s/8
	bind interfaces only = yes
	disable netbios = yes
	smb ports = 445
	private dir = %[5]s/private
	state directory = %[5]s/state
	cache directory = %[5]s/cache
	lock directory = %[5]s/lock
	pid directory = %[5]s/run
	ncalrpc dir = %[5]s/rpc
	binddns dir = %[5]s/dns
	log file = %[5]s/log
	ldb:nosync = yes
	load printers = no
	disable spoolss = yes
	printcap name = /dev/null
	tls keyfile = %[5]s/dc.key
	tls certfile = %[5]s/dc.pem
	tls cafile = %[5]s/ca.pem

[sysvol]
	path = %[5]s/state/sysvol

[netlogon]
	path = %[5]s/state/sysvol/scripts
`, adController, ADDomain, ADRealm, d.address, d.dir)
}

func (d *Domain) order() order {
	o := order{
		Config: d.file("smb.conf"), Realm: ADRealm, Domain: ADDomain, Host: adController, Address: d.address,
		Administrator: "Has-the-Keys-7",
		Keytabs:       make(map[string]string),
	}
	for _, a := range allAccounts() {
		o.Entries = append(o.Entries, a.entry())
		if a.Service != "" {
			o.Keytabs["HTTP/"+a.Service] = d.Keytab(a.Name)
		}
	}
	for _, g := range groups() {
		o.Entries = append(o.Entries, entry{
			Name:       g.name,
			Attributes: map[string]string{"objectClass": "group", "groupType": fmt.Sprint(g.groupType)},
			Members:    g.members,
		})
	}
	return o
}

func (a Account) entry() entry {
	attributes := map[string]string{"objectClass": "user", "userAccountControl": fmt.Sprint(normalAccount)}
	maps.Copy(attributes, a.attributes)
	return entry{Name: a.Name, Password: a.Password, Attributes: attributes}
}

// runScript has Samba's own libraries make the domain.
func (d *Domain) runScript(t testing.TB, o order) error {
	t.Helper()
	input, err := json.Marshal(o)
	if err != nil {
		return err
	}
	script, err := filepath.Abs("testdata/domain.py")
	if err != nil {
		return err
	}
	if _, err := os.Stat(script); err != nil { // for the go command's sake, as in StartInitiator
		return err
	}
	var out, log bytes.Buffer
	cmd := exec.Command(python, script)
	cmd.Env = d.serverEnv()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &log
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	KillAtEnd(t, cmd.Process, exited)
	err = cmd.Wait()
	close(exited)
	if err == nil {
		err = json.Unmarshal(out.Bytes(), &d.ids)
	}
	if err != nil {
		return fmt.Errorf("domain.py: %w\n%s", err, tail(log.String(), 20))
	}
	return nil
}

// serverEnv returns the environment of the server's side, which finds no
// krb5.conf but that of the domain.
func (d *Domain) serverEnv() []string {
	return clientEnv(d.file("private/krb5.conf"))
}
