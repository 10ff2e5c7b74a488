//go:build unix

package docs

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"squidauth/cmd/internal/squidconf"
	"squidauth/e2e"
)

// programs are ours, built for these tests.
var programs e2e.Programs

func TestMain(m *testing.M) {
	code := m.Run()
	if programs.Remove() != nil {
		code = 1
	}
	os.Exit(code)
}

// otherBlocks are examples that hold no command and no line of squid.conf, by how they
// begin, and what they are. A block between fences that name a language needs no entry.
var otherBlocks = []struct{ page, begins, what string }{
	{"docs/architecture.md", "stdin ─", "a drawing"},
	{"docs/basic-db.md", "SELECT", "SQL; TestDBLogin has it answered"},
	{"docs/basic-radius.md", "update reply {", "FreeRADIUS' language"},
	{"docs/basic-system.md", "# /etc/pam.d/squid: sssd", "a file of PAM; TestPAMModules has the like"},
	{"docs/hardening.md", "include if exists", "a line of AppArmor's"},
	{"docs/install.md", "FROM ", "a Containerfile"},
	{"docs/monitoring.md", "# nobody could tell", "PromQL"},
	{"docs/ntlm.md", "before ", "what is in a file"},
	{"docs/protocol.md", ">", "dialogues: see TestDialogues"},
}

// covered says which test does with a peer what the command does that is only parsed
// here. Each command on a page has to be in it.
var covered = map[string]string{
	"basic ncsa": "TestReadme", "basic chain": "TestChain", "basic ldap": "TestLDAPOptions", "basic radius": "TestRadiusLogin",
	"basic kerberos": "TestKerberosPassword", "basic windows": "TestWindowsPassword", "basic pam": "TestPAMModules",
	"basic getpwnam": "TestGetpwnam", "basic nis": "TestScripts", "basic fake": "TestFakeAndDeny", "basic deny": "TestFakeAndDeny",
	"basic imap": "TestMailLogin", "basic pop3": "TestMailLogin", "basic smtp": "TestMailLogin", "basic sasl": "TestSASLLogin",
	"basic db": "TestDBLogin", "basic doctor": "TestScripts", "basic try": "TestScripts",

	"negotiate": "TestNegotiateDropInSquid", "negotiate check": "TestNegotiateCheck", "negotiate client": "TestNegotiateClient",
	"negotiate mint": "TestNegotiateMint", "negotiate decode": "TestScripts", "negotiate doctor": "TestScripts", "negotiate try": "TestScripts",
	"ntlm": "TestNTLMAD", "ntlm fake": "TestNTLMFake", "ntlm join": "TestJoinAndRotate", "ntlm rotate": "TestJoinAndRotate",
	"ntlm hash": "TestScripts", "ntlm decode": "TestScripts", "ntlm doctor": "TestScripts", "ntlm try": "TestScripts",
	"wrapper": "TestWrapper", "wrapper doctor": "TestScripts", "wrapper try": "TestScripts",

	"basic_ncsa_auth": "TestNCSADropIn", "basic_ldap_auth": "TestLDAPDifferential", "squid_ldap_auth": "TestLDAPOldName",
	"basic_radius_auth": "TestRadiusDropIn", "basic_pam_auth": "TestPAMDropIn", "basic_getpwnam_auth": "TestGetpwnamDropIn",
	"basic_nis_auth": "TestScripts", "basic_db_auth": "TestDBDropIn", "basic_sasl_auth": "TestSASLDropIn", "basic_pop3_auth": "TestPOP3DropIn",
	"basic_smb_auth": "TestWindowsPasswordOldNames", "basic_smb_lm_auth": "TestWindowsPasswordOldNames", "basic_msnt_auth": "TestWindowsPasswordOldNames",
	"ntlm_auth": "TestFieldConfigurations", "ntlm_fake_auth": "TestNTLMFakeDropIn", "ntlm_smb_lm_auth": "TestNTLMADGroups",
	"negotiate_kerberos_auth": "TestNegotiateDropIn", "negotiate_wrapper_auth": "TestWrapperFourfold",
}

// foreign are programs of others. Their options are not checked.
var foreign = strings.Fields("adduser apparmor_parser apt apt-get cat chgrp chmod chown cp curl dnf dpkg-divert drop-in.sh echo grep htpasswd install journalctl jq kinit klist ktutil ln mv node_exporter openssl pkg printf squid systemctl tail tar usermod")

// TestCommands runs the commands and squid.conf lines of all pages, as far as they
// need nobody else: helpers with their input at its end, other commands with --help
// among their options.
func TestCommands(t *testing.T) {
	c := newChecker(t)
	for _, d := range all(t) {
		c.read(d)
	}
	for _, complaint := range c.complaints {
		t.Error(complaint)
	}
	for _, o := range otherBlocks {
		if !c.other[o.page+o.begins] {
			t.Errorf("%s has no block any more that begins %q", o.page, o.begins)
		}
	}
	if c.ran < 40 {
		t.Errorf("only %d commands of ours were found", c.ran)
	}
}

