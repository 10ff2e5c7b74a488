package db

import "regexp"

var (
	pairPassword = regexp.MustCompile(`\bpassword\s*=\s*('(?:[^'\\]|\\.)*'|[^;:&\s]*)`)
	urlPassword  = regexp.MustCompile(`^\w+://[^/@:]*:([^/@]*)@`)
)

// PasswordsIn returns the pieces of a DSN that are passwords. They share its memory, so
// that who overwrites them overwrites them there.
func PasswordsIn(dsn string) []string {
	var found []string
	for _, re := range []*regexp.Regexp{pairPassword, urlPassword} {
		for _, at := range re.FindAllStringSubmatchIndex(dsn, -1) {
			if at[3] > at[2] {
				found = append(found, dsn[at[2]:at[3]])
			}
		}
	}
	return found
}
