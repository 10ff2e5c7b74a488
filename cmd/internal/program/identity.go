package program

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"squidauth/helper/identity"
)

// Identity holds the flags that say how users and groups are reported.
type Identity struct {
	userForm              string
	stripRealm, lowerCase bool
	groupFormat           string
	groups, require       cli.StringSlice
}

// Flags are those of schemes that learn a user's groups.
func (i *Identity) Flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "user-form", Destination: &i.userForm, Value: "principal", Usage: "report users as principal (user@REALM), user, domain (DOMAIN\\user) or upn `FORM`"},
		&cli.BoolFlag{Name: "strip-realm", Destination: &i.stripRealm, Usage: "the same as --user-form user"},
		&cli.BoolFlag{Name: "lower-case", Destination: &i.lowerCase, Usage: "report names in lower case"},
		&cli.StringFlag{Name: "group-format", Destination: &i.groupFormat, Value: "base64", Usage: "report groups as base64, sid or none `FORM`"},
		&cli.StringSliceFlag{Name: "groups", Destination: &i.groups, Usage: "report `SID` only; may be given again (default: all)"},
		&cli.StringSliceFlag{Name: "require-group", Destination: &i.require, Usage: "admit members of `SID` only; may be given again"},
	}
}

// Options checks the flags and returns what they say.
func (i *Identity) Options() (n identity.Names, g identity.Groups, err error) {
	form, ok1 := identity.ParseForm(i.userForm)
	format, ok2 := identity.ParseGroupFormat(i.groupFormat)
	switch {
	case !ok1:
		return n, g, fmt.Errorf("--user-form %q is none of principal, user, domain, upn", i.userForm)
	case !ok2:
		return n, g, fmt.Errorf("--group-format %q is none of base64, sid, none", i.groupFormat)
	case format == identity.GroupsName:
		return n, g, errors.New("--group-format name needs a directory")
	}
	if i.stripRealm {
		form = identity.Bare
	}
	only, err1 := parseSIDs("--groups", i.groups.Value())
	require, err2 := parseSIDs("--require-group", i.require.Value())
	n = identity.Names{Form: form, LowerCase: i.lowerCase}
	g = identity.Groups{Format: format, Only: only, Require: require}
	return n, g, errors.Join(err1, err2)
}

func parseSIDs(flag string, words []string) ([]identity.SID, error) {
	var sids []identity.SID
	for _, w := range words {
		sid, err := identity.ParseSID(w)
		if err != nil {
			return nil, fmt.Errorf("%s %q is %w", flag, w, err)
		}
		sids = append(sids, sid)
	}
	return sids, nil
}
