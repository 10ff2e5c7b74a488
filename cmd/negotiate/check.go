package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"squidauth/cmd/internal/mechanism"
	"squidauth/negotiate"
	"squidauth/negotiate/kerberos"
	"squidauth/negotiate/kerberos/examine"
	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/kdc"
	"squidauth/negotiate/rcache"
)

// check holds a keytab against the KDC.
type check struct {
	*tools
	keytab       string
	spns, realms cli.StringSlice
	permitRC4    bool
	maxSkew      time.Duration
}

const checkDescription = `Gets a new ticket from the KDC, as a browser would that is given the proxy
PROXYFQDN, and holds it against the keytab as the helper would that is given the same options:

   kinit alice; negotiate check --keytab FILE proxy.example.org

Says what it finds. The exit status is 0 if users can log in with this keytab,
2 if they cannot, and 1 if that cannot be found out.`

func (t *tools) checkCommand() *cli.Command {
	c := check{tools: t}
	return &cli.Command{
		Name:        "check",
		Usage:       "say whether keytab and KDC agree, with the tickets of kinit",
		ArgsUsage:   "PROXYFQDN",
		Description: checkDescription,
		Flags: []cli.Flag{
			keytabFlag(&c.keytab),
			&cli.StringSliceFlag{Name: "spn", Destination: &c.spns, Usage: "as the helper's: accept tickets for `PRINCIPAL` only; may be given again"},
			&cli.StringSliceFlag{Name: "realm", Destination: &c.realms, Usage: "as the helper's: accept clients of `REALM` only; may be given again"},
			&cli.BoolFlag{Name: "permit-rc4", Destination: &c.permitRC4, Usage: "as the helper's: accept rc4-hmac"},
			&cli.DurationFlag{Name: "max-skew", Destination: &c.maxSkew, Value: kerberos.DefaultSkew, Usage: "as the helper's: clocks may differ by `TIME`"},
		},
		Action: c.run,
	}
}

func (c *check) run(ctx *cli.Context) error {
	if ctx.NArg() != 1 {
		return errors.New("check takes the proxy's name")
	}
	proxy, err := host(ctx.Args().First())
	if err != nil {
		return err
	}
	if c.maxSkew <= 0 || c.maxSkew > mechanism.MaxSkew {
		return fmt.Errorf("--max-skew %v is not between 0 and %v", c.maxSkew, mechanism.MaxSkew)
	}
	content, keys, err := c.readKeytab(&c.keytab)
	if err != nil {
		return c.fail(err)
	}
	user, err := openUser()
	if err != nil {
		return c.fail(err)
	}
	say(os.Stdout, "keytab:  %s has %s", c.keytab, initiator.Describe(keys))
	say(os.Stdout, "user:    %s, credential cache %s", user.User, user.Cache)
	got, err := newTicket(user, proxy)
	if errors.Is(err, kdc.ErrUnknownService) {
		return c.disagree(err)
	}
	if err != nil {
		return c.fail(err)
	}
	say(os.Stdout, "ticket:  for %s", got.Ticket)
	accepted, err := c.accept(content, got)
	if err != nil {
		return c.disagree(why(err, got.Ticket, keys))
	}
	say(os.Stdout, "yes:     the keytab opens the KDC's ticket, with the key of %s; the user is %s@%s", accepted.Service, accepted.Client, accepted.Realm)
	return nil
}

func (c *check) disagree(err error) error {
	say(os.Stdout, "no:      %v", err)
	c.status = exitNo
	return nil
}

// accept does what the helper does with a login.
func (c *check) accept(keytab []byte, login initiator.Credential) (*kerberos.Context, error) {
	keys, err := kerberos.ParseKeytab(keytab)
	if err != nil {
		return nil, err
	}
	replay, err := rcache.Open("none", os.LookupEnv, 0)
	if err != nil {
		return nil, err
	}
	a := &kerberos.Acceptor{
		Keys:      func(context.Context) (*kerberos.Keyring, error) { return keys, nil },
		SPNs:      c.spns.Value(),
		Realms:    c.realms.Value(),
		PermitRC4: c.permitRC4,
		MaxSkew:   c.maxSkew,
		Replay:    replay,
		Now:       time.Now,
		Rand:      rand.Reader,
	}
	token, err := login.Token(time.Now(), initiator.Style{})
	if err != nil {
		return nil, err
	}
	step, err := negotiate.NewHandshake(a).Next(context.Background(), token)
	return step.Context, err
}

// why says in words for what reason the keytab does not open a ticket.
func why(err error, t initiator.Ticket, keys []initiator.ServiceKey) error {
	var refused *kerberos.Error
	if !errors.As(err, &refused) || refused.Reason != kerberos.NoKey && refused.Reason != kerberos.BadTicket {
		return err
	}
	return examine.Disagreement(t, keys)
}
