//go:build unix

package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"squidauth/e2e"
)

// squidConfs are lines of squid.conf as they are found in the field: each option is one
// that somebody documents, in that combination. A comment "Peer:" names who knows the
// users.
const squidConfs = "testdata/squidconf"

// A fieldPeer is who knows the users of such a file.
type fieldPeer struct {
	replace   []string // what stands in the file, and what it is here, in pairs
	env       []string // of Squid
	good, bad func(t *testing.T, squid *e2e.Squid, origin *e2e.Origin)
	secrets   []string
}

var fieldPeers = map[string]func(*testing.T) fieldPeer{
	"file":              filePeer,
	"ldap":              ldapPeer,
	"radius":            radiusPeer,
	"kerberos":          func(t *testing.T) fieldPeer { return kerberosPeer(t, "") },
	"kerberos-user":     func(t *testing.T) fieldPeer { return kerberosPeer(t, "alice") },
	"ntlm-in-negotiate": ntlmInNegotiatePeer,
	"hashes":            hashesPeer,
	"ntlm-fake":         ntlmFakePeer,
	"accounts":          accountsPeer,
	"pam":               pamPeer,
	"mail":              mailPeer,
}

// TestFieldConfigurations runs the files in Squid as they are, but for addresses and
// paths, with our programs where they have those of others.
func TestFieldConfigurations(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(squidConfs, "*.conf"))
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			testFieldConfiguration(t, string(content))
		})
	}
}

func testFieldConfiguration(t *testing.T, text string) {
	var c e2e.Config
	var peers []fieldPeer
	for _, name := range peersOf(text) {
		newPeer := fieldPeers[name]
		if newPeer == nil {
			t.Fatalf("there is no peer %q", name)
		}
		p := newPeer(t)
		peers = append(peers, p)
		text = strings.NewReplacer(p.replace...).Replace(text)
		c.Env, c.Secrets = append(c.Env, p.env...), append(c.Secrets, p.secrets...)
	}
	if len(peers) == 0 {
		t.Fatal("no line \"# Peer:\" says who knows the users")
	}
	c.Auth = []string{withOurs(t, text)}
	squid, origin := e2e.Start(t, c), e2e.StartOrigin(t)
	if out := squid.Parse(t); complaint.MatchString(out) {
		t.Errorf("squid -k parse complains:\n%s", out)
	}
	for _, p := range peers {
		p.good(t, squid, origin)
		p.bad(t, squid, origin)
	}
}

// complaint is what Squid says when it does not like a line.
var complaint = regexp.MustCompile(`(?i)error:|fatal|unrecognized|bungled|aclParse`)

func peersOf(text string) (names []string) {
	for line := range strings.Lines(text) {
		if list, found := strings.CutPrefix(line, "# Peer:"); found {
			names = append(names, strings.Fields(list)...)
		}
	}
	return names
}

// programWord is the whole path of a program.
var programWord = regexp.MustCompile(`/usr/[^ ]*/([a-z0-9_]+)\b`)

// withOurs puts our programs in the place of those that they replace, where make
// install does. Samba's ntlm_auth is ours for the scheme ntlm only.
func withOurs(t *testing.T, text string) string {
	list, err := os.ReadFile("../cmd/internal/packaging/drop-in.txt")
	if err != nil {
		t.Fatal(err)
	}
	ours := map[string]string{}
	for line := range strings.Lines(string(list)) {
		if words := strings.Fields(line); len(words) == 2 {
			ours[words[0]] = words[1]
		}
	}
	replaced := 0
	var out strings.Builder
	for line := range strings.Lines(text) {
		out.WriteString(programWord.ReplaceAllStringFunc(line, func(path string) string {
			name := filepath.Base(path)
			program, known := ours[name]
			if !known || name == "ntlm_auth" && !strings.HasPrefix(line, "auth_param ntlm") {
				return path
			}
			replaced++
			if program == "basic-pam" { // stands beside basic, which becomes it
				programs.WithPAM(t)
				program = "basic"
			}
			return programs.As(t, program, name)
		}))
	}
	if replaced == 0 {
		t.Fatalf("no program of ours is in\n%s", text)
	}
	return out.String()
}

// basicPeer lets in who has the right password.
func basicPeer(users []e2e.User) fieldPeer {
	return fieldPeer{
		secrets: e2e.Secrets(users),
		good: func(t *testing.T, squid *e2e.Squid, origin *e2e.Origin) {
			mustFetch(t, origin, squid.Curl(t, right(origin, users[0]), right(origin, users[1])))
		},
		bad: func(t *testing.T, squid *e2e.Squid, origin *e2e.Origin) {
			mustRefuse(t, origin, squid.Curl(t,
				wrong(origin, users[0], "not-a-secret"),
				e2e.Request{URL: origin.URL(), User: "mallory", Password: users[0].Password},
				e2e.Request{URL: origin.URL(), Anonymous: true}))
		},
	}
}

func filePeer(t *testing.T) fieldPeer {
	users := []e2e.User{e2e.APR1User("alice", "alices-secret", "salt"), e2e.MD5User("bob", "bobs-secret")}
	file := e2e.PasswordFile(t, users)
	p := basicPeer(users)
	p.replace = []string{"/etc/squid/passwd", file, "/etc/squid3/passwd", file, "/var/etc/squid.passwd", file}
	return p
}

