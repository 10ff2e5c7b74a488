package db

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// A kind is a kind of database server, or SQLite.
type kind int

const (
	sqliteKind kind = iota + 1
	postgresKind
	mysqlKind // also MariaDB
)

func (k kind) String() string {
	return map[kind]string{sqliteKind: "SQLite", postgresKind: "PostgreSQL", mysqlKind: "MySQL"}[k]
}

// A source is a DSN taken apart: which database is asked, and where. What it does
// not say is empty.
type source struct {
	kind kind

	database string // SQLite: the path of the file
	host     string
	port     string
	socket   string // MySQL: a Unix socket
	user     string
	password string

	// conninfo is what PostgreSQL's libpq calls a connection string: a URL, or
	// words KEY=VALUE. It says all of the above.
	conninfo string

	tls tlsWish // MySQL; PostgreSQL has it in conninfo

	ignored []string // names of attributes without a meaning here
}

// A tlsWish is what a DSN for MySQL says about TLS.
type tlsWish struct {
	required, verified   bool
	ca, certificate, key string // paths of PEM files
}

var (
	errNoDSN     = errors.New("the DSN is empty: it is for instance postgres://host/database, mysql://host/database, sqlite:/path or DBI:mysql:database=squid")
	errUnknown   = errors.New("the DSN begins with none of postgres://, mysql://, mariadb://, sqlite: and DBI: as it should")
	errNoPath    = errors.New("the DSN names no file")
	errLoginFile = errors.New("mysql_read_default_file is not read: write the password into a file of its own for --password-file, and the rest into the DSN")
	errURL       = errors.New("the URL cannot be read: are characters such as @, / or blanks in names and passwords written as %XX?")
	errNUL       = errors.New("the DSN holds a NUL byte")
)

// parseSource reads a DSN: postgres://, mysql:// and mariadb:// URLs, sqlite: and a
// path, a path alone, and the DSNs of Perl's DBI for the drivers Pg, mysql, MariaDB
// and SQLite. Its errors hold no part of the DSN but a scheme or driver.
func parseSource(dsn string) (source, error) {
	scheme, rest, found := strings.Cut(dsn, ":")
	switch {
	case dsn == "":
		return source{}, errNoDSN
	case strings.Contains(dsn, "\x00"):
		return source{}, errNUL
	case dsn[0] == '/', dsn[0] == '.', len(scheme) == 1 && found: // a drive of Windows
		return sqliteFile(dsn)
	}
	switch strings.ToLower(scheme) {
	case "dbi":
		return parseDBI(rest)
	case "sqlite", "sqlite3":
		return sqliteFile(strings.TrimPrefix(rest, "//"))
	case "postgres", "postgresql":
		return parsePostgresURL(dsn)
	case "mysql", "mariadb":
		return parseMySQLURL(dsn)
	}
	return source{}, errUnknown
}

// dbiPrefix is what follows "dbi:" up to the driver's own part: the driver, and in
// parentheses attributes of Perl's handle (DBI 1.643, parse_dsn).
var dbiPrefix = regexp.MustCompile(`^(\w*)(?:\(([^)]*)\))?:`)

func parseDBI(rest string) (source, error) {
	m := dbiPrefix.FindStringSubmatch(rest)
	if m == nil || m[1] == "" {
		return source{}, errors.New("the DSN is not of the form DBI:DRIVER:…")
	}
	rest = rest[len(m[0]):]
	var s source
	var err error
	switch strings.ToLower(m[1]) {
	case "mysql", "mariadb":
		s, err = parseDBIMySQL(rest)
	case "pg", "pgpp":
		s, err = parseDBIPostgres(rest)
	case "sqlite":
		s, err = parseDBISQLite(rest)
	default:
		return source{}, fmt.Errorf("there is no driver %.20q here: only mysql, MariaDB, Pg and SQLite", m[1])
	}
	if m[2] != "" {
		s.ignored = append(s.ignored, "("+firstWords(m[2])+")")
	}
	return s, err
}

// firstWords returns the names of NAME=>VALUE pairs.
func firstWords(pairs string) string {
	var names []string
	for pair := range strings.SplitSeq(pairs, ",") {
		name, _, _ := strings.Cut(pair, "=")
		names = append(names, strings.TrimSpace(name))
	}
	return strings.Join(names, ", ")
}

func sqliteFile(path string) (source, error) {
	if path == "" {
		return source{}, errNoPath
	}
	return source{kind: sqliteKind, database: path}, nil
}

// parseDBISQLite reads what DBD::SQLite does: a path, or pairs between semicolons.
func parseDBISQLite(rest string) (source, error) {
	if !strings.Contains(rest, "=") {
		return sqliteFile(rest)
	}
	path := rest
	var ignored []string
	for pair := range strings.SplitSeq(rest, ";") {
		switch name, value, _ := strings.Cut(pair, "="); name {
		case "db", "dbname", "database":
			path = value
		case "uri":
			return source{}, errors.New("uri= is not read: name the file with dbname=")
		default:
			ignored = append(ignored, name)
		}
	}
	s, err := sqliteFile(path)
	s.ignored = ignored
	return s, err
}

// userinfo takes user and password from a URL.
func (s *source) userinfo(u *url.URL) {
	if u.User != nil {
		s.user = u.User.Username()
		s.password, _ = u.User.Password()
	}
}

// ignore notes attributes that have no meaning here.
func (s *source) ignore(name string) {
	if name != "" && !slices.Contains(s.ignored, name) {
		s.ignored = append(s.ignored, name)
	}
}
