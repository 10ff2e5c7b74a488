//go:build !nodb

package db

import (
	"reflect"
	"strings"
	"testing"
)

func TestParseSource(t *testing.T) {
	for dsn, want := range map[string]source{
		// DBD::mysql's manual, and what its parser does with less.
		"DBI:mysql:database=squid":                                    {kind: mysqlKind, database: "squid"},
		"DBI:mysql:squid":                                             {kind: mysqlKind, database: "squid"},
		"dbi:mysql:squid:db.example:3307":                             {kind: mysqlKind, database: "squid", host: "db.example", port: "3307"},
		"DBI:mysql:database=squid;host=db.example;port=3307":          {kind: mysqlKind, database: "squid", host: "db.example", port: "3307"},
		"DBI:mysql:dbname=squid:hostname=h":                           {kind: mysqlKind, database: "squid", host: "h"},
		"DBI:mysql:host=h;squid":                                      {kind: mysqlKind, database: "squid", host: "h"},
		"DBI:mysql:;host=h":                                           {kind: mysqlKind, host: "h"},
		"DBI:mysql:":                                                  {kind: mysqlKind},
		"DBI:mysql:db=squid;host=[2001:db8::1];port=3307":             {kind: mysqlKind, database: "squid", host: "2001:db8::1", port: "3307"},
		"DBI:mysql:squid:[::1]:3307":                                  {kind: mysqlKind, database: "squid", host: "::1", port: "3307"},
		"DBI:mysql:database=squid;mysql_socket=/run/mysqld/x.sock":    {kind: mysqlKind, database: "squid", socket: "/run/mysqld/x.sock"},
		"DBI:MariaDB:database=squid;mariadb_socket=/run/x":            {kind: mysqlKind, database: "squid", socket: "/run/x"},
		"DBI:mysql:database=a=b":                                      {kind: mysqlKind, database: "a=b"},
		"DBI:mysql:squid;user=u;password=p":                           {kind: mysqlKind, database: "squid", user: "u", password: "p"},
		"DBI:mysql(RaiseError=>1,PrintError=>0):database=squid":       {kind: mysqlKind, database: "squid", ignored: []string{"(RaiseError, PrintError)"}},
		"DBI:mysql:squid;mysql_enable_utf8=1;mysql_connect_timeout=5": {kind: mysqlKind, database: "squid", ignored: []string{"enable_utf8", "connect_timeout"}},
		"DBI:mysql:squid;mysql_ssl=1;mysql_ssl_verify_server_cert=1;mysql_ssl_ca_file=/ca;mysql_ssl_client_cert=/c;mysql_ssl_client_key=/k": {
			kind: mysqlKind, database: "squid", tls: tlsWish{required: true, verified: true, ca: "/ca", certificate: "/c", key: "/k"}},

		"mysql://u:p%40ss@h:3307/squid":            {kind: mysqlKind, database: "squid", host: "h", port: "3307", user: "u", password: "p@ss"},
		"mariadb://[::1]/squid":                    {kind: mysqlKind, database: "squid", host: "::1"},
		"mysql:///squid?socket=/run/mysqld/x.sock": {kind: mysqlKind, database: "squid", socket: "/run/mysqld/x.sock"},
		"MySQL://h/squid?charset=latin1":           {kind: mysqlKind, database: "squid", host: "h", ignored: []string{"charset"}},

		// DBD::Pg's manual.
		"DBI:Pg:dbname=squid":                            {kind: postgresKind, conninfo: "dbname=squid"},
		"dbi:Pg:db=squid;host=h;port=5433":               {kind: postgresKind, conninfo: "dbname=squid host=h port=5433"},
		"DBI:Pg:database=squid host=h":                   {kind: postgresKind, conninfo: "dbname=squid host=h"},
		"DBI:Pg:host=h;database = squid;sslmode=require": {kind: postgresKind, conninfo: "host=h dbname= squid sslmode=require"},
		`DBI:Pg:dbname='a;b';host=h`:                     {kind: postgresKind, conninfo: `dbname='a;b' host=h`},
		`DBI:Pg:dbname="a;b";host=h`:                     {kind: postgresKind, conninfo: `dbname='a;b' host=h`},
		`DBI:Pg:dbname='it\'s;';host=h`:                  {kind: postgresKind, conninfo: `dbname='it\'s;' host=h`},
		"DBI:Pg:service=squid":                           {kind: postgresKind, conninfo: "service=squid"},
		"DBI:Pg:":                                        {kind: postgresKind},
		"postgres://u@h:5433/squid?sslmode=verify-full":  {kind: postgresKind, conninfo: "postgres://u@h:5433/squid?sslmode=verify-full"},
		"PostgreSQL://h/squid":                           {kind: postgresKind, conninfo: "postgresql://h/squid"},
		"DBI:SQLite:dbname=/var/lib/squid/users.db":      {kind: sqliteKind, database: "/var/lib/squid/users.db"},
		"DBI:SQLite:/var/lib/squid/users.db":             {kind: sqliteKind, database: "/var/lib/squid/users.db"},
		"dbi:SQLite:database=u.db;sqlite_unicode=1":      {kind: sqliteKind, database: "u.db", ignored: []string{"sqlite_unicode"}},
		"DBI:SQLite(AutoCommit=>1):db=u.db":              {kind: sqliteKind, database: "u.db", ignored: []string{"(AutoCommit)"}},
		"sqlite:/var/lib/squid/users.db":                 {kind: sqliteKind, database: "/var/lib/squid/users.db"},
		"sqlite:///var/lib/squid/users.db":               {kind: sqliteKind, database: "/var/lib/squid/users.db"},
		"sqlite:users.db":                                {kind: sqliteKind, database: "users.db"},
		"/var/lib/squid/users.db":                        {kind: sqliteKind, database: "/var/lib/squid/users.db"},
		"./users.db":                                     {kind: sqliteKind, database: "./users.db"},
		`C:\squid\users.db`:                              {kind: sqliteKind, database: `C:\squid\users.db`},
	} {
		got, err := parseSource(dsn)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", dsn, got, err, want)
		}
	}
}

