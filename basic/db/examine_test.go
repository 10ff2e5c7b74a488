//go:build !nodb

package db

import (
	"os"
	"strings"
	"testing"

	"squidauth/helper/doctor"
)

func TestExamine(t *testing.T) {
	table := func(user, condition string) Table {
		return Table{Name: "passwd", User: user, Password: "password", Condition: condition}
	}
	path := makeSQLite(t, users)
	for _, c := range []struct {
		dsn   string
		table Table
		mode  os.FileMode
		want  string
		cure  string
	}{
		{"sqlite:" + path, table("user", "1"), 0o600, "", ""},
		{"sqlite:" + path, table("user", "1"), 0o644, "warning db-file-open", "chmod 640"},
		{"sqlite:" + path + "2", table("user", "1"), 0o600, "fault db-file-missing", "--dsn"},
		{"sqlite:" + path, table("nobody", "1"), 0o600, "fault db-query", "--usercol"},
	} {
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		var r doctor.Report
		open(t, Options{DSN: c.dsn, Table: c.table}).Examine(t.Context(), &r)
		var bad []doctor.Finding
		for _, f := range r.Findings() {
			if f.Severity != doctor.Good {
				bad = append(bad, f)
			}
		}
		switch {
		case c.want == "" && len(bad) > 0:
			t.Errorf("%+v", bad)
		case c.want != "" && (len(bad) != 1 || string(bad[0].Severity)+" "+bad[0].Code != c.want || !strings.Contains(bad[0].Cure, c.cure)):
			t.Errorf("%+v, want %s", bad, c.want)
		}
	}
}
