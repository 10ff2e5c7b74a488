//go:build unix

package packaging_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// host is the root of a system with our programs in two places, and Squid's.
type host struct {
	t   *testing.T
	dir string
	env []string // besides that of the test
}

const (
	ours  = "/usr/libexec/squidauth"
	local = "/usr/local/libexec/squidauth"
	squid = "/usr/lib/squid"
)

func newHost(t *testing.T) *host {
	h := &host{t: t, dir: t.TempDir()}
	for _, libexec := range []string{ours, local} {
		h.mkdir(libexec + "/drop-in")
		h.write(libexec+"/basic", libexec)
		for _, name := range []string{"basic_ncsa_auth", "ncsa_auth"} {
			h.link("../basic", libexec+"/drop-in/"+name)
		}
	}
	h.mkdir(squid)
	h.env = []string{"DESTDIR=" + h.dir}
	return h
}

func (h *host) check(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) mkdir(path string) { h.check(os.MkdirAll(h.dir+path, 0o755)) }

func (h *host) write(path, content string) {
	h.check(os.WriteFile(h.dir+path, []byte(content), 0o755))
}

func (h *host) link(target, path string) { h.check(os.Symlink(target, h.dir+path)) }

// run runs drop-in.sh and reports whether it was content.
func (h *host) run(args ...string) bool {
	h.t.Helper()
	return h.script("drop-in.sh", args...)
}

func (h *host) script(name string, args ...string) bool {
	h.t.Helper()
	cmd := exec.Command("sh", append([]string{name}, args...)...)
	cmd.Env = append(os.Environ(), h.env...)
	out, err := cmd.CombinedOutput()
	h.t.Logf("%s: %v\n%s", strings.Join(args, " "), err, out)
	return err == nil
}

// has says what is at a path of Squid's: a file's content, or what a link leads to.
func (h *host) has(name string) string {
	path := filepath.Join(h.dir+squid, name)
	if target, err := os.Readlink(path); err == nil {
		return "-> " + target
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return "nothing"
	}
	return string(content)
}

func (h *host) want(name, want string) {
	h.t.Helper()
	if got := h.has(name); got != want {
		h.t.Errorf("%s: got %q, want %q", name, got, want)
	}
}

const kept = "basic_ncsa_auth.before-squidauth"

// TestOtherPrefix: a link of ours that leads elsewhere is not kept in the place of what
// it replaced.
func TestOtherPrefix(t *testing.T) {
	h := newHost(t)
	h.write(squid+"/basic_ncsa_auth", "Squid's own")
	h.run("install", local, squid, "force")
	h.want("basic_ncsa_auth", "-> "+local+"/drop-in/basic_ncsa_auth")
	h.run("install", ours, squid, "force")
	h.want("basic_ncsa_auth", "-> "+ours+"/drop-in/basic_ncsa_auth")
	h.want(kept, "Squid's own")
	if !h.run("remove", local) { // not theirs to take, and no reason for them to stay
		t.Error("programs whose links others have taken over cannot be taken away")
	}
	if _, err := os.Stat(h.dir + local + "/drop-in.places"); err == nil {
		t.Error("they are held to have links still")
	}
	h.want("basic_ncsa_auth", "-> "+ours+"/drop-in/basic_ncsa_auth")
	h.run("remove", ours, squid)
	h.want("basic_ncsa_auth", "Squid's own")
	h.want(kept, "nothing")
	h.want("ncsa_auth", "nothing")
}

// TestSlash: a shell that completes names puts a slash behind folders. dpkg knows no path
// with two, and a link with two is not known again without.
func TestSlash(t *testing.T) {
	h := newHost(t)
	h.write(squid+"/basic_ncsa_auth", "Squid's own")
	h.run("install", ours+"/", squid+"//", "force")
	h.want("basic_ncsa_auth", "-> "+ours+"/drop-in/basic_ncsa_auth")
	if places, err := os.ReadFile(h.dir + ours + "/drop-in.places"); err != nil || string(places) != squid+"\n" {
		t.Errorf("%q, %v", places, err)
	}
	if !h.run("remove", ours, squid+"/") {
		t.Error("it fails")
	}
	h.want("basic_ncsa_auth", "Squid's own")
	for _, args := range [][]string{{"install", "squidauth", squid}, {"install", ours, "squid"}, {"remove", "squidauth"}, {"remove", ours, "squid"}, {"remove", ours, ""}} {
		if h.run(args...) {
			t.Errorf("%q: a path that is not whole is taken", args)
		}
	}
}

// TestKeptLink: what was there may be a link, which leads nowhere from outside DESTDIR.
func TestKeptLink(t *testing.T) {
	h := newHost(t)
	h.link("/etc/alternatives/basic_ncsa_auth", squid+"/basic_ncsa_auth")
	h.run("install", ours, squid, "force")
	h.want("basic_ncsa_auth", "-> "+ours+"/drop-in/basic_ncsa_auth")
	h.run("remove", ours, squid)
	h.want("basic_ncsa_auth", "-> /etc/alternatives/basic_ncsa_auth")
	h.want(kept, "nothing")
}

// TestUpgraded: a package has put a newer file in the place of the link.
func TestUpgraded(t *testing.T) {
	h := newHost(t)
	h.write(squid+"/basic_ncsa_auth", "old")
	h.run("install", ours, squid, "force")
	h.check(os.Remove(h.dir + squid + "/basic_ncsa_auth"))
	h.write(squid+"/basic_ncsa_auth", "new")
	h.run("remove", ours, squid)
	h.want("basic_ncsa_auth", "new")
	h.run("install", ours, squid, "force")
	h.run("remove", ours, squid)
	h.want("basic_ncsa_auth", "new")
}

