//go:build unix

package e2e_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"squidauth/e2e"
)

// makeAt runs make with targets and variables for a system whose root is dir.
func makeAt(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(e2e.Need(t, "make"), append([]string{"-C", "..", "DESTDIR=" + dir, "PREFIX=/usr"}, args...)...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// tree lists what is in a folder: paths, modes, what links lead to and files say.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		b.WriteString(strings.TrimPrefix(path, dir) + " " + info.Mode().String())
		switch target, _ := os.Readlink(path); {
		case target != "":
			b.WriteString(" -> " + target)
		case info.Mode().IsRegular() && info.Size() < 100:
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			b.WriteString(" " + string(bytes.TrimSpace(content)))
		}
		b.WriteByte('\n')
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestInstall puts our programs into a system with Squid's own, and takes them out again:
// no file is replaced unasked, and in the end everything is as it was.
func TestInstall(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	squid := filepath.Join(dir, "usr/lib/squid")
	if err := os.MkdirAll(squid, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"usr/libexec", "usr/share/man/man8", "usr/share/bash-completion/completions"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	theirs := filepath.Join(squid, "basic_ncsa_auth")
	if err := os.WriteFile(theirs, []byte("Squid's own\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	before := tree(t, dir)
	if out, err := makeAt(t, dir, "install", "GO=/no/such/go"); err != nil || strings.Contains(out, "/no/such/go") {
		t.Fatalf("without Go: %v\n%s", err, out)
	}
	passwd := filepath.Join(dir, "passwd")
	if err := os.WriteFile(passwd, []byte("bob:5ebe2294ecd0e0f08eab7690d2a6ee69\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(dir, "usr/libexec/squidauth/drop-in/basic_ncsa_auth"), passwd)
	cmd.Stdin = strings.NewReader("bob secret\nbob guess\n")
	if out, err := cmd.Output(); err != nil || string(out) != "OK\nERR Wrong password\n" {
		t.Errorf("the link in our own folder: %q, %v", out, err)
	}
	for _, page := range ourPrograms(t) {
		file := filepath.Join(dir, "usr/share/man/man8/squidauth-"+page+".8")
		man := exec.Command(e2e.Need(t, "man"), "--warnings", "-l", file)
		man.Env = append(os.Environ(), "LC_ALL=C")
		out, err := man.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "squidauth-"+page) || strings.Contains(string(out), "warning:") {
			t.Errorf("%s: %v\n%.500s", file, err, out)
		}
	}

	out, err := makeAt(t, dir, "install-drop-in")
	if content, _ := os.ReadFile(theirs); err == nil || !strings.Contains(out, "was left alone") || string(content) != "Squid's own\n" {
		t.Errorf("a file was replaced unasked, or nobody was told: %q, %v\n%s", content, err, out)
	}
	for range 2 { // the second time nothing is left to do
		if out, err := makeAt(t, dir, "install-drop-in", "FORCE=yes"); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
	if target, err := os.Readlink(theirs); err != nil || target != "/usr/libexec/squidauth/drop-in/basic_ncsa_auth" {
		t.Errorf("%s, %v", target, err)
	}
	for range 2 {
		if out, err := makeAt(t, dir, "uninstall"); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
	if err := os.Remove(passwd); err != nil {
		t.Fatal(err)
	}
	if after := tree(t, dir); after != before {
		t.Errorf("uninstalling left\n%s\nand before there was\n%s", after, before)
	}
}

// TestInstallElsewhere has the programs in a folder that PREFIX has nothing to do with.
func TestInstallElsewhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, folder := range []string{"opt", "usr/share/man/man8", "usr/share/bash-completion/completions"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	before := tree(t, dir)
	const libexec = "LIBEXEC=/opt/squid-helpers"
	if out, err := makeAt(t, dir, libexec, "install"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command(filepath.Join(dir, "opt/squid-helpers/drop-in/negotiate_kerberos_auth"), "--version").CombinedOutput()
	if err != nil || len(out) == 0 {
		t.Errorf("the link in that folder: %q, %v", out, err)
	}
	if out, err := makeAt(t, dir, libexec, "uninstall"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if after := tree(t, dir); after != before {
		t.Errorf("uninstalling left\n%s\nand before there was\n%s", after, before)
	}
}

// ourPrograms returns the names of all that are built.
func ourPrograms(t *testing.T) (names []string) {
	t.Helper()
	mains, err := filepath.Glob("../cmd/*/main.go")
	if err != nil || len(mains) == 0 {
		t.Fatalf("no programs: %v", err)
	}
	for _, main := range mains {
		names = append(names, filepath.Base(filepath.Dir(main)))
	}
	return names
}

// TestDropIn has names in Squid's directories taken and given back where that is not as
// simple as in TestInstall: each script makes an odd state, and what it prints at the end
// must be what is wanted.
func TestDropIn(t *testing.T) {
	t.Parallel()
	// ncsa tells whose helper is in the folder $1.
	const setup = `
libexec=/opt/squidauth
mkdir -p $libexec/drop-in /opt/squid
for program in basic basic-pam; do echo ours >$libexec/$program; done
ln -s ../basic $libexec/drop-in/basic_ncsa_auth
ln -s ../basic-pam $libexec/drop-in/basic_pam_auth
echo theirs >/opt/squid/basic_ncsa_auth
drop_in() { sh cmd/internal/packaging/drop-in.sh "$@" >/dev/null 2>&1; }
ncsa() { if grep -xq ours $1/basic_ncsa_auth; then echo ours; elif grep -Eq 'crypt|theirs' $1/basic_ncsa_auth; then echo theirs; fi; }
`
	for name, tt := range map[string]struct{ script, want string }{
		"from all places": {`
drop_in install $libexec /usr/lib/squid force; drop_in install $libexec /opt/squid force
ncsa /usr/lib/squid; ncsa /opt/squid
drop_in remove $libexec
ncsa /usr/lib/squid; ncsa /opt/squid; dpkg --verify squid; dpkg-divert --list '/usr/lib/squid/*'; ls $libexec`,
			"ours ours theirs theirs basic basic-pam drop-in"},
		"from one place": {`
drop_in install $libexec /usr/lib/squid force; drop_in install $libexec /opt/squid force
drop_in remove $libexec /opt/squid
ncsa /usr/lib/squid; ncsa /opt/squid; cat $libexec/drop-in.places`,
			"ours theirs /usr/lib/squid"},
		"one program": {`
drop_in install $libexec /usr/lib/squid force
PROGRAM=basic-pam drop_in remove $libexec
ncsa /usr/lib/squid; readlink /usr/lib/squid/basic_pam_auth || echo theirs; cat $libexec/drop-in.places`,
			"ours theirs /usr/lib/squid"},
		"names that are no longer installed": {`
drop_in install $libexec /opt/squid force
rm -r $libexec/drop-in
drop_in remove $libexec; ncsa /opt/squid; ls /opt/squid`,
			"theirs basic_ncsa_auth"},
		"the kept file is gone": {`
drop_in install $libexec /usr/lib/squid force
rm /usr/lib/squid/*.before-squidauth
drop_in remove $libexec; echo $?; dpkg-divert --list '/usr/lib/squid/*'; ls /usr/lib/squid/basic_ncsa_auth 2>/dev/null || echo gone`,
			"0 gone"},
		"a new file came in the place of the link": {`
drop_in install $libexec /opt/squid force
rm /opt/squid/basic_ncsa_auth; echo newer >/opt/squid/basic_ncsa_auth
drop_in remove $libexec; cat /opt/squid/basic_ncsa_auth`,
			"newer"},
		"a file in the place of the link of a diverted name": {`
drop_in install $libexec /usr/lib/squid force
rm /usr/lib/squid/basic_ncsa_auth; echo newer >/usr/lib/squid/basic_ncsa_auth
drop_in install $libexec /usr/lib/squid force; echo $?; cat /usr/lib/squid/basic_ncsa_auth; grep -q crypt /usr/lib/squid/basic_ncsa_auth.before-squidauth && echo kept`,
			"1 newer kept"},
		"the link is gone": {`
drop_in install $libexec /opt/squid force
rm /opt/squid/basic_ncsa_auth
drop_in remove $libexec; ncsa /opt/squid`,
			"theirs"},
		"what cannot be put back": {`
drop_in install $libexec /opt/squid force
mount --bind /opt/squid /opt/squid; mount -o remount,bind,ro /opt/squid
drop_in remove $libexec; echo $?; cat $libexec/drop-in.places; ncsa /opt/squid`,
			"1 /opt/squid ours"},
		"no such directory": {`
drop_in install $libexec /opt/none force || echo $?; ls $libexec`,
			"1 basic basic-pam drop-in"},
		"AppArmor": {`
export DESTDIR=/opt/root
mkdir -p $DESTDIR/sys/kernel/security/apparmor $DESTDIR/etc/apparmor.d/local $DESTDIR/opt/squid; cp -r $libexec $DESTDIR/opt
echo '/usr/sbin/squid (enforce)' >$DESTDIR/sys/kernel/security/apparmor/profiles
drop_in install $libexec /opt/squid force || echo $?; ls $DESTDIR/opt/squid
echo 'include if exists "/usr/share/squidauth/apparmor"' >$DESTDIR/etc/apparmor.d/local/usr.sbin.squid
drop_in install $libexec /opt/squid force; ls $DESTDIR/opt/squid`,
			"1 basic_ncsa_auth basic_pam_auth"},
		"wrong words": {`drop_in || echo $?; drop_in instal a b || echo $?; drop_in install a || echo $?`,
			"2 2 2"},
	} {
		t.Run(name, func(t *testing.T) {
			stock(t)
			out := e2e.OnOtherMachine(t, "set +e"+setup+tt.script)
			if got := strings.Join(strings.Fields(out), " "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestPreRemove: Squid gets its own helpers back before the package is removed, and not
// when a new version follows.
func TestPreRemove(t *testing.T) {
	t.Parallel()
	stock(t)
	const script = `
mkdir -p /usr/libexec/squidauth/drop-in /usr/share/squidauth
ln -s ../basic /usr/libexec/squidauth/drop-in/basic_ncsa_auth
ln -s ../basic-pam /usr/libexec/squidauth/drop-in/basic_pam_auth
touch /usr/libexec/squidauth/basic /usr/libexec/squidauth/basic-pam
install cmd/internal/packaging/drop-in.sh /usr/share/squidauth
/usr/share/squidauth/drop-in.sh install /usr/libexec/squidauth /usr/lib/squid force >/dev/null
links() { echo $(find /usr/lib/squid -type l -printf '%f '); }
for word in "upgrade 2.0" "deconfigure in-favour" 1 failed-upgrade; do sh cmd/internal/packaging/pre-remove.sh $word; done
links
sh cmd/internal/packaging/pre-remove-pam.sh 0
links
echo 'auth_param basic program /usr/libexec/squidauth/basic ncsa /x' >/etc/squid/conf.d/x.conf
sh cmd/internal/packaging/pre-remove.sh remove
links
dpkg --verify squid
`
	out := strings.Split(e2e.OnOtherMachine(t, script), "\n")
	want := []string{"basic_ncsa_auth basic_pam_auth", "basic_ncsa_auth", "/etc/squid/conf.d/x.conf names programs of this package, which are gone now", "", ""}
	out[0] = strings.Join(slices.Sorted(strings.FieldsSeq(out[0])), " ")
	if !slices.Equal(out, want) {
		t.Errorf("got %q, want %q", out, want)
	}
}
