// Package mechanism is what the flags of Kerberos and of NTLM say, in each program
// that has them.
package mechanism

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"squidauth/helper/doctor"
	"squidauth/helper/identity"
	"squidauth/negotiate"
	"squidauth/negotiate/kerberos"
	"squidauth/negotiate/rcache"
)

// Kerberos holds the flags that say how tickets are accepted.
type Kerberos struct {
	Keytab      string
	replayCache string
	permitRC4   bool
	maxSkew     time.Duration
	keepOld     time.Duration

	spns, realms cli.StringSlice
}

// Flags are those of programs that accept tickets.
func (c *Kerberos) Flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "keytab", Destination: &c.Keytab, Value: DefaultKeytab(os.LookupEnv), Usage: "`FILE` with the service's keys"},
		&cli.StringSliceFlag{Name: "spn", Destination: &c.spns, Usage: "accept tickets for `PRINCIPAL` only, such as HTTP/proxy.example.org; may be given again (default: any of the keytab)"},
		&cli.StringSliceFlag{Name: "realm", Destination: &c.realms, Usage: "accept clients of `REALM` only; may be given again (default: all that the KDC vouches for)"},
		&cli.BoolFlag{Name: "permit-rc4", Destination: &c.permitRC4, Usage: "accept rc4-hmac, which is weak"},
		&cli.DurationFlag{Name: "keep-old-keys", Destination: &c.keepOld, Usage: "use keys for `TIME` that the keytab no longer has, until tickets for them have expired (default: not at all)"},
		&cli.DurationFlag{Name: "max-skew", Destination: &c.maxSkew, Value: kerberos.DefaultSkew, Usage: "clocks may differ by `TIME`"},
		&cli.StringFlag{Name: "replay-cache", Destination: &c.replayCache, Usage: "remember tokens in `WHERE`: file, file:PATH, memory, none (default: as MIT's library does)"},
	}
}

// MaxSkew bounds --max-skew: with more, a stolen token would be good for hours.
const MaxSkew = time.Hour

// maxKeepOld bounds --keep-old-keys by the longest life that a ticket may have in
// practice.
const maxKeepOld = 7 * 24 * time.Hour

// Handler checks the flags and returns what they describe.
func (c *Kerberos) Handler(log *slog.Logger, names identity.Names, groups identity.Groups, keyExtras int) (*negotiate.Handler, error) {
	switch {
	case c.maxSkew <= 0 || c.maxSkew > MaxSkew:
		return nil, fmt.Errorf("--max-skew %v is not between 0 and %v", c.maxSkew, MaxSkew)
	case c.keepOld < 0 || c.keepOld > maxKeepOld:
		return nil, fmt.Errorf("--keep-old-keys %v is not between 0 and %v", c.keepOld, maxKeepOld)
	}
	if c.permitRC4 {
		log.Warn("rc4-hmac is permitted: whoever records a login can guess the password of the service at leisure")
	}
	keytab := negotiate.OpenKeytab(c.Keytab, negotiate.KeytabOptions{KeepOld: c.keepOld, Now: time.Now, Log: log})
	return &negotiate.Handler{
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
		Log:       log,
		KeyExtras: keyExtras,
	}, nil
}

// replay opens the replay cache when it is needed. An authenticator can be valid
// for twice the skew, since it may come from the future.
func (c *Kerberos) replay() rcache.Cache {
	return &negotiate.LazyCache{
		Open: func() (rcache.Cache, error) { return rcache.Open(c.replayCache, os.LookupEnv, 2*c.maxSkew) },
		Look: func(r *doctor.Report) { rcache.Examine(r, c.replayCache, os.LookupEnv) },
	}
}

// DefaultKeytab is where MIT's library looks.
func DefaultKeytab(lookup func(string) (string, bool)) string {
	name, set := lookup("KRB5_KTNAME")
	if !set {
		return "/etc/krb5.keytab"
	}
	return KeytabPath(name)
}

// KeytabPath takes the type off a keytab's name.
func KeytabPath(name string) string {
	for _, prefix := range []string{"FILE:", "WRFILE:"} {
		if path, ok := strings.CutPrefix(name, prefix); ok {
			return path
		}
	}
	return name
}
