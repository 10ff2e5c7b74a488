//go:build unix

package e2e_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"squidauth/e2e"
	"squidauth/negotiate/kerberos/initiator"
	"squidauth/ntlm/netlogon"
)

// administrator may do anything in the domain; the password is that of ad_provision.go.
var administrator = e2e.Account{Name: "Administrator", Password: "Has-the-Keys-7"}

// member is a machine that joins the domain, and its files.
type member struct {
	ad             *e2e.Domain
	host, account  string
	secret, keytab string
}

// members counts them: each has a name of its own, as the domain outlives a test.
var members atomic.Int32

func newMember(t *testing.T, ad *e2e.Domain) *member {
	t.Helper()
	dir, name := e2e.Dir(t), fmt.Sprintf("member%d", members.Add(1))
	return &member{ad, name + ".ad.example.test", strings.ToUpper(name) + "$", filepath.Join(dir, "secret"), filepath.Join(dir, "keytab")}
}

// anew is the same machine without its files.
func (m *member) anew(t *testing.T) *member {
	t.Helper()
	again, dir := *m, e2e.Dir(t)
	again.secret, again.keytab = filepath.Join(dir, "secret"), filepath.Join(dir, "keytab")
	return &again
}

// computer is the account's name without $.
func (m *member) computer() string { return strings.TrimSuffix(m.account, "$") }

// join runs that command of our helper, with what is typed and more arguments.
func (m *member) join(t *testing.T, env []string, input string, args ...string) run {
	t.Helper()
	return m.run(t, env, input, append([]string{"join", "--realm", strings.ToLower(e2e.ADRealm), "--dc", m.ad.Address(),
		"--host", m.host, "--secret", m.secret, "--keytab", m.keytab}, args...)...)
}

// joinAs joins with a user's password, over LDAPS.
func (m *member) joinAs(t *testing.T, who e2e.Account, args ...string) run {
	t.Helper()
	return m.join(t, m.ad.Env(), who.Password+"\n", append([]string{"--admin", who.Name, "--ldap-ca", m.ad.CAFile()}, args...)...)
}

func (m *member) rotate(t *testing.T, args ...string) run {
	t.Helper()
	return m.run(t, m.ad.Env(), "", append([]string{"rotate", "--dc", m.ad.Address(), "--ldap-ca", m.ad.CAFile(),
		"--secret", m.secret, "--keytab", m.keytab}, args...)...)
}

