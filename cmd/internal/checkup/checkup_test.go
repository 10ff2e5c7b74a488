package checkup

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"squidauth/helper/doctor"
)

// patient is a helper of which nothing is wrong but what its arguments say.
type patient []string

func (p patient) Examine(_ context.Context, r *doctor.Report) {
	if slices.Contains(p, "sick") {
		r.Add(doctor.Finding{Severity: doctor.Fault, Code: "sick", What: "it says so"})
	}
	if slices.Contains(p, "shouts") {
		r.Add(doctor.Finding{Severity: doctor.Warning, Code: "capital-names", What: "it says so"})
	}
}

// me is the user that the tests run as.
func me() string {
	name, _ := doctor.Self()
	return name
}

// opened counts the patients that were not closed yet.
var opened atomic.Int32

func (p patient) Close() error {
	opened.Add(-1)
	return nil
}

func open(args []string) (doctor.Examiner, Settings, error) {
	switch {
	case slices.Contains(args, "impossible"):
		return nil, Settings{}, errors.New("that cannot be meant")
	case slices.Contains(args, "busy"):
		opened.Add(1)
		return patient(args), Settings{Concurrency: 5, KeyExtras: 2}, nil
	}
	opened.Add(1)
	return patient(args), Settings{Legacy: slices.Contains(args, "legacy")}, nil
}

// good is a squid.conf in which nothing is wrong; SELF is our program.
const good = `auth_param negotiate program SELF
auth_param negotiate children 20 on-persistent-overload=ERR
auth_param basic program SELF
acl known proxy_auth REQUIRED
http_access deny !known
http_access allow known
http_access deny all
`

