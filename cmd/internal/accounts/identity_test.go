package accounts

import (
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"squidauth/helper/identity"
)

func TestUserForm(t *testing.T) {
	for _, c := range []struct {
		byDefault, args string
		want            identity.Form
		problem         string
	}{
		{"", "", identity.Principal, ""},
		{"domain", "", identity.Domain, ""},
		{"domain", "--user-form principal", identity.Principal, ""},
		{"", "--user-form upn", identity.UPN, ""},
		{"", "--strip-realm", identity.Bare, ""},
		{"domain", "--strip-realm", identity.Bare, ""},
		{"", "--strip-realm --user-form user", identity.Bare, ""},
		{"", "--strip-realm --user-form principal", 0, "--user-form principal is another"},
		{"domain", "--user-form domain --strip-realm", 0, "--user-form domain is another"},
		{"", "--strip-realm --user-form name", 0, `"name" is none of`},
	} {
		i := Identity{DefaultForm: c.byDefault}
		var names identity.Names
		app := &cli.App{Flags: i.Flags(), Writer: io.Discard, ErrWriter: io.Discard, Action: func(*cli.Context) (err error) {
			names, _, err = i.Options(slog.New(slog.DiscardHandler))
			return err
		}}
		err := app.Run(append([]string{"program"}, strings.Fields(c.args)...))
		switch {
		case c.problem == "" && (err != nil || names.Form != c.want):
			t.Errorf("%+v: form %v, %v", c, names.Form, err)
		case c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem)):
			t.Errorf("%+v: %v", c, err)
		}
	}
}