func ldapPeer(t *testing.T) fieldPeer {
	slapd := e2e.StartSlapd(t, e2e.SlapdConfig{})
	p := basicPeer([]e2e.User{e2e.PersonOf("alice").Login(), e2e.PersonOf("bob").Login()})
	secret := servicePassword(t)
	p.replace = []string{
		"ldap://ldap.example.test:389", slapd.URI(), "ldap.example.test:389", slapd.Address(),
		"/etc/squid/ldap_password", secret, "/etc/squid/ldappass.txt", secret, "/etc/squid.secret", secret,
	}
	p.env = []string{"LDAPTLS_CACERT=" + slapd.CAFile()}
	p.secrets = append(p.secrets, e2e.SlapdServicePassword)
	return p
}

func radiusPeer(t *testing.T) fieldPeer {
	users := radiusUsers()
	r := e2e.StartFreeRADIUS(t, e2e.RadiusConfig{Secret: radiusSecret, Users: users})
	p := basicPeer([]e2e.User{users[0].User, users[1].User})
	file := radiusFile(t, "server 127.0.0.1\nport "+r.Port()+"\nsecret "+radiusSecret+"\n")
	p.replace = []string{"-h radius.example.test -p 1812", "-h 127.0.0.1 -p " + r.Port(), "/etc/squid/radius_config", file}
	p.secrets = append(p.secrets, radiusSecret)
	return p
}

// kerberosPeer has access.log call alice so; empty: by her principal.
func kerberosPeer(t *testing.T, name string) fieldPeer {
	n := newNegotiation(t)
	return fieldPeer{
		replace: []string{"/etc/squid/HTTP.keytab", n.keytab, "HTTP/proxy.example.test", "HTTP/" + localService},
		env:     append(slices.Clone(n.env), "KRB5_KTNAME="+n.keytab),
		secrets: e2e.Secrets(n.users),
		good: func(t *testing.T, squid *e2e.Squid, origin *e2e.Origin) {
			answers := squid.Curl(t, by(origin, n.alice, name))
			mustFetch(t, origin, answers)
			mustLogAll(t, squid, answers)
		},
		bad: func(t *testing.T, squid *e2e.Squid, origin *e2e.Origin) {
			mustRefuse(t, origin, squid.Curl(t, by(origin, n.kdc.NoTickets(t), "nobody")))
			mustRefuse(t, origin, squid.Curl(t, e2e.Request{URL: origin.URL(), Anonymous: true}))
		},
	}
}

func ntlmInNegotiatePeer(*testing.T) fieldPeer {
	return fieldPeer{
		good: func(t *testing.T, squid *e2e.Squid, origin *e2e.Origin) {
			mustAdmit(t, squid, origin, newFramed(t, squid, "bare", ours("EXAMPLE", ntlmUsers()[0])), `EXAMPLE\alice`)
		},
		bad: func(t *testing.T, squid *e2e.Squid, origin *e2e.Origin) {
			mustRefuse(t, origin, squid.Curl(t, e2e.Request{URL: origin.URL(), Anonymous: true}))
		},
	}
}

func hashesPeer(t *testing.T) fieldPeer {
	users := ntlmUsers()
	return fieldPeer{
		replace: []string{"/etc/squid/hashes", e2e.PasswordFile(t, users)},
		secrets: e2e.Secrets(users),
		good: func(t *testing.T, squid *e2e.Squid, origin *e2e.Origin) {
			mustLogIn(t, squid, origin, ours("EXAMPLE", users[0]), `EXAMPLE\alice`)
			mustFetch(t, origin, squid.Curl(t, byNTLM(origin, users[1])))
		},
		bad: func(t *testing.T, squid *e2e.Squid, origin *e2e.Origin) {
			mustNotLogIn(t, squid, origin, ours("EXAMPLE", e2e.NTUser("alice", "not-a-secret")))
		},
	}
}

func ntlmFakePeer(*testing.T) fieldPeer {
	return fieldPeer{
		good: func(t *testing.T, squid *e2e.Squid, origin *e2e.Origin) {
			mustLogIn(t, squid, origin, ours("EXAMPLE", e2e.NTUser("anybody", "whatever")), "anybody")
		},
		bad: func(t *testing.T, squid *e2e.Squid, origin *e2e.Origin) {
			mustRefuse(t, origin, squid.Curl(t, e2e.Request{URL: origin.URL(), Anonymous: true}))
		},
	}
}

// accountsPeer and pamPeer have no place of their own for what the system keeps in /etc:
// options of ours name the files.
func accountsPeer(t *testing.T) fieldPeer {
	users, all := systemAccounts(t)
	passwd, shadow := accountFiles(t, all)
	p := basicPeer(users)
	p.replace = []string{"basic_getpwnam_auth", "basic_getpwnam_auth --passwd-file=" + passwd + " --shadow-file=" + shadow}
	return p
}

func pamPeer(t *testing.T) fieldPeer {
	users := []e2e.User{{Name: "alice", Password: "alices-secret"}, {Name: "alice", Password: "alices-secret"}}
	p := basicPeer(users)
	dir := e2e.PAMServices(t, map[string]string{"squid": execService, "check": checkAlice})
	p.replace = []string{"basic_pam_auth", "basic_pam_auth --config-dir=" + dir}
	return p
}

func mailPeer(t *testing.T) fieldPeer {
	server := e2e.StartDovecot(t, withDomain(mailUsers))
	p := basicPeer(withDomain(mailUsers[:2]))
	p.replace = []string{"mail.example.test", server.Address("pop3")}
	return p
}