// TestSquidConf changes the good file in one place and wants that change to be found, and
// nothing else.
func TestSquidConf(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	notProgram := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(notProgram, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	forAll := filepath.Join(t.TempDir(), "program")
	if err := errors.Join(os.WriteFile(forAll, nil, 0o755), os.Chmod(forAll, 0o757)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ version, old, new, want string }{
		{"5.7", "", "", ""},
		{"5.7", "negotiate program SELF", "negotiate program " + forAll, "fault program-writable"},
		{"5.7", "auth_param basic", "auth_param Basic", "fault capitals"},
		{"5.7", "auth_param basic program SELF", "auth_param basic program SELF\nauth_param basic Realm proxy", "fault capitals"},
		{"6.14", "", "", ""},
		{"5.7", "auth_param basic program SELF", "auth_param basic program SELF busy\nauth_param basic children 5 concurrency=5\nauth_param basic key_extras \"%>a %<lp\"", ""},
		{"5.7", "auth_param basic program SELF", "auth_param basic program SELF\nauth_param basic children 5 concurrency=5", "fault concurrency"},
		{"5.7", "auth_param basic program SELF", "auth_param basic program SELF busy\nauth_param basic key_extras \"%>a %<lp\"", "fault concurrency"},
		{"5.7", "auth_param basic program SELF", "auth_param basic program SELF\nauth_param basic key_extras %>a", "fault key-extras"},
		{"5.7", "auth_param basic program SELF", "auth_param basic program SELF sick", "fault sick"},
		{"5.7", "auth_param basic program SELF", "auth_param basic program SELF impossible", "fault command-line"},
		{"5.7", "auth_param basic program SELF", "auth_param basic program SELF shouts", "warning capital-names"},
		{"5.7", "auth_param basic program SELF", "auth_param basic program SELF shouts\nauth_param basic casesensitive on", ""},
		{"5.7", "auth_param basic program SELF", "auth_param basic program /bin/sh", "note other-program"},
		{"5.7", "auth_param basic program SELF", "auth_param basic program SELF\nauth_param basic program SELF", "warning program-twice"},
		{"5.7", "negotiate program SELF", "negotiate program relative", "fault program-path"},
		{"5.7", "negotiate program SELF", "negotiate program /no/such/program", "fault program-missing"},
		{"5.7", "negotiate program SELF", "negotiate program " + notProgram, "fault program-not-executable"},
		{"5.7", "children 20", "children 20 concurrency=5", "fault stateful-concurrency"},
		{"5.7", "children 20", "children 5", "warning few-children"},
		{"5.7", " on-persistent-overload=ERR", "", "note overload"},
		{"4.16", "", "", ""},
		{"3.5", "", "", "fault squid-overload"},
		{"3.4", "auth_param negotiate children 20 on-persistent-overload=ERR", "auth_param basic key_extras %>a", "fault key-extras fault squid-key-extras"},
		{"4.16", "auth_param basic program SELF", "auth_param basic program SELF\nauth_param basic utf8 on", "note squid-utf8"},
		{"3.3", "children 20 on-persistent-overload=ERR\nauth_param basic program SELF", "children 20\nauth_param basic program SELF", "warning squid-dialect"},
		{"3.3", "children 20 on-persistent-overload=ERR\nauth_param basic program SELF", "children 20\nauth_param basic program SELF legacy", ""},
		{"unknown", "", "", "note squid-version"},
		{"5.7", "auth_param negotiate", "auth_param basic program SELF\nauth_param negotiate", "warning program-twice warning scheme-order"},
		{"5.7", "http_access deny !known", "http_access allow all\nhttp_access deny !known", "fault open-to-all"},
		{"5.7", "http_access deny !known", "http_access deny all\nhttp_access deny !known", "fault closed-to-all"},
		{"5.7", "http_access deny !known", "http_access deny all\nhttp_access allow all\nhttp_access deny !known", "fault closed-to-all"},
		{"5.7", "http_access deny !known", "http_access allow all\nhttp_access deny all\nhttp_access deny !known", "fault open-to-all"},
		{"5.7", "http_access deny !known", "if false\nhttp_access deny all\nendif\nhttp_access deny !known", "note conditions"},
		{"5.7", "http_access deny !known", "http_access deny all CONNECT\nhttp_access allow localnet\nhttp_access allow localhost manager\nhttp_access deny !known", "note let-in-unasked"},
		{"5.7", "http_access deny all", "http_access allow localnet\nhttp_access deny all", ""},
		{"5.7", "http_access deny all", "acl \"\" proxy_auth x\nhttp_access deny \"\"\nhttp_access\nhttp_access deny all", ""},
		{"5.7", "http_access deny all", "http_access allow all", ""}, // behind deny !known
		{"5.7", "http_access deny !known\nhttp_access allow known\nhttp_access deny all", "http_access allow known\nhttp_access allow all", "warning allow-all"},
		{"5.7", "http_access deny !known\nhttp_access allow known\nhttp_access deny all", "http_access deny !known CONNECT\nhttp_access allow all", "warning allow-all"},
		{"5.7", "http_access deny !known\nhttp_access allow known\nhttp_access deny all", "http_access deny known\nhttp_access allow all", "warning allow-all"},
		{"5.7", "http_access deny all", "", "warning no-deny-all"},
		{"5.7", "proxy_auth REQUIRED", "src 10.0.0.0/8", "fault nobody-is-asked"},
		{"5.7", "auth_param basic program SELF", "auth_param basic program SELF \"(uid=%s)\" 'a b'", ""},
		{"5.7", "auth_param basic program SELF", "auth_param basic program SELF -f\"(uid=%s)\"", "fault quotes"},
		{"5.7", "acl known", "include /no/such/*.conf\nacl known", "fault include-missing"},
		{"5.7", "acl known", "if false\ninclude /no/such/*.conf\nendif\nacl known", "note conditions warning include-missing"},
		{"5.7", "auth_param basic program SELF", "auth_param basic program SELF --keytab /etc/squid/${service_name}.keytab", "note macros"},
		{"5.7", "acl known", "if 1 = 1\nacl known", "note conditions"},
	} {
		text := strings.ReplaceAll(strings.Replace(good, c.old, c.new, 1), "SELF", self)
		conf := filepath.Join(t.TempDir(), "squid.conf")
		if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		con := consultation{patient: Patient{Name: "basic", Scheme: "basic", Open: open}, conf: conf, version: c.version, user: me()}
		var out strings.Builder
		status, err := con.run(t.Context(), nil, &out)
		var found []string
		for _, f := range con.report.Findings() {
			if f.Severity != doctor.Good {
				found = append(found, string(f.Severity)+" "+f.Code)
			}
		}
		slices.Sort(found)
		if got := strings.Join(found, " "); got != c.want || err != nil {
			t.Errorf("%s, %q: %s, %v; want %s", c.version, c.new, got, err, c.want)
		}
		if n := opened.Load(); n != 0 {
			t.Errorf("%q: %d helpers were not closed", c.new, n)
		}
		if (status == exitFault) != strings.Contains(c.want, "fault") {
			t.Errorf("%q: status %d", c.new, status)
		}
	}
}

func TestNothingToExamine(t *testing.T) {
	conf := filepath.Join(t.TempDir(), "squid.conf")
	for _, content := range []string{"", "http_access deny all\n", "auth_param negotiate program /bin/sh\n"} {
		if err := os.WriteFile(conf, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		con := consultation{patient: Patient{Name: "basic", Scheme: "basic", Open: open}, conf: conf, version: "5.7"}
		if status, err := con.run(t.Context(), nil, new(strings.Builder)); status != exitTrouble || !errors.Is(err, errNoLine) {
			t.Errorf("status %d, %v", status, err)
		}
	}
}

// TestOtherProgram: the cure names the program by its own name, as no other has the doctor.
func TestOtherProgram(t *testing.T) {
	dir := t.TempDir()
	program, link := filepath.Join(dir, "basic-db"), filepath.Join(dir, "basic_db_auth")
	if err := errors.Join(os.WriteFile(program, nil, 0o755), os.Symlink(program, link)); err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "squid.conf")
	if err := os.WriteFile(conf, []byte("auth_param basic program "+link+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	con := consultation{patient: Patient{Name: "basic", Scheme: "basic", Open: open}, conf: conf, version: "5.7", user: me()}
	if _, err := con.run(t.Context(), nil, new(strings.Builder)); err != nil {
		t.Fatal(err)
	}
	for _, f := range con.report.Findings() {
		if f.Code == "other-program" {
			if want := program + " doctor"; !strings.Contains(f.Cure, want) {
				t.Errorf("%q lacks %s", f.Cure, want)
			}
			return
		}
	}
	t.Error("it was not found")
}

// TestEnvironment: who examines as another user leaves there no more of root's
// environment than a helper reads.
func TestEnvironment(t *testing.T) {
	root := []string{"PATH=/root/bin", "HOME=/root", "AWS_SECRET=x", "XDG_RUNTIME_DIR=/run/user/0", "KRB5_KTNAME=/k", "BIND=b=c", "BINDER=d"}
	got := environment(root, []string{"ldap", "--bind-password", "env:BIND"})
	if want := []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "KRB5_KTNAME=/k", "BIND=b=c"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// TestCopied: what is written over the words of a command line does not reach a copy.
func TestCopied(t *testing.T) {
	words := []string{"-w", "secret", ""}
	got := copied(words)
	if !slices.Equal(got, words) || unsafe.StringData(got[1]) == unsafe.StringData(words[1]) {
		t.Errorf("got %q", got)
	}
}

// TestUser: Squid's own words say as whom it runs.
func TestUser(t *testing.T) {
	for banner, want := range map[string]string{
		"Squid Cache: Version 5.7\nconfigure options:  '--with-default-user=proxy' '--x'": "proxy",
		"configure options: --with-default-user=_squid":                                   "_squid",
		"Squid Cache: Version 5.7":                                                        "", "": "",
	} {
		if got := defaultUser(banner); got != want {
			t.Errorf("%q: %q", banner, got)
		}
	}
	con := consultation{user: "nobody-of-that-name", patient: Patient{Name: "basic", Open: open}}
	if err := con.helper(t.Context(), []string{"basic"}, nil); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 && (con.report.Count(doctor.Fault) != 1 || con.report.Findings()[0].Code != "squid-user") {
		t.Errorf("%+v", con.report.Findings())
	}
}

// TestIsAnother: who is not root is told that it is not Squid's user who examines.
func TestIsAnother(t *testing.T) {
	for _, tt := range []struct {
		wanted, self string
		euid         int
		want         bool
	}{
		{"proxy", "alice", 1000, true}, {"proxy", "proxy", 13, false}, {"", "alice", 1000, false}, {"root", "root", 0, false}, {"proxy", "root", 0, false}, {"proxy", "alice", -1, false},
	} {
		if got := isAnother(tt.wanted, tt.self, tt.euid); got != tt.want {
			t.Errorf("%+v", tt)
		}
	}
}

// TestHangs: an examination that minds no context is given up.
func TestHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		hangs := make(chan struct{})
		con := consultation{}
		start := time.Now()
		con.examine(ctx, waiting(hangs))
		if f := con.report.Findings(); len(f) != 1 || f[0].Code != "unfinished" || time.Since(start) != patience+grace {
			t.Errorf("%+v after %v", f, time.Since(start))
		}
		close(hangs)
		cancel()
	})
}

// TestOpenHangs: nor is a helper waited for that does not come to be one.
func TestOpenHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := make(chan struct{})
		con := consultation{user: me(), patient: Patient{Name: "basic", Open: func([]string) (doctor.Examiner, Settings, error) {
			<-hangs
			return nil, Settings{}, nil
		}}}
		start := time.Now()
		if err := con.helper(t.Context(), []string{"basic"}, nil); err != nil {
			t.Error(err)
		}
		if f := con.report.Findings(); len(f) != 1 || f[0].Code != "unfinished" || time.Since(start) != patience {
			t.Errorf("%+v after %v", f, time.Since(start))
		}
		close(hangs)
	})
}

