package main

import (
	"fmt"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"squidauth/negotiate/kerberos/initiator"
)

// mint makes tokens that the helper accepts, without a KDC.
type mint struct {
	*tools
	keytab, spn, user string
	style             initiator.Style
}

const mintDescription = `Prints N lines "YR TOKEN", as Squid sends them for users who log in:

   negotiate mint --keytab FILE | negotiate --keytab FILE

answers OK. The tickets in them are made up with the keytab's own key, live for
five minutes and name no groups. That the helper accepts them shows that helper
and keytab agree, not that the KDC agrees: "negotiate check" shows that.

Whoever can read a keytab can log in to its service as anybody, with this
program or without: nobody but root and the helper may read it.`

func (t *tools) mintCommand() *cli.Command {
	m := mint{tools: t}
	return &cli.Command{
		Name:        "mint",
		Usage:       "print requests that the helper accepts, made with the keytab alone",
		ArgsUsage:   "[N]",
		Description: mintDescription,
		Flags: append([]cli.Flag{
			keytabFlag(&m.keytab),
			&cli.StringFlag{Name: "spn", Destination: &m.spn, Usage: "take the key of `PRINCIPAL` (default: the keytab's first of HTTP)"},
			&cli.StringFlag{Name: "user", Destination: &m.user, Value: "mint", Usage: "who logs in: `USER@REALM` (default realm: that of the key)"},
		}, styleFlags(&m.style)...),
		Action: m.run,
	}
}

// ticketLife is long enough: the time in a request is good for as long.
const ticketLife = 5 * time.Minute

func (m *mint) run(ctx *cli.Context) error {
	if ctx.NArg() > 1 {
		return fmt.Errorf("mint takes one number, not %d arguments", ctx.NArg())
	}
	n, err := count(ctx.Args().First())
	if err != nil {
		return err
	}
	_, keys, err := m.readKeytab(&m.keytab)
	if err != nil {
		return m.fail(err)
	}
	key, err := initiator.Choose(keys, m.spn)
	if err != nil {
		return m.fail(err)
	}
	user, err := initiator.ParsePrincipal(m.user, key.Principal.Realm)
	if err != nil {
		return fmt.Errorf("--user: %w", err)
	}
	made, err := initiator.Forge(key, user, time.Now(), ticketLife)
	if err == nil {
		err = writeRequests(made, m.style, n)
	}
	if err != nil {
		return m.fail(err)
	}
	say(os.Stderr, "negotiate: %d of %s, made with the key %s of %s: if the helper accepts, it agrees with this keytab, which does not mean that the KDC does",
		n, user, key, m.keytab)
	if key.Weak() {
		say(os.Stderr, "negotiate: the key is weak, and the helper takes it with --permit-rc4 only")
	}
	return nil
}
