package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"squidauth/cmd/internal/program"
	"squidauth/negotiate"
	"squidauth/negotiate/kerberos"
	"squidauth/negotiate/pac"
	"squidauth/negotiate/rcache"
	"squidauth/protocol"
)

// config is what the flags say.
type config struct {
	program.Common
	keytab      string
	replayCache string
	groupFormat string
	names       negotiate.Names
	permitRC4   bool
	maxSkew     time.Duration

	spns, realms, groups, require cli.StringSlice
}

func (c *config) negotiateFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "keytab", Destination: &c.keytab, Value: defaultKeytab(os.LookupEnv), Usage: "`FILE` with the service's keys"},
		&cli.StringSliceFlag{Name: "spn", Destination: &c.spns, Usage: "accept tickets for `PRINCIPAL` only, such as HTTP/proxy.example.org; may be given again (default: any of the keytab)"},
		&cli.StringSliceFlag{Name: "realm", Destination: &c.realms, Usage: "accept clients of `REALM` only; may be given again (default: all that the KDC vouches for)"},
		&cli.BoolFlag{Name: "permit-rc4", Destination: &c.permitRC4, Usage: "accept rc4-hmac, which is weak"},
		&cli.DurationFlag{Name: "max-skew", Destination: &c.maxSkew, Value: kerberos.DefaultSkew, Usage: "clocks may differ by `TIME`"},
		&cli.StringFlag{Name: "replay-cache", Destination: &c.replayCache, Usage: "remember tokens in `WHERE`: file, file:PATH, memory, none (default: as MIT's library does)"},
		&cli.BoolFlag{Name: "strip-realm", Destination: &c.names.StripRealm, Usage: "report user, not user@REALM"},
		&cli.BoolFlag{Name: "lower-case", Destination: &c.names.LowerCase, Usage: "report names in lower case"},
		&cli.StringFlag{Name: "group-format", Destination: &c.groupFormat, Value: "base64", Usage: "report groups as base64, sid or none `FORM`"},
		&cli.StringSliceFlag{Name: "groups", Destination: &c.groups, Usage: "report `SID` only; may be given again (default: all)"},
		&cli.StringSliceFlag{Name: "require-group", Destination: &c.require, Usage: "admit members of `SID` only; may be given again"},
	}
}

// maxSkew bounds --max-skew: with more, a stolen token would be good for hours.
const maxSkew = time.Hour

func (c *config) serve(ctx *cli.Context) error {
	if ctx.NArg() > 0 {
		return fmt.Errorf("negotiate takes no argument: %q", ctx.Args().First())
	}
	opt, err := c.Options(protocol.Negotiate)
	if err != nil {
		return err
	}
	groups, err := c.groupOptions()
	if err != nil {
		return err
	}
	if c.maxSkew <= 0 || c.maxSkew > maxSkew {
		return fmt.Errorf("--max-skew %v is not between 0 and %v", c.maxSkew, maxSkew)
	}
	if c.permitRC4 {
		opt.Log.Warn("rc4-hmac is permitted: whoever records a login can guess the password of the service at leisure")
	}
	keytab := negotiate.OpenKeytab(c.keytab, opt.Log)
	c.Serve(&negotiate.Handler{
		Kerberos: &kerberos.Acceptor{
			Keys:      keytab.Keys,
			SPNs:      c.spns.Value(),
			Realms:    c.realms.Value(),
			PermitRC4: c.permitRC4,
			MaxSkew:   c.maxSkew,
			Replay:    c.replay(),
			Now:       time.Now,
			Rand:      rand.Reader,
		},
		Keytab:    keytab,
		Names:     c.names,
		Groups:    groups,
		Log:       opt.Log,
		KeyExtras: c.KeyExtras,
	}, opt)
	return nil
}

// replay opens the replay cache when it is needed. An authenticator can be valid
// for twice the skew, since it may come from the future.
func (c *config) replay() rcache.Cache {
	return &negotiate.LazyCache{Open: func() (rcache.Cache, error) {
		return rcache.Open(c.replayCache, os.LookupEnv, 2*c.maxSkew)
	}}
}

func (c *config) groupOptions() (g negotiate.Groups, err error) {
	switch c.groupFormat {
	case "base64":
		g.Format = negotiate.GroupsBase64
	case "sid":
		g.Format = negotiate.GroupsSID
	case "none":
		g.Format = negotiate.GroupsNone
	default:
		return g, fmt.Errorf("--group-format %q is none of base64, sid, none", c.groupFormat)
	}
	only, err1 := parseSIDs("--groups", c.groups.Value())
	require, err2 := parseSIDs("--require-group", c.require.Value())
	g.Only, g.Require = only, require
	return g, errors.Join(err1, err2)
}

func parseSIDs(flag string, words []string) ([]pac.SID, error) {
	var sids []pac.SID
	for _, w := range words {
		sid, err := pac.ParseSID(w)
		if err != nil {
			return nil, fmt.Errorf("%s %q is not a SID: %w", flag, w, err)
		}
		sids = append(sids, sid)
	}
	return sids, nil
}

// defaultKeytab is where MIT's library looks.
func defaultKeytab(lookup func(string) (string, bool)) string {
	name, set := lookup("KRB5_KTNAME")
	if !set {
		return "/etc/krb5.keytab"
	}
	return keytabPath(name)
}

// keytabPath takes the type off a keytab's name.
func keytabPath(name string) string {
	for _, prefix := range []string{"FILE:", "WRFILE:"} {
		if path, ok := strings.CutPrefix(name, prefix); ok {
			return path
		}
	}
	return name
}