type waiting chan struct{}

func (w waiting) Examine(context.Context, *doctor.Report) { <-w }

func TestOwnOptions(t *testing.T) {
	for args, want := range map[string]int{"": 0, "sick": exitFault, "impossible": exitTrouble} {
		con := consultation{patient: Patient{Name: "basic", Scheme: "basic", Open: open}, as: "basic", json: true, user: me()}
		status, err := con.run(t.Context(), []string{"x", args}, new(strings.Builder))
		if status != want || (err != nil) != (want == exitTrouble) {
			t.Errorf("%q: status %d, %v", args, status, err)
		}
	}
}

// TestOwnOptionsAs: a helper that is in no squid.conf yet is examined as the user of the
// one that is there, and not as root, who can read all.
func TestOwnOptionsAs(t *testing.T) {
	conf := filepath.Join(t.TempDir(), "squid.conf")
	if err := os.WriteFile(conf, []byte("cache_effective_user nobody-of-that-name\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	con := consultation{patient: Patient{Name: "basic", Scheme: "basic", Open: open}, as: "basic", conf: conf}
	if _, err := con.run(t.Context(), []string{"x"}, new(strings.Builder)); err != nil {
		t.Fatal(err)
	}
	if con.user != "nobody-of-that-name" {
		t.Errorf("examined as %q", con.user)
	}
	if os.Geteuid() == 0 && (con.report.Count(doctor.Fault) != 1 || con.report.Findings()[0].Code != "squid-user") {
		t.Errorf("%+v", con.report.Findings())
	}
}
