package ncsa

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"squidauth/basic/passhash"
	"squidauth/helper/doctor"
)

// Examine implements doctor.Examiner: the file and what is in it. That a name has
// capital letters is wrong unless squid.conf says 'casesensitive on'.
func (b *Backend) Examine(ctx context.Context, r *doctor.Report) {
	ok := r.File(doctor.File{
		Path: b.path, Kind: "password-file",
		Make:    "htpasswd -c -B " + b.path + " USER",
		Harm:    "whoever reads the hashes can guess passwords at leisure",
		Forgery: "whoever writes it can make users and log in as anybody",
	})
	if !ok {
		return
	}
	if err := b.file.Reload(ctx); err != nil {
		r.Add(unusableFile(b.path, err))
		return
	}
	t, err := b.file.Current(ctx)
	if err != nil {
		r.Add(unusableFile(b.path, err))
		return
	}
	e := examination{b.path, t, r}
	e.users()
	e.names(b.ignoreCase)
	e.strength()
}

func unusableFile(path string, err error) doctor.Finding {
	f := doctor.Finding{Severity: doctor.Fault, Code: "password-file-unusable", Where: path, What: err.Error(), Why: "nobody can log in", Cure: "htpasswd -B " + path + " USER"}
	if errors.Is(err, errEmpty) {
		f.Code, f.What = "password-file-empty", "it is empty"
	}
	return f
}

// examination is that of the content of a file.
type examination struct {
	path string
	*table
	report *doctor.Report
}

func (e *examination) warn(code string, line int, what, why, cure string) {
	e.report.Add(doctor.Finding{Severity: doctor.Warning, Code: code, Where: fmt.Sprintf("%s:%d", e.path, line), What: what, Why: why, Cure: cure})
}

// users says how many there are, and of which lines none came.
func (e *examination) users() {
	if len(e.hashes) == 0 {
		e.warn("password-file-nobody", 1, "the file has no users", "everybody is refused", "htpasswd -B "+e.path+" USER")
		return
	}
	e.report.Good("password-file", e.path, "users: %d, who can log in: %d", len(e.table.users), len(e.hashes))
	if k := e.skipped; k.count > 0 {
		e.warn("password-file-lines", k.first, fmt.Sprintf("lines that are not user:hash: %d", k.count), "their users cannot log in", "remove them, and enter the users with htpasswd -B "+e.path+" USER")
	}
	if k := e.barred; k.count > 0 {
		e.warn("password-file-hashes", k.first, fmt.Sprintf("users with a hash that cannot be used: %d", k.count), "they cannot log in", "htpasswd -B "+e.path+" "+cmp.Or(e.someBarred(), "USER"))
	}
	if k := e.twice; k.count > 0 {
		e.warn("password-file-twice", k.first, fmt.Sprintf("lines of users that have one further up: %d", k.count), "only the last line of a user counts: an old password may be in force", "remove all lines of these users but one")
	}
}

// someBarred returns a user whose hash is none.
func (e *examination) someBarred() string {
	var names []string
	for user, i := range e.table.users {
		if i == unusable {
			names = append(names, user)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return slices.Min(names)
}

// names looks for those that Squid does not ask for.
func (e *examination) names(ignoreCase bool) {
	if k := e.capitals; k.count > 0 && !ignoreCase {
		e.warn("capital-names", k.first, fmt.Sprintf("names with capital letters: %d", k.count), "Squid asks for names in lower case: these users cannot log in", "auth_param basic casesensitive on, or give the helper --ignore-case behind ncsa")
	}
	if k := e.twins; k.count > 0 && ignoreCase {
		e.warn("twin-names", k.first, fmt.Sprintf("names that differ only by case: %d", k.count), "--ignore-case lets none of them in", "rename or remove all but one")
	}
}

// weakness says what is weak about a scheme; empty: nothing.
func weakness(s passhash.Scheme) string {
	switch s {
	case passhash.DES:
		return "DES, which knows 8 characters of a password"
	case passhash.BSDi:
		return "extended DES"
	case passhash.MD5Crypt, passhash.APR1, passhash.SunMD5:
		return "MD5"
	case passhash.MD5Hex, passhash.NT, passhash.SHA1:
		return string(s) + " without salt"
	case passhash.SSHA:
		return "SHA-1"
	}
	return ""
}

// maxNames bounds the users that one finding names.
const maxNames = 3

// strength counts the users with weak hashes, and names some.
func (e *examination) strength() {
	counts := map[string]int{}
	var names []string
	for user, i := range e.table.users {
		if i < 0 {
			continue
		}
		if w := weakness(e.hashes[i].Scheme()); w != "" {
			counts[w]++
			names = append(names, user)
		}
	}
	if len(names) == 0 {
		return
	}
	var kinds []string
	for _, w := range slices.Sorted(maps.Keys(counts)) {
		kinds = append(kinds, fmt.Sprintf("%d by %s", counts[w], w))
	}
	slices.Sort(names)
	some := strings.Join(names[:min(len(names), maxNames)], ", ")
	if len(names) > maxNames {
		some += ", …"
	}
	e.report.Add(doctor.Finding{
		Severity: doctor.Warning, Code: "weak-hashes", Where: e.path, What: fmt.Sprintf("hashes that are quickly guessed: %s (%s)", strings.Join(kinds, "; "), some),
		Why: "whoever gets at the file or a backup of it has most of these passwords in hours", Cure: "give each a new password: htpasswd -B " + e.path + " " + names[0],
	})
}