// run runs a command of our helper. Nothing that it says has a password in it.
func (m *member) run(t *testing.T, env []string, input string, args ...string) run {
	t.Helper()
	var out, log bytes.Buffer
	cmd := exec.Command(programs.Path(t, "ntlm"), args...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env, strings.NewReader(input), &out, &log
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	r := run{out.String(), log.String(), cmd.ProcessState.ExitCode()}
	for _, secret := range append(m.passwords(t), strings.TrimSpace(input)) {
		if secret != "" && strings.Contains(r.out+r.err, secret) {
			t.Error("it says a password")
		}
	}
	return r
}

// passwords are those in the secret file.
func (m *member) passwords(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile(m.secret)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Fields(string(content))
}

// mustHaveNoFiles fails the test if a join that failed left something.
func (m *member) mustHaveNoFiles(t *testing.T) {
	t.Helper()
	if left, err := filepath.Glob(filepath.Dir(m.secret) + "/*"); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// verifier asks the domain as the member.
func (m *member) verifier(t *testing.T) *netlogon.Verifier {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	return newVerifier(t, netlogon.Config{
		Domain: e2e.ADDomain, Realm: e2e.ADRealm, Controllers: []string{m.ad.Address()},
		Account: m.account, Secret: netlogon.OpenSecret(m.secret, m.account, log),
		StateDir: filepath.Join(t.TempDir(), "state"), Log: log,
	})
}

// mustVerify has Alice log in by NTLM.
func mustVerify(t *testing.T, v *netlogon.Verifier) {
	t.Helper()
	alice := e2e.AccountOf(t, "alice")
	mustLogOn(t, v, alice, alice.Password, "yes")
}

// helper starts negotiate with the member's keytab.
func (m *member) helper(t *testing.T) *e2e.Peer {
	t.Helper()
	// Who joins gives the keytab to the helper's group.
	if err := os.Chmod(m.keytab, 0o644); err != nil {
		t.Fatal(err)
	}
	return e2e.StartPeer(t, e2e.PeerConfig{
		Command: []string{programs.Path(t, "negotiate"), "--keytab", m.keytab, "--replay-cache", "none"},
		Env:     m.ad.Env(),
	})
}

// mustAccept has Alice log in by Kerberos, with a ticket that the client has.
func (m *member) mustAccept(t *testing.T, helper *e2e.Peer, client *e2e.Initiator) {
	t.Helper()
	if reply, _ := adAsk(t, helper, client, m.host); !strings.HasPrefix(reply, "OK ") {
		t.Errorf("the helper says %q\n%s", reply, helper.Log())
	}
}

// registerController gives a controller the name that only controllers have, which
// Samba's do some minutes after the first start.
const registerController = `
import sys
import ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
lp = LoadParm()
lp.load(sys.argv[1])
db = SamDB(lp.private_path("sam.ldb"), session_info=system_session(), lp=lp)
dc = db.search(db.domain_dn(), expression="(dNSHostName=%s)" % sys.argv[2], attrs=["servicePrincipalName"])[0]
name = "ldap/%s/%s" % (sys.argv[2], sys.argv[3])
if name.encode() not in [bytes(v) for v in dc.get("servicePrincipalName", [])]:
    change = ldb.Message(dc.dn)
    change["name"] = ldb.MessageElement([name], ldb.FLAG_MOD_ADD, "servicePrincipalName")
    db.modify(change)
`

// samba runs a script with Samba's own libraries, on the controller's files.
func samba(t *testing.T, ad *e2e.Domain, script string, args ...string) {
	t.Helper()
	config := filepath.Join(filepath.Dir(ad.CAFile()), "smb.conf")
	cmd := exec.Command("/usr/bin/python3", append([]string{"-c", script, config}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// exportKeytab has Samba write the account's keys.
const exportKeytab = `
import sys
from samba import dckeytab
from samba.net import Net
from samba.param import LoadParm
lp = LoadParm()
lp.load(sys.argv[1])
Net(None, lp).export_keytab(keytab=sys.argv[2], principal=sys.argv[3])
`

// mustHaveKeys compares the keytab with what Samba has made of the same password.
func (m *member) mustHaveKeys(t *testing.T) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "exported")
	samba(t, m.ad, exportKeytab, path, m.account)
	theirs, ours := readKeytab(t, path), readKeytab(t, m.keytab)
	if len(theirs) < 2 {
		t.Fatalf("Samba exports %s", initiator.Describe(theirs))
	}
	compared := 0
	for _, want := range theirs {
		if want.Weak() {
			continue
		}
		compared++
		for _, name := range [][]string{{m.account}, {"HTTP", m.host}, {"HOST", m.host}} {
			want.Principal.Name = name
			if !slices.ContainsFunc(ours, func(k initiator.ServiceKey) bool {
				return k.String() == want.String() && bytes.Equal(k.Key.KeyValue, want.Key.KeyValue)
			}) {
				t.Errorf("no %s like Samba's: %s", want, initiator.Describe(ours))
			}
		}
	}
	if compared != 2 {
		t.Errorf("%d keys of AES, want two", compared)
	}
}

func readKeytab(t *testing.T, path string) []initiator.ServiceKey {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := initiator.ParseKeytab(content)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// TestJoinAndRotate joins with a password, and changes the machine's password twice
// while it is used for NTLM and for Kerberos.
func TestJoinAndRotate(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	m := newMember(t, ad)
	m.joinAs(t, administrator).must(t, 0, "joined:  CN="+m.computer()+",CN=Computers,DC=ad,DC=example,DC=test",
		"--domain EXAMPLE --realm AD.EXAMPLE.TEST --machine-account '"+m.account+"'")
	for _, file := range []string{m.secret, m.keytab} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o640 {
			t.Errorf("%v, %v", info, err)
		}
	}
	m.mustHaveKeys(t)
	verifier, helper := m.verifier(t), m.helper(t)
	oldest := e2e.StartInitiator(t, adLogin(t, ad, "alice"))
	m.mustAccept(t, helper, oldest)
	mustVerify(t, verifier)

	m.rotate(t, "--if-older-than", "1d").must(t, 0, "unchanged: the password of "+m.account+"@AD.EXAMPLE.TEST")
	m.rotate(t).must(t, 0, "changed:", "number (kvno) 2")
	m.mustHaveKeys(t)
	second := e2e.StartInitiator(t, adLogin(t, ad, "alice"))
	m.mustAccept(t, helper, oldest)
	m.mustAccept(t, helper, second)
	mustVerify(t, verifier)
	mustVerify(t, m.verifier(t))

	m.rotate(t).must(t, 0, "number (kvno) 3")
	m.mustHaveKeys(t)
	m.mustAccept(t, helper, second)
	m.mustAccept(t, helper, e2e.StartInitiator(t, adLogin(t, ad, "alice")))
	m.mustAccept(t, m.helper(t), second)
	mustVerify(t, verifier)
	mustVerify(t, m.verifier(t))
	if n := len(m.passwords(t)); n != 2 {
		t.Errorf("%d passwords in the secret file", n)
	}
	if lines := len(readKeytab(t, m.keytab)); lines != 2*2*4 {
		t.Errorf("%d keys, want two of each of four names, and of two passwords", lines)
	}
}

// TestJoinTicket joins with an administrator's ticket, which protects the connection.
func TestJoinTicket(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	m := newMember(t, ad)
	samba(t, ad, registerController, e2e.ADHost, strings.ToLower(e2e.ADRealm))
	tickets := ad.Login(t, administrator)
	m.join(t, tickets.Env(), "", "--ldap-ca", ad.CAFile()).must(t, 1, "use --ldap-seal")
	m.mustHaveNoFiles(t)
	m.join(t, tickets.Env(), "", "--ldap-seal", "--spn", "HTTP/"+m.host, "--spn", "HTTP/web-"+m.host).must(t, 0, "joined:", "HTTP/web-"+m.host)
	m.mustHaveKeys(t)
	mustVerify(t, m.verifier(t))
	m.mustAccept(t, m.helper(t), e2e.StartInitiator(t, adLogin(t, ad, "alice")))

	// When the passwords are lost, the administrator sets a new one.
	if err := os.WriteFile(m.secret, []byte("lost\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	m.rotate(t).must(t, 1, "no password in the secret file is the account's", "--reset")
	m.run(t, tickets.Env(), "", "rotate", "--reset", "--ldap-seal", "--dc", ad.Address(), "--secret", m.secret, "--keytab", m.keytab).must(t, 0, "number (kvno) 2")
	m.mustHaveKeys(t)
	mustVerify(t, m.verifier(t))
	m.join(t, ad.Env("KRB5CCNAME=FILE:"+filepath.Join(t.TempDir(), "none")), "", "--ldap-seal").must(t, 1, "without --admin USER a ticket is needed")
}

// TestJoinExisting takes accounts that are there, and leaves those alone that are
// not this machine's.
func TestJoinExisting(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	prepared := newMember(t, ad)
	prepared.joinAs(t, administrator, "--ldap-start-tls").must(t, 0, "joined:")
	prepared.joinAs(t, administrator).must(t, 1, "is there already")

	m := prepared.anew(t)
	m.joinAs(t, administrator).must(t, 1, "there is an account "+m.account+" already", "--existing")
	m.joinAs(t, administrator, "--existing", "--host", "other.ad.example.test", "--account", m.account).must(t, 1, "is that of "+m.host, "locks out the other")
	m.joinAs(t, administrator, "--existing", "--account", "NOBODY").must(t, 1, "there is no account NOBODY$")
	m.joinAs(t, administrator, "--existing", "--account", "DC1", "--host", e2e.ADHost).must(t, 1, "is not the account of a member computer")
	m.mustHaveNoFiles(t)
	m.joinAs(t, administrator, "--existing", "--account", strings.ToLower(m.computer())).must(t, 0, "'"+m.account+"'", "number (kvno) 2")
	m.mustHaveKeys(t)
	mustVerify(t, m.verifier(t))
	mustLogOn(t, prepared.verifier(t), e2e.AccountOf(t, "alice"), "x", "undecided machine-account-refused")
}

// TestJoinRefused has the reasons for which nobody joins, in words, and without
// anything left.
func TestJoinRefused(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	m := newMember(t, ad)
	wrong := administrator
	wrong.Password = "not-the-password"
	for name, c := range map[string]struct {
		who  e2e.Account
		args []string
		want []string
	}{
		"rights":       {e2e.AccountOf(t, "alice"), nil, []string{"has not the right to", "--existing"}},
		"password":     {wrong, nil, []string{"refuses Administrator@AD.EXAMPLE.TEST: the password is wrong"}},
		"disabled":     {e2e.AccountOf(t, "disabled"), nil, []string{"the account is disabled"}},
		"name in use":  {administrator, []string{"--spn", "HTTP/" + e2e.ADProxy}, []string{"HTTP/" + e2e.ADProxy + " is one of svc-proxy (CN=svc-proxy,"}},
		"place":        {administrator, []string{"--ou", "OU=Nowhere,DC=ad,DC=example,DC=test"}, []string{"see --ou"}},
		"no place":     {administrator, []string{"--ou", "nowhere"}, []string{"see --ou"}},
		"other CA":     {administrator, []string{"--ldap-ca", otherCA(t)}, []string{"--ldap-ca"}},
		"other domain": {administrator, []string{"--realm", "OTHER.TEST"}, []string{`"DC=ad,DC=example,DC=test", not of OTHER.TEST`}},
		"sealed":       {administrator, []string{"--ldap-seal"}, []string{"--ldap-seal is for tickets"}},
		"no folder":    {administrator, []string{"--keytab", "/nowhere/keytab"}, []string{"/nowhere/keytab cannot be written"}},
	} {
		t.Run(name, func(t *testing.T) {
			m.joinAs(t, c.who, c.args...).must(t, 1, c.want...)
			m.mustHaveNoFiles(t)
		})
	}
	m.joinAs(t, administrator).must(t, 0, "joined:") // nothing was left there either
}

// otherCA is the certificate of a CA that has nothing to do with the domain.
func otherCA(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{
		Subject: pkix.Name{CommonName: "Other CA"}, SerialNumber: big.NewInt(1),
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
