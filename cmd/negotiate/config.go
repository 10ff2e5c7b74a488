package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"squidauth/cmd/internal/accounts"
	"squidauth/cmd/internal/program"
	"squidauth/negotiate"
	"squidauth/negotiate/kerberos"
	"squidauth/negotiate/rcache"
	"squidauth/protocol"
)

// config is what the flags say.
type config struct {
	program.Common
	identity    accounts.Identity
	keytab      string
	replayCache string
	permitRC4   bool
	maxSkew     time.Duration
	keepOld     time.Duration

	spns, realms cli.StringSlice
}

func (c *config) negotiateFlags() []cli.Flag {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "keytab", Destination: &c.keytab, Value: defaultKeytab(os.LookupEnv), Usage: "`FILE` with the service's keys"},
		&cli.StringSliceFlag{Name: "spn", Destination: &c.spns, Usage: "accept tickets for `PRINCIPAL` only, such as HTTP/proxy.example.org; may be given again (default: any of the keytab)"},
		&cli.StringSliceFlag{Name: "realm", Destination: &c.realms, Usage: "accept clients of `REALM` only; may be given again (default: all that the KDC vouches for)"},
		&cli.BoolFlag{Name: "permit-rc4", Destination: &c.permitRC4, Usage: "accept rc4-hmac, which is weak"},
		&cli.DurationFlag{Name: "keep-old-keys", Destination: &c.keepOld, Usage: "use keys for `TIME` that the keytab no longer has, until tickets for them have expired (default: not at all)"},
		&cli.DurationFlag{Name: "max-skew", Destination: &c.maxSkew, Value: kerberos.DefaultSkew, Usage: "clocks may differ by `TIME`"},
		&cli.StringFlag{Name: "replay-cache", Destination: &c.replayCache, Usage: "remember tokens in `WHERE`: file, file:PATH, memory, none (default: as MIT's library does)"},
	}
	return append(flags, c.identity.Flags()...)
}

// maxSkew bounds --max-skew: with more, a stolen token would be good for hours.
const maxSkew = time.Hour

// maxKeepOld bounds --keep-old-keys by the longest life that a ticket may have in
// practice.
const maxKeepOld = 7 * 24 * time.Hour

func (c *config) serve(ctx *cli.Context) error {
	if ctx.NArg() > 0 {
		return fmt.Errorf("negotiate takes no argument: %q", ctx.Args().First())
	}
	opt, err := c.Options(protocol.Negotiate)
	if err != nil {
		return err
	}
	names, groups, err := c.identity.Options(opt.Log)
	if err != nil {
		return err
	}
	if c.maxSkew <= 0 || c.maxSkew > maxSkew {
		return fmt.Errorf("--max-skew %v is not between 0 and %v", c.maxSkew, maxSkew)
	}
	if c.keepOld < 0 || c.keepOld > maxKeepOld {
		return fmt.Errorf("--keep-old-keys %v is not between 0 and %v", c.keepOld, maxKeepOld)
	}
	if c.permitRC4 {
		opt.Log.Warn("rc4-hmac is permitted: whoever records a login can guess the password of the service at leisure")
	}
	keytab := negotiate.OpenKeytab(c.keytab, negotiate.KeytabOptions{KeepOld: c.keepOld, Now: time.Now, Log: opt.Log})
	c.Serve(&negotiate.Handler{
		Kerberos: &kerberos.Acceptor{
			Keys:      keytab.Keys,
			Newer:     keytab.Newer,
			SPNs:      c.spns.Value(),
			Realms:    c.realms.Value(),
			PermitRC4: c.permitRC4,
			MaxSkew:   c.maxSkew,
			Replay:    c.replay(),
			Now:       time.Now,
			Rand:      rand.Reader,
		},
		Keytab:    keytab,
		Names:     names,
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
