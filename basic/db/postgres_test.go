//go:build !nodb

package db

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestPostgresTLS: with --tls verify every server of a DSN is verified, however that is
// written, or else it is refused.
func TestPostgresTLS(t *testing.T) {
	for dsn, fit := range map[string]bool{
		"postgres://db.example/squid":                                   true,
		"postgres://db.example/squid?sslmode=disable":                   true,
		"postgres://db.example/squid?x=y&sslmode=prefer":                true,
		"postgres://db.example/squid?ssl%6dode=disable":                 true,
		"postgres://u:p?w@db.example/squid":                             true,
		"postgres://u:p?w@db.example/squid?sslmode=disable":             true,
		"postgres://u@db.example/squid?application_name=a@b":            true,
		"postgres://db.example/squid?application_name=a@b":              true,
		"postgres://db.example/squid#x":                                 true,
		"postgres://db.example?application_name=a/b@c":                  true,
		"DBI:Pg:dbname=squid;host=db.example;sslmode=disable":           true,
		"DBI:Pg:dbname=squid;host=a.example,db.example;sslmode=prefer":  true,
		"DBI:Pg:dbname=squid;host=db.example;application_name=a://b":    true,
		"DBI:Pg:dbname=squid;host=db.example;application_name=a://b?c":  true,
		"DBI:Pg:dbname=squid;host=db.example;password=":                 true,
		"DBI:Pg:dbname=squid;host=db.example;password= ":                true,
		"DBI:Pg:dbname=squid;host=db.example;application_name='a b='":   true,
		"DBI:Pg:dbname=squid;host=db.example;application_name='a b":     false,
		`DBI:Pg:dbname=squid;host=db.example;application_name=b\`:       false,
		"DBI:Pg:dbname=squid;host=db.example;application_name=\t":       false,
		"DBI:Pg:dbname=squid;host=/run/postgresql,db.example;password=": true,
	} {
		s, err := parseSource(dsn)
		if err != nil {
			t.Errorf("%s: %v", dsn, err)
			continue
		}
		e, err := newPostgres(s, Options{TLS: TLSVerify})
		if (err == nil) != fit {
			t.Errorf("%s: %v", dsn, err)
		}
		if err != nil {
			continue
		}
		cfg, err := e.config()
		if err != nil {
			t.Errorf("%s: %v", dsn, err)
			continue
		}
		servers := append(cfg.Fallbacks, &pgconn.FallbackConfig{Host: cfg.Host, Port: cfg.Port, TLSConfig: cfg.TLSConfig})
		for _, f := range servers {
			local := f.Host == "/run/postgresql"
			if local != (f.TLSConfig == nil) || !local && (f.TLSConfig.InsecureSkipVerify || f.TLSConfig.ServerName != f.Host) {
				t.Errorf("%s: %s is not verified", dsn, f.Host)
			}
		}
		if cfg.Database != "squid" && cfg.Database != "squid#x" && cfg.Database != "" {
			t.Errorf("%s: the database is %q", dsn, cfg.Database)
		}
	}
}

// TestPostgresErrors: no error of a DSN that cannot be used now holds a part of it, which
// might be one of a password.
func TestPostgresErrors(t *testing.T) {
	for _, password := range []string{`password = 's3cret one'`, `password=x\ s3cret`, `password= s3cret`, `sslpassword='it\'s s3cret'`, `password="a s3cret"`} {
		for _, trouble := range []string{"sslmode=verify-full;sslrootcert=/nonexistent", "sslmode=verify-full;sslrootcert=postgres_test.go", "port=none", "connect_timeout="} {
			b, err := Open(Options{DSN: "DBI:Pg:host=127.0.0.1;" + trouble + ";" + password, Table: Table{"passwd", "user", "password", ""}, Log: slog.New(slog.DiscardHandler)})
			if err == nil {
				defer b.Close()
				err = b.Authenticate(t.Context(), "bob", "x").Cause()
			}
			if err == nil || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%s; %s: %v", trouble, password, err)
			}
		}
	}
}

// TestPostgresUnprotected: what libpq would protect and the driver does not is not left
// out without a word.
func TestPostgresUnprotected(t *testing.T) {
	open := func(dsn string) error {
		b, err := Open(Options{DSN: dsn, Table: Table{"passwd", "user", "password", ""}, Log: slog.New(slog.DiscardHandler)})
		if err == nil {
			b.Close()
		}
		return err
	}
	for word, fit := range map[string]bool{
		"sslcrl=/crl": false, "sslcrldir=/crls": false, "requirepeer=postgres": false, "gssencmode=require": false,
		"gssencmode=prefer": true, "sslcrl=''": true, "keepalives=1": true,
	} {
		if err := open("DBI:Pg:dbname=squid;host=h;" + word); (err == nil) != fit {
			t.Errorf("%s: %v", word, err)
		}
	}
	t.Setenv("PGREQUIREPEER", "postgres")
	if err := open("postgres:///squid"); err == nil || !strings.Contains(err.Error(), "PGREQUIREPEER") {
		t.Error(err)
	}
}
