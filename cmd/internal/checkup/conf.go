package checkup

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"squidauth/cmd/internal/squidconf"
	"squidauth/helper/doctor"
)

// examineConf looks at what all schemes have in common.
func examineConf(f *squidconf.File, r *doctor.Report) {
	examineIncludes(f, r)
	if f.Conditions {
		r.Add(doctor.Finding{Severity: doctor.Note, Code: "conditions", What: "squid.conf has if and endif: all lines are examined, whether they hold or not"})
	}
	if f.Macros {
		r.Add(doctor.Finding{Severity: doctor.Note, Code: "macros", What: "squid.conf has macros: they are taken for what they are in the only process of a service called squid"})
	}
	schemes := f.Schemes()
	if len(schemes) == 0 {
		r.Add(doctor.Finding{Severity: doctor.Warning, Code: "no-scheme", What: "squid.conf has no auth_param program line", Why: "nobody is asked to log in"})
		return
	}
	examineCase(f, r)
	examineOrder(schemes, r)
	readAccess(f).examine(r)
}

// examineIncludes looks for files that are not there.
func examineIncludes(f *squidconf.File, r *doctor.Report) {
	for _, d := range f.Missing {
		finding := doctor.Finding{
			Severity: doctor.Fault, Code: "include-missing", Where: d.Position(), What: d.Args[0] + " is no file, or matches none",
			Why: "Squid does not start", Cure: "mend the path, or take the line away; an empty file will do for a pattern",
		}
		if d.Conditional {
			finding.Severity, finding.Why = doctor.Warning, "Squid does not start if the line counts"
		}
		r.Add(finding)
	}
}

// examineCase looks for words that Squid knows in lower case only: it does not start with
// another scheme, and takes no notice of another setting.
func examineCase(f *squidconf.File, r *doctor.Report) {
	for _, d := range f.All("auth_param") {
		words := strings.Join(d.Args[:min(2, len(d.Args))], " ")
		if lower := strings.ToLower(words); lower != words {
			r.Add(doctor.Finding{
				Severity: doctor.Fault, Code: "capitals", Where: d.Position(), What: "auth_param " + words + " is in capitals",
				Why: "Squid does not start, or takes no notice of the line", Cure: "auth_param " + lower,
			})
		}
	}
}

// examineOrder looks at the order of the schemes: some clients take the first that they
// know.
func examineOrder(schemes []*squidconf.Scheme, r *doctor.Report) {
	strength := []string{"negotiate", "ntlm", "digest", "basic"}
	for i := range schemes[1:] {
		a, b := schemes[i], schemes[i+1]
		if slices.Index(strength, a.Name) > slices.Index(strength, b.Name) {
			r.Add(doctor.Finding{
				Severity: doctor.Warning, Code: "scheme-order", Where: b.Position(),
				What: fmt.Sprintf("%s is offered before %s", a.Name, b.Name),
				Why:  "clients that take the first scheme they know use the weaker one",
				Cure: fmt.Sprintf("put all lines of auth_param %s above those of auth_param %s", b.Name, a.Name),
			})
		}
	}
}

// fewest children that let a browser's parallel connections log in without waiting for
// one another, where a helper is reserved for a whole handshake.
const fewest = 10