// badPage has one mistake in each line of its blocks.
const badPage = "# Bad\n\n" +
	"    basic --concurency 50 ncsa /etc/squid/passwd\n" +
	"    echo x | negotiate decode --keytap /etc/squid/HTTP.keytab\n" +
	"    sudo ntlm rotate --if-older-then 30d && chmod 600 x\n" +
	"    make instal\n" +
	"    rm -rf /\n" +
	"    auth_param basic program /usr/lib/squid/basic_ldap_auth -x\n" +
	"    auth_param basic program /usr/local/libexec/squidauth/basic ldap --url ldaps://a --base dc=x\n" +
	"    auth_param ntlm program /usr/lib/squid/unheard_of_auth\n" +
	"    basic [options] radius --server HOST --sekret FILE\n"

// TestCommandsMistaken: each mistake is found.
func TestCommandsMistaken(t *testing.T) {
	c := newChecker(t)
	d := Parse("bad.md", badPage)
	c.read(d)
	if want := len(d.Blocks[0].Lines); len(c.complaints) != want {
		t.Errorf("%d complaints, want %d:\n%s", len(c.complaints), want, strings.Join(c.complaints, "\n"))
	}
}

type checker struct {
	t       *testing.T
	tests   map[string]bool
	targets []string
	etc     string          // stands for /etc/squid
	other   map[string]bool // otherBlocks that were met
	ran     int             // commands of ours

	page       *Document
	line       int
	complaints []string
}

func newChecker(t *testing.T) *checker {
	t.Helper()
	return &checker{t: t, tests: testNames(t), targets: makeTargets(t), etc: etcSquid(t), other: map[string]bool{}}
}

func (c *checker) read(d *Document) {
	for _, b := range d.Blocks {
		c.at(d, b)
	}
}

func (c *checker) errorf(format string, args ...any) {
	c.complaints = append(c.complaints, fmt.Sprintf("%s:%d: "+format, append([]any{c.page.Path, c.line}, args...)...))
}

var logLine = regexp.MustCompile(`^(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d |WARNING: |ERROR: |FATAL: )`)

// prompt stands before commands in a block that has their output too. Comments begin
// like root's.
var prompt = regexp.MustCompile(`^(\$ |# )((?:kinit|basic|negotiate|ntlm|wrapper) .*)`)

// at checks the lines of a block.
func (c *checker) at(d *Document, b Block) {
	c.page, c.line = d, b.Line
	if b.Language != "" && b.Language != "sh" {
		return
	}
	for _, o := range otherBlocks {
		if d.Path == o.page && strings.HasPrefix(b.Lines[0], o.begins) {
			c.other[o.page+o.begins] = true
			return
		}
	}
	session := slices.ContainsFunc(b.Lines, prompt.MatchString)
	for _, line := range joined(b.Lines) {
		prompted := prompt.MatchString(line)
		command := prompt.ReplaceAllString(line, "$2")
		switch {
		case session && !prompted, logLine.MatchString(line), !prompted && strings.HasPrefix(line, "#"):
		case isDirective(line):
			c.directive(line)
		default:
			c.shell(command)
		}
		c.line++
	}
}