// TestFormerName: a name that ours have no more is taken out all the same, and so is all
// if our programs are gone.
func TestFormerName(t *testing.T) {
	h := newHost(t)
	h.write(squid+"/basic_ncsa_auth", "Squid's own")
	h.run("install", ours, squid, "force")
	h.check(os.RemoveAll(h.dir + ours))
	h.run("remove", ours, squid)
	h.want("basic_ncsa_auth", "Squid's own")
	h.want("ncsa_auth", "nothing")
	if h.run("install", ours, squid, "force") {
		t.Error("it installs programs that are not there")
	}
	h.want("*", "nothing")
}

// TestPackageRemoved: with the package what drop-in.sh did goes, but not with an upgrade.
func TestPackageRemoved(t *testing.T) {
	for _, word := range []string{"remove", "0"} {
		h := newHost(t)
		h.mkdir("/usr/share/squidauth")
		content, err := os.ReadFile("drop-in.sh")
		h.check(err)
		h.write("/usr/share/squidauth/drop-in.sh", string(content))
		h.write(squid+"/basic_ncsa_auth", "Squid's own")
		h.run("install", ours, squid, "force")
		for _, upgrade := range []string{"upgrade", "1"} {
			h.script("pre-remove.sh", upgrade)
			h.want("basic_ncsa_auth", "-> "+ours+"/drop-in/basic_ncsa_auth")
		}
		if !h.script("pre-remove.sh", word) {
			t.Error("it fails")
		}
		h.want("basic_ncsa_auth", "Squid's own")
		h.want("ncsa_auth", "nothing")
	}
}

// TestNeverWithout has each command of the script that changes anything fail in its turn:
// Squid finds a program at any time, and another run puts all right.
func TestNeverWithout(t *testing.T) {
	for _, step := range []string{"install", "remove"} {
		for n := 1; ; n++ {
			h := newHost(t)
			h.write(squid+"/basic_ncsa_auth", "Squid's own")
			if step == "remove" {
				h.run("install", ours, squid, "force")
			}
			if !h.failing(n, step) {
				break
			}
			if got := h.has("basic_ncsa_auth"); got == "nothing" {
				t.Errorf("%s: nothing is there after command %d failed", step, n)
			}
			h.run("install", ours, squid, "force")
			h.want("basic_ncsa_auth", "-> "+ours+"/drop-in/basic_ncsa_auth")
			h.run("remove", ours, squid)
			h.want("basic_ncsa_auth", "Squid's own")
			h.want(kept, "nothing")
		}
	}
}

// failing runs the script with a PATH whose n-th call of mv, ln or rm fails. It reports
// whether there was one.
func (h *host) failing(n int, step string) bool {
	bin, calls := h.t.TempDir(), filepath.Join(h.t.TempDir(), "calls")
	for _, name := range []string{"mv", "ln", "rm"} {
		real, err := exec.LookPath(name)
		h.check(err)
		script := "#!/bin/sh\necho >>" + calls + "\n[ $(wc -l <" + calls + ") -ne " + string(rune('0'+n)) + " ] || exit 1\nexec " + real + " \"$@\"\n"
		h.check(os.WriteFile(filepath.Join(bin, name), []byte(script), 0o755))
	}
	env := h.env
	h.env = append(env[:1:1], "PATH="+bin+":"+os.Getenv("PATH"))
	h.run(step, ours, squid, "force")
	h.env = env
	content, err := os.ReadFile(calls)
	h.check(err)
	return n < 9 && len(content) >= n
}

// TestInterruptedDiversion: dpkg has been told, and then something failed. Another run
// goes on where the first one stopped.
func TestInterruptedDiversion(t *testing.T) {
	if _, err := exec.LookPath("dpkg-divert"); err != nil {
		t.Skip("there is no dpkg here")
	}
	h := newHost(t)
	h.mkdir("/dpkg/updates")
	h.write("/dpkg/status", "")
	h.mkdir("/bin")
	h.write("/bin/dpkg", "#!/bin/sh\ncase $2 in *basic_ncsa_auth) ;; *) exit 1 ;; esac\n") // the package's file
	h.env = []string{"DPKG_ADMINDIR=" + h.dir + "/dpkg", "PATH=" + h.dir + "/bin:" + os.Getenv("PATH")}
	h.write(squid+"/basic_ncsa_auth", "Squid's own")
	path := h.dir + squid + "/basic_ncsa_auth"
	h.check(os.Link(path, path+".before-squidauth"))
	divert := exec.Command("dpkg-divert", "--quiet", "--local", "--no-rename", "--divert", path+".before-squidauth", "--add", path)
	divert.Env = append(os.Environ(), h.env...)
	h.check(divert.Run())
	if !h.run("install", h.dir+ours, h.dir+squid, "force") {
		t.Error("it does not go on")
	}
	h.want("basic_ncsa_auth", "-> "+h.dir+ours+"/drop-in/basic_ncsa_auth")
	h.run("remove", h.dir+ours, h.dir+squid)
	h.want("basic_ncsa_auth", "Squid's own")
	h.want(kept, "nothing")
	if list, err := os.ReadFile(h.dir + "/dpkg/diversions"); err != nil || len(list) > 0 {
		t.Errorf("dpkg still diverts: %q, %v", list, err)
	}
}
