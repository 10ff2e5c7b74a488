package db

import "regexp"

// Passwords by the form of the DSN, up to where that form lets a word end. Words may be
// mysql_password or sslpassword as well.
var (
	urlForm   = regexp.MustCompile(`(?s)^\w+://[^/@:]*:([^/]*)@|password=([^&]*)`)
	mysqlForm = regexp.MustCompile(`(?s)password=((?:\[[^\]]*\]|[^;:])*)`)
	pgForm    = regexp.MustCompile(`(?s)password\s*=\s*((?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\\.|[^\s;\\])*)`)

	isDBI   = regexp.MustCompile(`(?i)^dbi:`)
	isMySQL = regexp.MustCompile(`(?i)^dbi:(?:mysql|mariadb)`)
)

// PasswordsIn returns the pieces of a DSN that are passwords. They share its memory, so
// that who overwrites them overwrites them there.
func PasswordsIn(dsn string) []string {
	form := urlForm
	switch {
	case isMySQL.MatchString(dsn):
		form = mysqlForm
	case isDBI.MatchString(dsn):
		form = pgForm
	}
	var found []string
	for _, at := range form.FindAllStringSubmatchIndex(dsn, -1) {
		for group := 2; group < len(at); group += 2 {
			if from, to := at[group], at[group+1]; from < to {
				found = append(found, dsn[from:to])
			}
		}
	}
	return found
}
