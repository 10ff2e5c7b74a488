//go:build !nodb

package db

import (
	"strings"
	"testing"
)

var (
	pgDialect = (&postgresEngine{}).dialect()
	myDialect = (&mysqlEngine{}).dialect()
)

func TestIdentifier(t *testing.T) {
	for _, c := range []struct{ name, postgres, mysql string }{
		{"passwd", `"passwd"`, "`passwd`"},
		{"Passwd", `"passwd"`, "`Passwd`"},
		{`"Passwd"`, `"Passwd"`, "`Passwd`"},
		{"`Passwd`", `"Passwd"`, "`Passwd`"},
		{"[my table]", `"my table"`, "`my table`"},
		{"user", `"user"`, "`user`"}, // a word of PostgreSQL's, which would be who asks
		{"squid.users", `"squid"."users"`, "`squid`.`users`"},
		{`squid."Users"`, `"squid"."Users"`, "`squid`.`Users`"},
		{"my-users", `"my-users"`, "`my-users`"},
		{"Bünd$1", `"bünd$1"`, "`Bünd$1`"},
		{"", "", ""}, {".", "", ""}, {"a.", "", ""}, {".a", "", ""}, {"a..b", "", ""}, {"a b", "", ""}, {"a;b", "", ""}, {"a--", `"a--"`, "`a--`"},
		{`"a`, "", ""}, {`"a"b`, "", ""}, {"`a\"b`", "", ""}, {`"a""b"`, "", ""}, {"[a`b]", "", ""}, {"a'b", "", ""}, {"f(x)", "", ""}, {`""`, "", ""},
		{"a\x00", "", ""}, {`"a\b"`, "", ""}, {"*", "", ""}, {strings.Repeat("x", 257), "", ""},
	} {
		for d, want := range map[dialect]string{pgDialect: c.postgres, myDialect: c.mysql} {
			if got, err := d.identifier(c.name); got != want || (err != nil) != (want == "") {
				t.Errorf("%q: %s, %v, want %s", c.name, got, err, want)
			}
		}
	}
}

func TestStatement(t *testing.T) {
	got, err := Table{"passwd", "user", "password", "enabled = 1 -- yes"}.statement(pgDialect)
	if want := "SELECT \"password\" FROM \"passwd\" WHERE \"user\" = $1 AND (enabled = 1 -- yes\n)"; got != want || err != nil {
		t.Errorf("%s, %v", got, err)
	}
}

// FuzzIdentifier: a name that is accepted is one list of quoted names, whatever is in
// it.
func FuzzIdentifier(f *testing.F) {
	for _, name := range []string{"passwd", `a."b c"`, "`a`.[b]", "a.b.c", `"\"`, "ü"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		for _, d := range []dialect{pgDialect, myDialect} {
			got, err := d.identifier(name)
			if err != nil {
				continue
			}
			rest := got
			for rest != "" {
				if rest[0] != d.quote {
					t.Fatalf("%q became %s", name, got)
				}
				inside, after, found := strings.Cut(rest[1:], string(d.quote))
				if !found || inside == "" || strings.ContainsAny(inside, "\x00'\\\"`") || after != "" && (after[0] != '.' || after == ".") {
					t.Fatalf("%q became %s", name, got)
				}
				rest = strings.TrimPrefix(after, ".")
			}
		}
	})
}
