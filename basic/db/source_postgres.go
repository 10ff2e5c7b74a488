package db

import (
	"regexp"
	"strings"
)

func parsePostgresURL(dsn string) (source, error) {
	scheme, rest, _ := strings.Cut(dsn, ":")
	if !strings.HasPrefix(rest, "//") {
		return source{}, errURL
	}
	return source{kind: postgresKind, conninfo: strings.ToLower(scheme) + ":" + rest}, nil
}

var (
	dbiName       = regexp.MustCompile(`\b(?:db|database)\s*=`)
	dbiQuotedName = regexp.MustCompile(`dbname\s*=\s*["'][^"']`)
)

// parseDBIPostgres reads what DBD::Pg 3.16 does: libpq's words, between semicolons or
// blanks, with db and database in place of dbname.
func parseDBIPostgres(rest string) (source, error) {
	if at := dbiName.FindStringIndex(rest); at != nil {
		rest = rest[:at[0]] + "dbname=" + rest[at[1]:]
	}
	if dbiQuotedName.MatchString(rest) {
		rest = strings.ReplaceAll(rest, `"`, `'`)
	}
	return source{kind: postgresKind, conninfo: blankSemicolons(rest)}, nil
}

// blankSemicolons turns the semicolons that are not between single quotes into blanks.
func blankSemicolons(s string) string {
	out := []byte(s)
	quoted := false
	for i := 0; i < len(out); i++ {
		switch {
		case out[i] == '\'':
			quoted = !quoted
		case out[i] == '\\' && quoted:
			i++ // the next one has no meaning
		case out[i] == ';' && !quoted:
			out[i] = ' '
		}
	}
	return string(out)
}
