package checkup

import (
	"slices"
	"strings"

	"squidauth/cmd/internal/squidconf"
	"squidauth/helper/doctor"
)

// access is the list of http_access, of which the first line that fits counts. The numbers
// are those of first lines; -1: there is none.
type access struct {
	rules        []squidconf.Directive
	asks         int // for a login, since an acl of the line needs one
	open, closed int // to all
	strict       int // refuses whoever has not logged in: "deny !known"
	unasked      int // lets some in without a login
}

func readAccess(f *squidconf.File) access {
	logins := map[string]bool{}
	for _, d := range f.All("acl") {
		if len(d.Args) >= 2 && slices.Contains([]string{"proxy_auth", "proxy_auth_regex", "ext_user", "note", "external"}, d.Args[1]) {
			logins[d.Args[0]] = true
		}
	}
	a := access{rules: f.All("http_access"), asks: -1, open: -1, closed: -1, strict: -1, unasked: -1}
	for i, d := range a.rules {
		if len(d.Args) < 2 {
			continue
		}
		allow, names := d.Args[0] == "allow", d.Args[1:]
		all := slices.Equal(names, []string{"all"})
		asks := slices.ContainsFunc(names, func(name string) bool { return logins[strings.TrimPrefix(name, "!")] })
		for _, kind := range []struct {
			first *int
			is    bool
		}{
			{&a.asks, asks},
			{&a.open, allow && all},
			{&a.closed, !allow && all && !d.Conditional},
			{&a.strict, !allow && asks && len(names) == 1 && strings.HasPrefix(names[0], "!") && !d.Conditional},
			{&a.unasked, allow && !asks && !slices.Contains(names, "manager")},
		} {
			if kind.is && *kind.first < 0 {
				*kind.first = i
			}
		}
	}
	return a
}

// examine looks whether anything in squid.conf asks for a login at all, before everybody
// is let in or kept out.
func (a access) examine(r *doctor.Report) {
	if a.asks < 0 {
		r.Add(doctor.Finding{
			Severity: doctor.Fault, Code: "nobody-is-asked", What: "no http_access line has an acl of proxy_auth",
			Why: "nobody is asked to log in", Cure: "acl known proxy_auth REQUIRED, and: http_access allow known, http_access deny all",
		})
		return
	}
	above := func(i int) bool { return 0 <= i && i < a.asks }
	if above(a.unasked) && a.unasked != a.open {
		rule := a.rules[a.unasked]
		r.Add(doctor.Finding{
			Severity: doctor.Note, Code: "let-in-unasked", Where: rule.Position(), What: "http_access " + strings.Join(rule.Args, " ") + " stands above the line that asks for a login",
			Why: "whom it is about is let in without a login", Cure: "if that is not meant: put it below " + a.asked(),
		})
	}
	switch {
	case above(a.closed) && (a.open < 0 || a.closed < a.open):
		r.Add(doctor.Finding{
			Severity: doctor.Fault, Code: "closed-to-all", Where: a.rules[a.closed].Position(), What: "http_access deny all stands above the line that asks for a login",
			Why: "everybody is refused, and nobody is asked to log in", Cure: "put it below " + a.asked(),
		})
	case above(a.open):
		r.Add(doctor.Finding{
			Severity: doctor.Fault, Code: "open-to-all", Where: a.rules[a.open].Position(), What: "http_access allow all stands above the line that asks for a login",
			Why: "everybody is let in without a login", Cure: "take that line away, or put it below " + a.asked(),
		})
	default:
		a.examineEnd(r)
	}
}

// asked is where a login is asked for.
func (a access) asked() string { return a.rules[a.asks].Position() }

// examineEnd looks what becomes of those whom no line fits.
func (a access) examineEnd(r *doctor.Report) {
	last := a.rules[len(a.rules)-1]
	switch {
	case a.open >= 0 && 0 <= a.strict && a.strict < a.open:
		r.Good("http-access", a.rules[a.strict].Position(), "refuses who does not log in")
	case a.open >= 0:
		r.Add(doctor.Finding{
			Severity: doctor.Warning, Code: "allow-all", Where: a.rules[a.open].Position(), What: "http_access allow all: who gets that far is let in without a login",
			Cure: "end the list with http_access deny all",
		})
	case !slices.Equal(last.Args, []string{"deny", "all"}):
		r.Add(doctor.Finding{
			Severity: doctor.Warning, Code: "no-deny-all", Where: last.Position(), What: "the list of http_access does not end with deny all",
			Why: "who matches no line gets the opposite of the last one", Cure: "http_access deny all",
		})
	default:
		r.Good("http-access", a.asked(), "asks for a login")
	}
}