// joined puts lines together that a backslash or a deeper indent makes one.
func joined(lines []string) (out []string) {
	open := false
	for _, line := range lines {
		rest, more := strings.CutSuffix(line, `\`)
		deeper := strings.HasPrefix(line, " ") && len(out) > 0
		if open || deeper {
			out[len(out)-1] += " " + strings.TrimSpace(rest)
		} else {
			out = append(out, rest)
		}
		open = more
	}
	return out
}

var directives = strings.Fields("auth_param acl http_access http_port logformat access_log cache_log pid_filename pinger_enable authenticate_ttl cache_effective_group visible_hostname external_acl_type")

func isDirective(line string) bool {
	word, _, _ := strings.Cut(line, " ")
	return slices.Contains(directives, word)
}

// directive checks what squid.conf starts.
func (c *checker) directive(line string) {
	words, err := squidconf.Split(line)
	if len(words) > 3 && words[0] == "auth_param" && words[2] == "program" {
		if err != nil {
			c.errorf("%v", err)
		}
		c.own(words[3:])
	}
}

func (c *checker) shell(line string) {
	for _, words := range simpleCommands(line) {
		switch name := filepath.Base(words[0]); {
		case slices.Contains(foreign, name):
		case name == "make":
			c.make(words[1:])
		default:
			c.own(words)
		}
	}
}

// simpleCommands splits a line of the shell into the commands that it starts, without
// redirections and variables.
func simpleCommands(line string) (list [][]string) {
	var words []string
	end := func() {
		if len(words) > 0 {
			list = append(list, words)
		}
		words = nil
	}
	skip := false
	for _, w := range shellWords(line) {
		name, _, assigns := strings.Cut(w, "=")
		switch {
		case skip:
			skip = false
		case w == "&&" || w == "||" || w == "|" || w == ";":
			end()
		case w == "<" || w == ">" || w == ">>":
			skip = true
		case len(words) == 0 && (w == "sudo" || assigns && strings.ToUpper(name) == name):
		default:
			words = append(words, w)
		}
	}
	end()
	return list
}

func (c *checker) make(words []string) {
	for _, w := range words {
		if !strings.Contains(w, "=") && !slices.Contains(c.targets, w) {
			c.errorf("there is no target %s", w)
		}
	}
}

var target = regexp.MustCompile(`(?m)^([a-z][a-z0-9-]*):`)

func makeTargets(t *testing.T) (names []string) {
	t.Helper()
	for _, path := range []string{"Makefile", "cmd/internal/packaging/packages.mk"} {
		makefile, err := os.ReadFile(filepath.Join(root(t), filepath.FromSlash(path)))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range target.FindAllSubmatch(makefile, -1) {
			names = append(names, string(m[1]))
		}
	}
	return names
}

// own checks a command line of a program of ours, by whatever name.
func (c *checker) own(words []string) {
	name := filepath.Base(words[0])
	path := c.path(name)
	if path == "" {
		c.errorf("%s is no program of ours, and not in the list of others", name)
		return
	}
	c.ran++
	at, key := c.command(name, words[1:])
	test, known := covered[key]
	switch {
	case !known:
		c.errorf("%q is in no list of what tests do", key)
	case !c.tests[test]:
		c.errorf("%q: there is no test %s", key, test)
	}
	args := slices.Clone(words[1:])
	if isTool(key) || isSynopsis(args) {
		args = slices.Concat(withoutBrackets(args[:at]), []string{"--help"}, withoutBrackets(args[at:]))
	}
	c.run(path, name, args)
}

// path returns the path of the program called name; empty: it is none of ours.
func (c *checker) path(name string) string {
	program, found := c.dropIn(name)
	switch {
	case slices.Contains([]string{"basic", "negotiate", "ntlm", "wrapper"}, name):
		if name == "basic" {
			programs.WithPAM(c.t) // beside it, and this one too
			programs.Path(c.t, "basic-db")
		}
		return programs.Path(c.t, name)
	case !found:
		return ""
	case program == "basic-pam":
		programs.WithPAM(c.t)
		program = "basic"
	}
	return programs.As(c.t, program, name)
}

func (c *checker) dropIn(name string) (program string, found bool) {
	list, err := os.ReadFile(filepath.Join(root(c.t), "cmd", "internal", "packaging", "drop-in.txt"))
	if err != nil {
		c.t.Fatal(err)
	}
	for line := range strings.Lines(string(list)) {
		if words := strings.Fields(line); len(words) == 2 && words[0] == name {
			return words[1], true
		}
	}
	return "", false
}

// command returns how many words lead to the last word that names a command, and the
// key of that in the list of tests.
func (c *checker) command(name string, args []string) (at int, key string) {
	for i, word := range args {
		if _, known := covered[name+" "+word]; known {
			if name == "ntlm" && word == "hash" && i+1 < len(args) {
				return i + 2, name + " " + word
			}
			return i + 1, name + " " + word
		}
	}
	return 0, name
}

func isTool(key string) bool {
	_, command, _ := strings.Cut(key, " ")
	return slices.Contains(strings.Fields("check client mint decode doctor try join rotate hash"), command)
}

// isSynopsis reports whether a line shows what there is rather than what to type.
func isSynopsis(args []string) bool {
	return slices.ContainsFunc(args, func(word string) bool {
		return strings.ContainsAny(word, "[…") || slices.Contains([]string{"URL", "DN", "FILE", "HOST"}, word)
	})
}

func withoutBrackets(args []string) (out []string) {
	for _, word := range args {
		if word != "[options]" {
			out = append(out, strings.Trim(word, "[]"))
		}
	}
	return out
}

// noTopic is what is said of --help with an argument, once the options were read.
const noTopic = "No help topic for"

// run runs a program, of which nothing is wanted.
func (c *checker) run(path, name string, args []string) {
	for i, word := range args {
		args[i] = strings.NewReplacer("/etc/squid", c.etc, "/var/lib/squidauth", c.etc).Replace(word)
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Args[0] = name
	cmd.Dir = c.etc
	cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+c.etc, "CREDENTIALS_DIRECTORY="+c.etc, "LDAPNOINIT=1", "PROXY_SECRET=secret")
	out, err := cmd.CombinedOutput()
	if err != nil && !bytes.Contains(out, []byte(noTopic)) {
		c.errorf("%s %q: %v\n%s", name, args, err, out)
	}
}

// etcSquid makes the folder that stands for /etc/squid, with the files that must be
// there when a helper begins.
func etcSquid(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"passwd": "bob:5ebe2294ecd0e0f08eab7690d2a6ee69\n", "guests": "eve:5ebe2294ecd0e0f08eab7690d2a6ee69\n",
		"radius.conf": "server 127.0.0.1\nsecret secret\n", "radius.secret": "secret\n", "ldap.secret": "secret\n", "machine.secret": "secret\n",
		"msntauth.conf": "server pdc bdc EXAMPLE\n", "hashes": "bob:878D8014606CDA29677A44EFA1353FC7\n", "groups": "Staff\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
