package kerberos

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"squidauth/helper/printable"
)

// principal is a principal's name without realm (RFC 4120 section 5.2.2).
type principal []string

// String joins the components. Two names may look the same.
func (p principal) String() string { return strings.Join(p, "/") }

func (p principal) equal(q principal) bool { return slices.Equal(p, q) }

// quote is what krb5_unparse_name escapes: no component can be taken for two, or
// for a name and a realm.
var quote = strings.NewReplacer(`\`, `\\`, "/", `\/`, "@", `\@`)

// unparse writes the name as krb5_unparse_name does.
func (p principal) unparse() string {
	parts := make([]string, len(p))
	for i, part := range p {
		parts[i] = Quote(part)
	}
	return strings.Join(parts, "/")
}

// Quote writes one component of a name as krb5_unparse_name does.
func Quote(component string) string { return quote.Replace(component) }

// maxName bounds a client's name and realm in bytes. Directories allow far less.
const maxName = 1024

// checkName refuses names that no directory holds, and that could be taken for
// something else where they are printed: MIT and Microsoft allow any bytes. It
// also refuses who is nobody (RFC 8062 section 3).
func checkName(name principal, realm string) error {
	whole := name.String()
	switch {
	case len(name) == 0 || realm == "":
		return refuse(BadName, "the ticket names no client")
	case len(whole)+len(realm) > maxName:
		return refuse(BadName, "the client's name is longer than %d bytes", maxName)
	case whole == "WELLKNOWN/ANONYMOUS" || realm == "WELLKNOWN:ANONYMOUS":
		return refuse(BadName, "the ticket is of an anonymous client")
	}
	for _, part := range append([]string{realm}, name...) {
		if part == "" || !utf8.ValidString(part) || strings.ContainsFunc(part, unicode.IsControl) {
			return refuse(BadName, "the client's name %q is not printable UTF-8", whole+"@"+realm)
		}
	}
	return nil
}

// shown makes text from the network fit for a log: some of it, and nothing
// that moves a cursor.
func shown(s string) string {
	const most = 256
	return printable.Text(s[:min(len(s), most)])
}