// examineProgram looks at the lines of one scheme, whoever's helper it has.
func examineProgram(s *squidconf.Scheme, r *doctor.Report) {
	if len(s.Programs) > 1 {
		r.Add(doctor.Finding{
			Severity: doctor.Warning, Code: "program-twice", Where: s.Programs[0].Position(),
			What: fmt.Sprintf("auth_param %s program is there %d times", s.Name, len(s.Programs)), Why: "only the last counts",
			Cure: "take the others away",
		})
	}
	stateful := s.Name == "ntlm" || s.Name == "negotiate"
	if stateful && s.Option("concurrency") != "" && s.Concurrency() > 0 {
		r.Add(doctor.Finding{
			Severity: doctor.Fault, Code: "stateful-concurrency", Where: s.Children.Position(), What: "concurrency= with " + s.Name,
			Why: "these helpers have one client at a time: Squid ignores it, or ends", Cure: "take concurrency= away, and give children a larger number",
		})
	}
	if n := s.Max(); stateful && n > 0 && n < fewest {
		r.Add(doctor.Finding{
			Severity: doctor.Warning, Code: "few-children", Where: s.Children.Position(), What: fmt.Sprintf("only %d children for %s", n, s.Name),
			Why:  "a child is reserved for each handshake, and Squid ends when too many clients wait",
			Cure: fmt.Sprintf("auth_param %s children 50 startup=0 idle=2", s.Name),
		})
	}
	for _, d := range s.Programs {
		if d.Err != nil {
			r.Add(doctor.Finding{
				Severity: doctor.Fault, Code: "quotes", Where: d.Position(), What: d.Err.Error(), Why: "Squid does not start",
				Cure: `put each word with blanks or brackets into quotes, from its first character to its last: -f "(uid=%s)"`,
			})
		}
	}
	examinePath(s, r)
}

// examinePath looks at the program's file.
func examinePath(s *squidconf.Scheme, r *doctor.Report) {
	path := s.Command()[0]
	fault := func(code, what, cure string) {
		r.Add(doctor.Finding{Severity: doctor.Fault, Code: code, Where: s.Position(), What: what, Why: "Squid cannot start the helper, and ends", Cure: cure})
	}
	info, err := os.Stat(path)
	switch {
	case !filepath.IsAbs(path):
		fault("program-path", fmt.Sprintf("the program %q is not a whole path", path), "write the path from / on")
	case err != nil:
		fault("program-missing", err.Error(), "install it there, or mend the path")
	case !info.Mode().IsRegular() || info.Mode()&0o111 == 0:
		fault("program-not-executable", path+" is no program", "chmod 755 "+path)
	case info.Mode()&0o002 != 0 && runtime.GOOS != "windows": // which has no such modes
		r.Add(doctor.Finding{
			Severity: doctor.Fault, Code: "program-writable", Where: s.Position(), What: fmt.Sprintf("everybody on this machine can change %s (mode %04o)", path, info.Mode().Perm()),
			Why: "who does so lets anybody in, and reads all passwords", Cure: "chmod 755 " + path + ", after it has been installed anew",
		})
	default:
		r.Good("program", s.Position(), "%s: %s", s.Name, path)
	}
}

// compare looks for what squid.conf and the helper's options must say alike.
func compare(s *squidconf.Scheme, own Settings, r *doctor.Report) {
	if n := s.Concurrency(); s.Name == "basic" && n != own.Concurrency {
		cure := fmt.Sprintf("give the helper --concurrency %d", n)
		if n == 0 {
			cure = fmt.Sprintf("write concurrency=%d into the line auth_param basic children, or take --concurrency away", own.Concurrency)
		}
		r.Add(doctor.Finding{
			Severity: doctor.Fault, Code: "concurrency", Where: s.Position(),
			What: fmt.Sprintf("squid.conf says concurrency=%d, the helper's --concurrency is %d", n, own.Concurrency),
			Why:  "every login fails", Cure: cure,
		})
	}
	if n := s.KeyExtras(); n != own.KeyExtras {
		r.Add(doctor.Finding{
			Severity: doctor.Fault, Code: "key-extras", Where: s.Position(),
			What: fmt.Sprintf("squid.conf's key_extras has %d words, the helper's --key-extras is %d", n, own.KeyExtras),
			Why:  "the words are taken for a part of the password or token, and logins fail", Cure: fmt.Sprintf("give the helper --key-extras %d", n),
		})
	}
}

// refuted reports that what squid.conf says of a scheme leaves nothing of a finding.
func refuted(f doctor.Finding, s *squidconf.Scheme) bool {
	return f.Code == "capital-names" && s.Option("casesensitive") == "on"
}
