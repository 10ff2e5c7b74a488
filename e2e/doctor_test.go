//go:build unix

package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"squidauth/e2e"
	"squidauth/helper/doctor"
)

// clinic is all that helpers need, in good health. Its files are user proxy's to read
// and nobody else's.
type clinic struct {
	kdc    *e2e.KDC
	ad     *e2e.Domain
	slapd  *e2e.Slapd
	radius *e2e.FreeRADIUS

	strong string // a line of a password file that is as it should be
}

func newClinic(t *testing.T) *clinic {
	t.Helper()
	bob := e2e.BcryptUser(t, "bob", "bobs-secret", 5)
	return &clinic{
		kdc:    e2e.StartKDC(t, nil, localService),
		ad:     activeDirectory.Domain(t),
		slapd:  e2e.StartSlapd(t, e2e.SlapdConfig{}),
		radius: e2e.StartFreeRADIUS(t, e2e.RadiusConfig{Secret: radiusSecret}),
		strong: "bob:" + bob.Hash + "\n",
	}
}

// file writes a file that user proxy can read by its group, with more modes if given.
func (*clinic) file(t *testing.T, content string, mode ...os.FileMode) string {
	t.Helper()
	path := filepath.Join(e2e.Dir(t), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	handOver(t, path, mode...)
	return path
}

// handOver gives a file to user proxy's group.
func handOver(t *testing.T, path string, mode ...os.FileMode) {
	t.Helper()
	if os.Getuid() == 0 {
		u, err := user.Lookup("proxy")
		if err != nil {
			t.Fatal(err)
		}
		gid, err := strconv.Atoi(u.Gid)
		if err == nil {
			err = os.Chown(path, 0, gid)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(path, append(mode, 0o640)[0]); err != nil {
		t.Fatal(err)
	}
}

// keytab is one with the service's keys of now.
func (c *clinic) keytab(t *testing.T, mode ...os.FileMode) string {
	t.Helper()
	path := filepath.Join(e2e.Dir(t), "keytab")
	c.kdc.Keytab(t, path, localService)
	handOver(t, path, mode...)
	return path
}

// kerberos are the options of negotiate.
func (c *clinic) kerberos(t *testing.T, keytab string, more ...string) []string {
	t.Helper()
	return append([]string{"--keytab", keytab, "--replay-cache", "file:" + filepath.Join(e2e.ProxyDir(t), "replay")}, more...)
}

// domain are the options of those who ask the domain's controller.
func (c *clinic) domain(t *testing.T, secret string, more ...string) []string {
	t.Helper()
	return append([]string{"--domain", e2e.ADDomain, "--dc", c.ad.Address(), "--machine-account", "PROXY$",
		"--machine-secret", secret, "--state-dir", c.ad.ProxyStateDir()}, more...)
}

func (c *clinic) machineSecret(t *testing.T, mode ...os.FileMode) string {
	t.Helper()
	return c.file(t, e2e.AccountOf(t, "PROXY$").Password+"\n", mode...)
}

// directory are the options of the directory of groups.
func (c *clinic) directory(t *testing.T, more ...string) []string {
	t.Helper()
	return append([]string{"--ldap-uri", "ldaps://" + c.ad.Address(), "--ldap-ca", c.ad.CAFile(),
		"--ldap-bind-dn", "svc-ldap@" + e2e.ADRealm,
		"--ldap-bind-secret", c.file(t, e2e.AccountOf(t, "svc-ldap").Password+"\n")}, more...)
}

// ldap is the backend that asks the slapd.
func (c *clinic) ldap(t *testing.T, more ...string) []string {
	t.Helper()
	return append([]string{"ldap", "--url", c.slapd.SecureURI(), "--ca", c.slapd.CAFile(), "--base", e2e.SlapdPeople, "--filter", "uid=%s",
		"--bind-dn", e2e.SlapdService, "--bind-password-file", c.file(t, e2e.SlapdServicePassword+"\n")}, more...)
}

func (c *clinic) radiusServer(t *testing.T, r *e2e.FreeRADIUS, secret string) []string {
	t.Helper()
	return []string{"radius", "--server", r.Address(), "--secret", c.file(t, secret+"\n")}
}

// examine has a program's doctor examine a helper with these words, or squid.conf. The
// program of that name is examined as user proxy.
func (c *clinic) examine(t *testing.T, program string, args ...string) []doctor.Finding {
	t.Helper()
	var out, log bytes.Buffer
	cmd := exec.Command(programs.Path(t, program), append([]string{"doctor", "--json", "--squid-version", "5.7", "--user", "proxy"}, args...)...)
	cmd.Env, cmd.Stdout, cmd.Stderr = c.kdc.Env("TMPDIR="+os.Getenv("TMPDIR")), &out, &log
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	var report struct{ Findings []doctor.Finding }
	if err := json.Unmarshal(out.Bytes(), &report); err != nil {
		t.Fatalf("%v\n%s%s", err, &out, &log)
	}
	faults := slices.ContainsFunc(report.Findings, func(f doctor.Finding) bool { return f.Severity == doctor.Fault })
	if status := cmd.ProcessState.ExitCode(); (status == 2) != faults || status == 1 {
		t.Errorf("%s %q: status %d\n%s", program, args, status, &out)
	}
	c.mustKeepSecrets(t, out.String()+log.String())
	return report.Findings
}

// mustKeepSecrets fails the test if a report has a password in it.
func (c *clinic) mustKeepSecrets(t *testing.T, report string) {
	t.Helper()
	_, hash, _ := strings.Cut(strings.TrimSpace(c.strong), ":")
	for _, secret := range []string{
		hash, radiusSecret, e2e.SlapdServicePassword, e2e.AccountOf(t, "PROXY$").Password, e2e.AccountOf(t, "svc-ldap").Password,
	} {
		if secret != "" && strings.Contains(report, secret) {
			t.Errorf("the report has a secret in it:\n%s", report)
		}
	}
}

// helper is examine for a helper's words.
func helper(words ...string) []string { return append([]string{"--"}, words...) }

// conf writes a squid.conf in which all is well but what is replaced.
func (c *clinic) conf(t *testing.T, replacements ...string) []string {
	t.Helper()
	text := fmt.Sprintf(`auth_param negotiate program %[1]s %[2]s
auth_param negotiate children 20 on-persistent-overload=ERR
auth_param basic program %[3]s ncsa %[4]s
auth_param basic children 5
cache_effective_user proxy
acl known proxy_auth REQUIRED
http_access deny !known
http_access allow known
http_access deny all
`, programs.Path(t, "negotiate"), strings.Join(c.kerberos(t, c.keytab(t)), " "), programs.Path(t, "basic"), c.file(t, c.strong))
	for i := 0; i < len(replacements); i += 2 {
		if !strings.Contains(text, replacements[i]) {
			t.Fatalf("%q is not in squid.conf", replacements[i])
		}
		text = strings.Replace(text, replacements[i], replacements[i+1], 1)
	}
	path := filepath.Join(e2e.Dir(t), "squid.conf")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return []string{"--squid-conf", path}
}

// TestDoctor breaks one thing at a time, and wants it named, with what mends it. Where
// nothing is broken nothing is found.
func TestDoctor(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	t.Run("healthy", func(t *testing.T) { testHealthy(t, c) })
	t.Run("squid.conf", func(t *testing.T) { testSick(t, c, sickConfs) })
	t.Run("files", func(t *testing.T) { testSick(t, c, sickFiles) })
	t.Run("Kerberos", func(t *testing.T) { testSick(t, c, sickKerberos) })
	t.Run("NTLM", func(t *testing.T) { testSick(t, c, sickNTLM) })
	t.Run("directory", func(t *testing.T) { testSick(t, c, sickDirectory) })
	t.Run("servers", func(t *testing.T) { testSick(t, c, sickServers) })
	t.Run("one guess", func(t *testing.T) { testSick(t, c, sickSecrets) })
	if n := c.ad.CountedGuesses(t, "doctored"); n != 1 {
		t.Errorf("one run with a wrong password counted as %d", n)
	}
}

func testHealthy(t *testing.T, c *clinic) {
	metrics := e2e.ProxyDir(t)
	for name, h := range map[string]struct {
		program string
		args    []string
	}{
		"squid.conf":     {"basic", c.conf(t)},
		"squid.conf too": {"negotiate", c.conf(t)},
		"ncsa":           {"basic", helper("--metrics", metrics, "ncsa", c.file(t, c.strong))},
		"ldap":           {"basic", helper(c.ldap(t)...)},
		"radius":         {"basic", helper(c.radiusServer(t, c.radius, radiusSecret)...)},
		"kerberos":       {"basic", helper("kerberos", "--realm", e2e.Realm, "--keytab", c.keytab(t))},
		"windows":        {"basic", helper(append([]string{"windows"}, c.domain(t, c.machineSecret(t))...)...)},
		"chain":          {"basic", helper(append(append([]string{"chain"}, c.ldap(t)...), ",", "ncsa", c.file(t, c.strong))...)},
		"negotiate":      {"negotiate", helper(c.kerberos(t, c.keytab(t), "--metrics", metrics)...)},
		"hashes":         {"ntlm", helper("--hashes", c.file(t, "bob:8846f7eaee8fb117ad06bdd830b7586c\n"))},
		"netlogon":       {"ntlm", helper(append(c.domain(t, c.machineSecret(t)), c.directory(t, "--require-group", "Staff")...)...)},
		"wrapper":        {"wrapper", helper(append(c.kerberos(t, c.keytab(t)), c.domain(t, c.machineSecret(t))...)...)},
		"children":       {"wrapper", helper(append(c.kerberos(t, c.keytab(t)), "--ntlm", programs.Path(t, "ntlm"), "fake")...)},
	} {
		t.Run(name, func(t *testing.T) {
			for _, f := range c.examine(t, h.program, h.args...) {
				if f.Severity == doctor.Fault || f.Severity == doctor.Warning {
					t.Errorf("%+v", f)
				}
			}
		})
	}
}

// sick is one thing that is broken.
type sick struct {
	name    string
	program string
	args    func(t *testing.T, c *clinic) []string // breaks it
	want    string                                 // severity and code
	cure    string                                 // part of it
}

func testSick(t *testing.T, c *clinic, table []sick) {
	manual, err := os.ReadFile("../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range table {
		t.Run(s.name, func(t *testing.T) {
			findings := c.examine(t, s.program, s.args(t, c)...)
			i := slices.IndexFunc(findings, func(f doctor.Finding) bool { return string(f.Severity)+" "+f.Code == s.want })
			if i < 0 {
				t.Fatalf("no %s in %+v", s.want, findings)
			}
			if _, code, _ := strings.Cut(s.want, " "); !isExplained(string(manual), code) {
				t.Errorf("docs/doctor.md does not have %s", code)
			}
			if f := findings[i]; !strings.Contains(f.Cure, s.cure) || f.What == "" || f.Why == "" {
				t.Errorf("%+v", f)
			}
		})
	}
}

// isExplained reports whether the manual has a code: as it is, or as one of any file's.
func isExplained(manual, code string) bool {
	for _, kind := range []string{"password-file", "hash-file", "keytab", "machine-secret", "ldap-secret", "user-list", "db-file"} {
		if what, found := strings.CutPrefix(code, kind); found && strings.Contains(manual, "`KIND"+what+"`") {
			return true
		}
	}
	return strings.Contains(manual, "`"+code+"`")
}

// broken replaces a part of the squid.conf.
func broken(replacements ...string) func(*testing.T, *clinic) []string {
	return func(t *testing.T, c *clinic) []string { return c.conf(t, replacements...) }
}

var sickConfs = []sick{
	{"concurrency", "basic", broken("basic children 5", "basic children 5 concurrency=20"), "fault concurrency", "--concurrency 20"},
	{"key_extras", "basic", broken("basic children 5", "basic children 5\nauth_param basic key_extras \"%>a %{X}>h\""), "fault key-extras", "--key-extras 2"},
	{"no program", "basic", broken("auth_param negotiate program /", "auth_param negotiate program /nowhere/"), "fault program-missing", "mend the path"},
	{"impossible options", "basic", broken(" ncsa /", " nsca /"), "fault command-line", "basic --help"},
	{"concurrency of negotiate", "basic", broken("children 20", "children 20 concurrency=5"), "fault stateful-concurrency", "take concurrency= away"},
	{"few children", "basic", broken("children 20", "children 2"), "warning few-children", "children 50"},
	{"open", "basic", broken("http_access deny !known", "http_access allow all"), "fault open-to-all", "take that line away"},
	{"nobody is asked", "basic", broken("known proxy_auth REQUIRED", "known src 10.0.0.0/8"), "fault nobody-is-asked", "acl known proxy_auth REQUIRED"},
	{"no end", "basic", broken("http_access deny all", ""), "warning no-deny-all", "http_access deny all"},
	{"too old a Squid", "basic", func(t *testing.T, c *clinic) []string { return append(c.conf(t), "--squid-version", "3.5") }, "fault squid-overload", "use Squid 4 or later"},
	{"words that an old Squid does not know", "negotiate", func(t *testing.T, c *clinic) []string { return append(c.conf(t), "--squid-version", "3.3") }, "fault squid-dialect", "--dialect legacy"},
	{"no such user", "basic", func(t *testing.T, c *clinic) []string { return append(c.conf(t), "--user", "nobody-of-that-name") }, "fault squid-user", "cache_effective_user"},
}

// ncsa examines a password file.
func passwords(content func(c *clinic) string, mode ...os.FileMode) func(*testing.T, *clinic) []string {
	return func(t *testing.T, c *clinic) []string { return helper("ncsa", c.file(t, content(c), mode...)) }
}

func strongOnly(c *clinic) string { return c.strong }

var sickFiles = []sick{
	{"no password file", "basic", func(*testing.T, *clinic) []string { return helper("ncsa", "/no/such/file") }, "fault password-file-missing", "htpasswd -c -B /no/such/file"},
	{"password file of another", "basic", passwords(strongOnly, 0o600), "fault password-file-unreadable", "chgrp proxy "},
	{"password file in a closed folder", "basic", func(t *testing.T, c *clinic) []string {
		path := c.file(t, c.strong)
		if err := os.Chmod(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		return helper("ncsa", path)
	}, "fault password-file-unreadable", "chmod g+x "},
	{"password file for all to read", "basic", passwords(strongOnly, 0o644), "warning password-file-open", "chmod 640 "},
	{"password file for all to write", "basic", passwords(strongOnly, 0o646), "fault password-file-writable", "chmod 640 "},
	{"empty password file", "basic", passwords(func(*clinic) string { return "" }), "fault password-file-empty", "htpasswd -B "},
	{"weak hashes", "basic", passwords(func(c *clinic) string { return c.strong + "eve:abJnggxhB/yWI\n" }), "warning weak-hashes", " eve"},
	{"capital letters", "basic", passwords(func(c *clinic) string { return strings.ToUpper(c.strong[:1]) + c.strong[1:] }), "warning capital-names", "casesensitive on"},
	{"a user twice", "basic", passwords(func(c *clinic) string { return c.strong + c.strong }), "warning password-file-twice", "all lines of these users but one"},
	{"a line that is none", "basic", passwords(func(c *clinic) string { return c.strong + "eve\n" }), "warning password-file-lines", "remove them"},
	{"metrics", "basic", func(t *testing.T, c *clinic) []string {
		return helper("--metrics", filepath.Join(e2e.Dir(t), "metrics"), "ncsa", c.file(t, c.strong))
	}, "warning metrics-dir", "install -d -o proxy"},
	{"hash file for all to read", "ntlm", func(t *testing.T, c *clinic) []string {
		return helper("--hashes", c.file(t, "bob:8846f7eaee8fb117ad06bdd830b7586c\n", 0o644))
	}, "warning hash-file-open", "chmod 640 "},
	{"child that ends", "wrapper", func(t *testing.T, c *clinic) []string {
		return helper(append(c.kerberos(t, c.keytab(t)), "--ntlm", programs.Path(t, "ntlm"), "--no-such-option")...)
	}, "fault child-ends", "start it by hand, as user proxy"},
	{"child that is not there", "wrapper", func(t *testing.T, c *clinic) []string {
		return helper(append(c.kerberos(t, c.keytab(t)), "--ntlm", "/usr/bin/no-such-ntlm_auth")...)
	}, "fault child-missing", "install it"},
}

// tickets examines a helper of Kerberos with more options.
func tickets(more ...string) func(*testing.T, *clinic) []string {
	return func(t *testing.T, c *clinic) []string { return helper(c.kerberos(t, c.keytab(t), more...)...) }
}

// account is a service of its own at the KDC, whose keytab is made before it is changed
// there.
func account(name string, changes ...string) func(*testing.T, *clinic) []string {
	return func(t *testing.T, c *clinic) []string {
		path := filepath.Join(e2e.Dir(t), "keytab")
		c.kdc.Admin(t, "addprinc -randkey HTTP/"+name)
		c.kdc.Keytab(t, path, name)
		handOver(t, path)
		for _, change := range changes {
			c.kdc.Admin(t, strings.ReplaceAll(change, "NAME", "HTTP/"+name))
		}
		return helper(c.kerberos(t, path)...)
	}
}

var sickKerberos = []sick{
	{"no keytab", "negotiate", func(t *testing.T, c *clinic) []string { return helper(c.kerberos(t, "/no/such/keytab")...) }, "fault keytab-missing", "ktpass"},
	{"keytab of another", "negotiate", func(t *testing.T, c *clinic) []string { return helper(c.kerberos(t, c.keytab(t, 0o600))...) }, "fault keytab-unreadable", "chgrp proxy "},
	{"keytab for all to read", "negotiate", func(t *testing.T, c *clinic) []string { return helper(c.kerberos(t, c.keytab(t, 0o644))...) }, "warning keytab-open", "chmod 640 "},
	{"no keytab's content", "negotiate", func(t *testing.T, c *clinic) []string { return helper(c.kerberos(t, c.file(t, "text"))...) }, "fault keytab-unusable", "klist -ekt"},
	{"other service", "negotiate", tickets("--spn", "http/localhost"), "fault spn-not-in-keytab", "--spn HTTP/localhost"},
	{"realm's spelling", "negotiate", tickets("--realm", "example.test"), "fault realm-spelling", "--realm EXAMPLE.TEST"},
	{"other realm", "negotiate", tickets("--realm", "ELSEWHERE.TEST"), "warning realm-not-in-keytab", "unless there is such a trust"},
	{"RC4 permitted", "negotiate", tickets("--permit-rc4"), "warning permit-rc4", "take --permit-rc4 away"},
	{"RC4 only", "negotiate", func(t *testing.T, c *clinic) []string { return helper(c.kerberos(t, c.ad.Keytab("svc-weak"))...) }, "fault keytab-weak", "AES keys"},
	{"password changed", "negotiate", account("changed.example.test", "cpw -randkey NAME"), "fault keytab-stale", "make the keytab anew"},
	{"password changed, with proof", "negotiate", account("proving.example.test", "modprinc +requires_preauth NAME", "cpw -randkey NAME"), "fault keytab-stale", "make the keytab anew"},
	{"account disabled", "negotiate", account("disabled.example.test", "modprinc -allow_tix NAME"), "fault account-disabled", "enable it"},
	{"name that nobody finds", "negotiate", account("no-such-name.example.invalid"), "warning name-unknown", "add an address record of"},
	{"replay cache", "negotiate", func(t *testing.T, c *clinic) []string {
		return helper("--keytab", c.keytab(t), "--replay-cache", "file:"+filepath.Join(e2e.Dir(t), "replay"))
	}, "fault replay-cache", "install -d -o proxy"},
	{"no replay cache", "negotiate", func(t *testing.T, c *clinic) []string {
		return helper("--keytab", c.keytab(t), "--replay-cache", "none")
	}, "warning no-replay-cache", "--replay-cache file"},
	{"name that no account has", "negotiate", func(t *testing.T, c *clinic) []string {
		return helper(c.kerberos(t, c.keytab(t), append(c.directory(t), "--group-format", "name")...)...)
	}, "fault spn-nobody", "setspn -S HTTP/"},
	{"no KDC", "basic", func(t *testing.T, c *clinic) []string {
		return helper("kerberos", "--realm", e2e.Realm, "--kdc", "127.0.0.1:1", "--keytab", c.keytab(t))
	}, "fault kdc-unreachable", "--kdc HOST"},
}

var sickNTLM = []sick{
	{"NTLMv1", "ntlm", func(t *testing.T, c *clinic) []string {
		return helper(c.domain(t, c.machineSecret(t), "--permit-ntlmv1")...)
	}, "warning ntlmv1", "take --permit-ntlmv1 away"},
	{"secret for all to read", "ntlm", func(t *testing.T, c *clinic) []string { return helper(c.domain(t, c.machineSecret(t, 0o644))...) }, "warning machine-secret-open", "chmod 640 "},
	{"no secret", "ntlm", func(t *testing.T, c *clinic) []string { return helper(c.domain(t, "/no/such/secret")...) }, "fault machine-secret-missing", "ntlm join --secret /no/such/secret"},
	{"wrong secret", "ntlm", func(t *testing.T, c *clinic) []string { return helper(c.domain(t, c.file(t, "not-the-secret"))...) }, "fault machine-secret-wrong", "ntlm rotate --reset"},
	{"no account", "ntlm", func(t *testing.T, c *clinic) []string {
		return helper(c.domain(t, c.machineSecret(t), "--machine-account", "NOBODY$")...)
	}, "fault machine-account", "ntlm join"},
	{"no controller there", "ntlm", func(t *testing.T, c *clinic) []string {
		return helper("--domain", e2e.ADDomain, "--dc", "127.99.0.1", "--machine-account", "PROXY$", "--machine-secret", c.machineSecret(t))
	}, "fault dc-unreachable", "TCP port 135 of 127.99.0.1"},
	{"no controller in the DNS", "ntlm", func(t *testing.T, c *clinic) []string {
		return helper("--domain", e2e.ADDomain, "--realm", "no-such-domain.invalid", "--machine-account", "PROXY$", "--machine-secret", c.machineSecret(t))
	}, "fault dc-dns", "--dc HOST"},
	{"controller of no such name", "ntlm", func(t *testing.T, c *clinic) []string {
		return helper("--domain", e2e.ADDomain, "--dc", "no-such-dc.invalid", "--machine-account", "PROXY$", "--machine-secret", c.machineSecret(t))
	}, "fault dc-name", "/etc/resolv.conf"},
	{"old secret", "ntlm", func(t *testing.T, c *clinic) []string {
		path, then := c.machineSecret(t), time.Now().AddDate(0, -4, 0)
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
		return helper(c.domain(t, path)...)
	}, "note machine-secret-old", "ntlm rotate"},
	{"no list of users", "basic", func(t *testing.T, c *clinic) []string {
		return helper(append([]string{"windows"}, c.domain(t, c.machineSecret(t), "--allow-users", "/no/such/list")...)...)
	}, "fault user-list-missing", "write users into it"},
	{"one of two controllers", "basic", func(t *testing.T, c *clinic) []string {
		return helper(append([]string{"windows"}, c.domain(t, c.machineSecret(t), "--dc", "127.99.0.1")...)...)
	}, "warning dc-unreachable", "TCP port 135 of 127.99.0.1"},
}

var sickDirectory = []sick{
	{"password refused", "basic", func(t *testing.T, c *clinic) []string {
		return helper(c.ldap(t, "--bind-password-file", c.file(t, "not-the-password"))...)
	}, "fault ldap-bind-refused", "write its password into the file"},
	{"secret for all to read", "basic", func(t *testing.T, c *clinic) []string {
		return helper(c.ldap(t, "--bind-password-file", c.file(t, e2e.SlapdServicePassword, 0o644))...)
	}, "warning ldap-secret-open", "chmod 640 "},
	{"base", "basic", func(t *testing.T, c *clinic) []string {
		return helper(c.ldap(t, "--base", "ou=nobody,"+e2e.SlapdBase)...)
	}, "fault ldap-base", "--base with the DN"},
	{"filter for all", "basic", func(t *testing.T, c *clinic) []string {
		return helper(c.ldap(t, "--filter", "(|(objectClass=*)(uid=%s))")...)
	}, "fault ldap-filter", "joined by &"},
	{"another's CA", "basic", func(t *testing.T, c *clinic) []string { return helper(c.ldap(t, "--ca", c.ad.CAFile())...) }, "fault ldap-certificate", "--ca FILE"},
	{"any certificate", "basic", func(t *testing.T, c *clinic) []string {
		return helper("ldap", "--url", c.slapd.SecureURI(), "--any-certificate", "--base", e2e.SlapdPeople, "--filter", "uid=%s")
	}, "warning ldap-any-certificate", "in place of --any-certificate"},
	{"no server", "basic", func(t *testing.T, c *clinic) []string {
		return helper("ldap", "--url", "ldap://127.99.0.1", "--base", e2e.SlapdPeople, "--filter", "uid=%s")
	}, "fault ldap-unreachable", "127.99.0.1:389"},
	{"server of no such name", "basic", func(t *testing.T, c *clinic) []string {
		return helper("ldap", "--url", "ldaps://no-such-server.invalid", "--base", e2e.SlapdPeople, "--filter", "uid=%s")
	}, "fault ldap-name", "mend the server's name"},
	{"plain to a domain controller", "ntlm", func(t *testing.T, c *clinic) []string {
		return helper(append(c.domain(t, c.machineSecret(t)), c.directory(t, "--ldap-uri", "ldap://"+c.ad.Address())...)...)
	}, "warning ldap-signing-required", "ldaps://"},
	{"no such group", "ntlm", func(t *testing.T, c *clinic) []string {
		return helper(append(c.domain(t, c.machineSecret(t)), c.directory(t, "--require-group", "Stuff")...)...)
	}, "fault group-unknown", "mend the name"},
	{"state folder", "basic", func(t *testing.T, c *clinic) []string {
		return helper(append([]string{"--state-dir", e2e.Dir(t)}, c.ldap(t)...)...)
	}, "warning state-dir", "install -d -o proxy"},
}

// sickSecrets holds one run with a password that the domain refuses; the account is used
// nowhere else.
var sickSecrets = []sick{
	{"password refused by the domain", "ntlm", func(t *testing.T, c *clinic) []string {
		return helper(append(c.domain(t, c.machineSecret(t)), c.directory(t, "--require-group", "ProxyUsers",
			"--ldap-bind-dn", "doctored@"+e2e.ADRealm, "--ldap-bind-secret", c.file(t, "not-the-password"))...)...)
	}, "fault ldap-bind-refused", "write its password into the file"},
}

var sickServers = []sick{
	{"RADIUS, another secret", "basic", func(t *testing.T, c *clinic) []string {
		return helper(c.radiusServer(t, c.radius, "another-secret")...)
	}, "warning radius-silent", "the same secret"},
	{"RADIUS, unsigned", "basic", func(t *testing.T, c *clinic) []string {
		r := e2e.StartFreeRADIUS(t, e2e.RadiusConfig{Secret: radiusSecret, SignsNothing: true})
		return helper(c.radiusServer(t, r, radiusSecret)...)
	}, "warning radius-unsigned", "require_message_authenticator"},
	{"RADIUS, nobody there", "basic", func(t *testing.T, c *clinic) []string {
		return helper("radius", "--server", "127.99.0.1", "--secret", c.file(t, radiusSecret))
	}, "fault radius-unreachable", "127.99.0.1:1812"},
	{"RADIUS, server of no such name", "basic", func(t *testing.T, c *clinic) []string {
		return helper("radius", "--server", "no-such-server.invalid", "--secret", c.file(t, radiusSecret))
	}, "fault radius-name", "mend the server's name"},
	{"mail, nobody there", "basic", func(*testing.T, *clinic) []string { return helper("imap", "imaps://127.99.0.1") }, "fault mail-unreachable", "127.99.0.1"},
	{"mail, another's CA", "basic", func(t *testing.T, c *clinic) []string {
		return helper("imap", "--ca", c.ad.CAFile(), e2e.StartDovecot(t, nil).URI("imaps"))
	}, "fault mail-certificate", "--ca"},
	{"database, nobody there", "basic-db", func(*testing.T, *clinic) []string {
		return helper("db", "--dsn", "postgres://127.99.0.1/squid")
	}, "fault db-unreachable", "see whether the server runs"},
	{"database, no such table", "basic-db", func(t *testing.T, _ *clinic) []string {
		return helper("db", "--dsn", sqliteDatabase(t).url, "--table", "nobody")
	}, "fault db-query", "--table"},
	{"saslauthd", "basic", func(*testing.T, *clinic) []string { return helper("sasl", "--socket", "/no/such/socket") }, "fault sasl-socket", "systemctl"},
	{"everybody", "basic", func(*testing.T, *clinic) []string { return helper("fake") }, "fault fake", "basic ncsa"},
	{"everybody, by NTLM", "ntlm", func(*testing.T, *clinic) []string { return helper("fake") }, "fault fake", "--hashes FILE"},
}

// TestDoctorClock has a KDC with another clock.
func TestDoctorClock(t *testing.T) {
	t.Parallel()
	c := &clinic{kdc: e2e.StartKDC(t, nil, localService)}
	for ahead, want := range map[time.Duration]string{2 * time.Minute: "warning clock", time.Hour: "fault clock"} {
		c.kdc.SetClock(t, ahead)
		testSick(t, c, []sick{{want, "negotiate", tickets(), want, "chronyc makestep"}})
	}
}
