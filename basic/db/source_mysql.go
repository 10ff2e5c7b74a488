package db

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
)

var errPort = errors.New("the DSN's port is not a number from 1 to 65535")

// parseMySQLURL reads mysql://USER:PASSWORD@HOST:PORT/DATABASE?socket=PATH.
func parseMySQLURL(dsn string) (source, error) {
	u, err := url.Parse(dsn)
	if err != nil || u.Opaque != "" {
		return source{}, errURL
	}
	s := source{kind: mysqlKind, database: strings.TrimPrefix(u.Path, "/"), host: u.Hostname(), port: u.Port()}
	s.userinfo(u)
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return source{}, errURL
	}
	for name, values := range query {
		if name == "socket" {
			s.socket = values[0]
		} else {
			s.ignore(name)
		}
	}
	return s, checkPort(s.port)
}

// parseDBIMySQL reads what DBD::mysql 4.050 and DBD::MariaDB do: words between
// semicolons or colons, which are pairs or, by their order, the database, the host and
// the port. An address of IPv6 stands in brackets.
func parseDBIMySQL(rest string) (source, error) {
	s := source{kind: mysqlKind}
	fields := s.mysqlFields()
	order := []string{"database", "host", "port"}
	for rest != "" {
		var word string
		word, rest = cutWord(rest)
		name, value, isPair := strings.Cut(word, "=")
		if !isPair {
			if len(order) > 0 {
				*fields[order[0]], order = word, order[1:]
			}
			continue
		}
		name = mysqlName(name)
		order = without(order, name)
		switch field, known := fields[name]; {
		case known:
			*field = value
		case name == "ssl":
			s.tls.required = isTrue(value)
		case name == "ssl_verify_server_cert":
			s.tls.verified = isTrue(value)
		case name == "read_default_file":
			return source{}, errLoginFile
		default:
			s.ignore(name)
		}
	}
	return s, checkPort(s.port)
}

// mysqlFields says where the attributes belong.
func (s *source) mysqlFields() map[string]*string {
	return map[string]*string{
		"database": &s.database, "host": &s.host, "port": &s.port, "socket": &s.socket,
		"user": &s.user, "password": &s.password,
		"ssl_ca_file": &s.tls.ca, "ssl_client_cert": &s.tls.certificate, "ssl_client_key": &s.tls.key,
	}
}

// mysqlName returns the one of an attribute's names that mysqlFields has.
func mysqlName(name string) string {
	switch name {
	case "db", "dbname":
		return "database"
	case "hostname":
		return "host"
	}
	return strings.TrimPrefix(strings.TrimPrefix(name, "mysql_"), "mariadb_")
}

func isTrue(value string) bool { return value != "" && value != "0" } // as Perl sees it

func without(list []string, name string) []string {
	var rest []string
	for _, s := range list {
		if s != name {
			rest = append(rest, s)
		}
	}
	return rest
}

// cutWord cuts the first word off. It ends with a semicolon, or with a colon that is
// not in brackets.
func cutWord(rest string) (word, after string) {
	inside := false
	for i := range len(rest) {
		switch c := rest[i]; {
		case c == '[':
			inside = strings.Contains(rest[i:], "]")
		case c == ']':
			inside = false
		case !inside && (c == ';' || c == ':'):
			return unbracket(rest[:i]), rest[i+1:]
		}
	}
	return unbracket(rest), ""
}

func unbracket(word string) string { return strings.NewReplacer("[", "", "]", "").Replace(word) }

func checkPort(port string) error {
	if n, err := strconv.ParseUint(port, 10, 16); port != "" && (err != nil || n == 0) {
		return errPort
	}
	return nil
}
