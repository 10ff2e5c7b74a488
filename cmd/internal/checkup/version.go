package checkup

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"time"

	"squidauth/cmd/internal/squidconf"
	"squidauth/helper/command"
	"squidauth/helper/doctor"
)

var versionText = regexp.MustCompile(`(?:Version )?(\d+)\.(\d+)`)

var userText = regexp.MustCompile(`--with-default-user=([A-Za-z0-9_.-]+)`)

// defaultUser returns the user that Squid runs as where squid.conf does not say, by its
// own words; empty: they do not say.
func defaultUser(banner string) string {
	if m := userText.FindStringSubmatch(banner); m != nil {
		return m[1]
	}
	return ""
}

// examineVersion looks at what this version of Squid cannot do.
func (c *consultation) examineVersion(text string, f *squidconf.File) {
	m := versionText.FindStringSubmatch(text)
	if m == nil {
		c.report.Add(doctor.Finding{
			Severity: doctor.Note, Code: "squid-version", What: "the version of Squid is not known: what it cannot do is not examined", Cure: "--squid-version 5.7",
		})
		return
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	c.report.Good("squid-version", "", "Squid %d.%d", major, minor)
	c.oldWords = major < 3 || major == 3 && minor < 4
	for _, s := range f.Schemes() {
		c.report.Add(limits(major, minor, s)...)
	}
}

// askSquid returns what Squid says of its version, if it is there. What others could have
// put in its place is not run, as we may be root.
func askSquid(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for _, program := range []string{"squid", "/usr/sbin/squid", "/usr/local/sbin/squid", "squid3"} {
		path, err := exec.LookPath(program)
		if err != nil || forAll(path) {
			continue
		}
		if answer, err := command.Run(ctx, path, "-v"); err == nil && answer.Status == 0 {
			return answer.Output
		}
	}
	return ""
}

// forAll reports whether everybody can change a program, or the folder that it is in.
func forAll(path string) bool {
	if runtime.GOOS == "windows" { // which has no such modes
		return false
	}
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return true
	}
	for _, p := range []string{resolved, filepath.Dir(resolved), filepath.Dir(path)} {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm()&0o002 != 0 {
			return true
		}
	}
	return false
}

// limits are what a version of Squid cannot do of what squid.conf says of a scheme.
func limits(major, minor int, s *squidconf.Scheme) (list []doctor.Finding) {
	older := func(a, b int) bool { return major < a || major == a && minor < b }
	add := func(severity doctor.Severity, code, what, why, cure string) {
		list = append(list, doctor.Finding{Severity: severity, Code: code, Where: s.Position(), What: what, Why: why, Cure: cure})
	}
	version := fmt.Sprintf("Squid %d.%d", major, minor)
	if _, found := s.Settings["key_extras"]; found && older(3, 5) {
		add(doctor.Fault, "squid-key-extras", version+" does not know key_extras", "Squid does not start", "take the line away, or use Squid 3.5 or later")
	}
	if s.Option("on-persistent-overload") != "" && older(4, 0) {
		add(doctor.Fault, "squid-overload", version+" does not know on-persistent-overload=", "Squid does not start, or ignores it", "take it away, or use Squid 4 or later")
	}
	if s.Option("on-persistent-overload") == "" && (s.Name == "ntlm" || s.Name == "negotiate") && !older(4, 0) {
		add(doctor.Note, "overload", "no on-persistent-overload=ERR in the children line of "+s.Name,
			"when too many clients wait for three minutes, Squid ends", fmt.Sprintf("auth_param %s children … on-persistent-overload=ERR", s.Name))
	}
	if _, found := s.Settings["utf8"]; found && s.Name == "basic" && older(5, 0) {
		add(doctor.Note, "squid-utf8", version+" takes all passwords for Latin-1 with utf8 on", "passwords of browsers that send UTF-8 are encoded twice", "auth_param basic utf8 off")
	}
	return list
}

// compareDialect looks whether Squid, which knows the old words only, understands the
// helper.
func compareDialect(s *squidconf.Scheme, own Settings, r *doctor.Report) {
	f := doctor.Finding{
		Severity: doctor.Fault, Code: "squid-dialect", Where: s.Position(), What: "this version of Squid knows the old words for replies only",
		Why: "every login fails", Cure: "give the helper --dialect legacy",
	}
	if s.Name == "basic" { // in which yes and no have always been the same words
		f.Severity, f.Why = doctor.Warning, "clients are shown message=, with quotes"
	}
	if !own.Legacy {
		r.Add(f)
	}
}