func TestParseSourceRefuses(t *testing.T) {
	for _, dsn := range []string{
		"", "squid", "DBI:", "DBI::squid", "DBI:mysql", "DBI:mysql(", "DBI:ODBC:squid", "DBI:SQLite:", "DBI:SQLite:dbname=", "DBI:SQLite:uri=file:x",
		"sqlite:", "oracle://h/d", "mysql:squid", "postgres:squid", "mysql://h:0/squid", "mysql://h:65536/squid", "mysql://h:x/squid",
		"DBI:mysql:squid:h:port", "DBI:mysql:squid;port=-1", "DBI:mysql:squid;mysql_read_default_file=/etc/my.cnf", "mysql://h/%zz", "mysql://h/d?%zz",
		"/var/\x00",
	} {
		if got, err := parseSource(dsn); err == nil {
			t.Errorf("%q: %+v", dsn, got)
		}
	}
}

func TestPasswordsIn(t *testing.T) {
	for dsn, want := range map[string]string{
		"postgres://u:p@h/d": "p", "postgres://u@h/d": "", "postgres://h:5432/d": "", "postgres://h/d?password=p&x=y": "p", "postgres://u:p@h/d?password=q": "p q",
		"DBI:Pg:dbname=d;password=p;host=h": "p", `DBI:Pg:password = 'a\'b c' dbname=d`: `'a\'b c'`, "DBI:Pg:dbname=d": "",
		"DBI:mysql:d;password=p": "p", "DBI:mysql:password=p:d": "p", "mysql://u:p%40@h/d": "p%40", "mysql://u@h/d": "", "mysql://:@h/d": "", "sqlite:/x": "", "": "",
		"postgres://h:5432/d?options=a@b": "", "DBI:Pg:dbname=d;password=": "", "DBI:Pg:password=;dbname=d": "",

		// What a pattern that stops early would leave for all to read.
		"DBI:Pg:dbname=d;password=a:b;host=h": "a:b", "dbi:pg:password=a&b host=h": "a&b", `DBI:Pg:password=a\ b host=h`: `a\ b`,
		`DBI:Pg:dbname="d";password="a b";host=h`: `"a b"`, `DBI:Pg:password=a'b;c'd;host=h`: `a'b;c'd`,
		"DBI:mysql:d;password=a b&c;host=h": "a b&c", "DBI:mysql:d;password='a;host=h": "'a", "DBI:mysql:d;password=[a;b]:h": "[a;b]", "DBI:mysql:d;password=[a;b": "[a",
		"mysql://u:a@b@h/d": "a@b", "postgres://u:a?b@h/d": "a?b", "postgres://h/d?password=a;b&x=y": "a;b",
		"DBI:mysql:d;mysql_password=p": "p", "dbi:MariaDB:d;mariadb_password=p": "p", "DBI:Pg:dbname=d;sslpassword=p": "p", "postgres://h/d?sslpassword=p": "p",
	} {
		if got := strings.Join(PasswordsIn(dsn), " "); got != want {
			t.Errorf("%s: %q", dsn, got)
		}
	}
}

// FuzzParseSource: no error holds a part of the DSN beyond its driver, and what a DSN
// was made of comes back from it.
func FuzzParseSource(f *testing.F) {
	for _, dsn := range []string{
		"DBI:mysql:database=squid;host=[::1];port=3307", "DBI:Pg:dbname='a;b';host=h", "dbi:SQLite(A=>1):dbname=x", "mysql://u:p@h:1/d?socket=/s",
		"postgres://h/d", "sqlite:x", "DBI:mysql:[;:]", "DBI:mysql:a]b[:",
	} {
		f.Add(dsn, "squid", "db.example", uint16(3307))
	}
	f.Fuzz(func(t *testing.T, dsn, database, host string, port uint16) {
		s, err := parseSource(dsn)
		switch {
		case err != nil && s.kind != 0 && s.kind != mysqlKind:
			t.Errorf("%q: an error and %+v", dsn, s)
		case err == nil && (s.kind < sqliteKind || s.kind > mysqlKind || s.kind == sqliteKind && s.database == ""):
			t.Errorf("%q: %+v", dsn, s)
		}
		if err != nil && len(dsn) > 60 && strings.Contains(err.Error(), dsn[30:]) {
			t.Errorf("the error quotes the DSN: %v", err)
		}
		if strings.ContainsAny(database+host, "[]:;=\x00") || host == "" || port == 0 {
			return
		}
		want := source{kind: mysqlKind, database: database, host: host, port: itoa(port)}
		for _, made := range []string{
			"DBI:mysql:" + database + ":" + host + ":" + itoa(port),
			"DBI:mysql:" + database + ";host=" + host + ";port=" + itoa(port),
			"dbi:MariaDB:port=" + itoa(port) + ":hostname=[" + host + "];db=" + database,
		} {
			if got, err := parseSource(made); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%q: %+v, %v, want %+v", made, got, err, want)
			}
		}
	})
}
