// Package accounts holds the options of schemes that learn who a user is from a
// domain: how users and groups are reported, and which directory knows their names.
package accounts

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"

	"github.com/urfave/cli/v2"

	"squidauth/helper/directory"
	"squidauth/helper/identity"
)

// Identity holds the flags that say how users and groups are reported.
type Identity struct {
	DefaultForm string // of --user-form; empty: principal

	userForm              string // empty: not given
	stripRealm, lowerCase bool
	groupFormat           string
	groups, require       cli.StringSlice
	ldap                  LDAP
}

// Flags are those of schemes that learn a user's groups.
func (i *Identity) Flags() []cli.Flag {
	i.DefaultForm = cmp.Or(i.DefaultForm, "principal")
	flags := []cli.Flag{
		&cli.StringFlag{Name: "user-form", Destination: &i.userForm, DefaultText: i.DefaultForm, Usage: "report users as principal (user@REALM), user, domain (DOMAIN\\user) or upn `FORM`"},
		&cli.BoolFlag{Name: "strip-realm", Destination: &i.stripRealm, Usage: "the same as --user-form user"},
		&cli.BoolFlag{Name: "lower-case", Destination: &i.lowerCase, Usage: "report names in lower case"},
		&cli.StringFlag{Name: "group-format", Destination: &i.groupFormat, Value: "base64", Usage: "report groups as base64, sid, name or none `FORM`"},
		&cli.StringSliceFlag{Name: "groups", Destination: &i.groups, Usage: "report `GROUP` only, a SID or a name; may be given again (default: all)"},
		&cli.StringSliceFlag{Name: "require-group", Destination: &i.require, Usage: "admit members of `GROUP` only, a SID or a name; may be given again"},
	}
	return append(flags, i.ldap.Flags()...)
}

// Options checks the flags and returns what they say.
func (i *Identity) Options(log *slog.Logger) (n identity.Names, g identity.Groups, err error) {
	form, ok1 := identity.ParseForm(cmp.Or(i.userForm, i.DefaultForm))
	format, ok2 := identity.ParseGroupFormat(i.groupFormat)
	switch {
	case !ok1:
		return n, g, fmt.Errorf("--user-form %q is none of principal, user, domain, upn", i.userForm)
	case !ok2:
		return n, g, fmt.Errorf("--group-format %q is none of base64, sid, name, none", i.groupFormat)
	case i.stripRealm && i.userForm != "" && form != identity.Bare:
		return n, g, fmt.Errorf("--strip-realm is --user-form user, and --user-form %s is another", i.userForm)
	}
	if i.stripRealm {
		form = identity.Bare
	}
	n = identity.Names{Form: form, LowerCase: i.lowerCase}
	g, err = i.groupOptions(format, log)
	return n, g, err
}

func (i *Identity) groupOptions(format identity.GroupFormat, log *slog.Logger) (identity.Groups, error) {
	g := identity.Groups{Format: format}
	var err error
	if g.Only, err = identity.ParseGroups(i.groups.Value()); err != nil {
		return g, fmt.Errorf("--groups %w", err)
	}
	if g.Require, err = identity.ParseGroups(i.require.Value()); err != nil {
		return g, fmt.Errorf("--require-group %w", err)
	}
	named := format == identity.GroupsName || len(g.Only.Names)+len(g.Require.Names) > 0
	switch {
	case i.ldap.given():
		pool, err := i.ldap.pool(log)
		if err != nil {
			return g, err
		}
		g.Directory = directory.New(directory.Options{Servers: pool, Base: i.ldap.base, Log: log})
	case named:
		return g, errors.New("names of groups need a directory: give --ldap-uri, or SIDs and another --group-format")
	}
	return g, nil
}
