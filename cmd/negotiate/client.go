package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/kdc"
)

// client makes the tokens that a browser would.
type client struct {
	*tools
	style initiator.Style
}

const clientDescription = `Prints N lines "YR TOKEN", as Squid sends them for a browser that is given the
proxy PROXYFQDN and has the tickets which kinit got. The service ticket is that
of the credential cache, or comes from the KDC.

   kinit alice; negotiate client proxy.example.org | negotiate --keytab FILE

Only caches in files are read: KRB5CCNAME=FILE:PATH. The name is taken as it is
given, as browsers do, and not looked up in DNS.`

func (t *tools) clientCommand() *cli.Command {
	c := client{tools: t}
	return &cli.Command{
		Name:        "client",
		Usage:       "print requests of a browser, made with the tickets of kinit",
		ArgsUsage:   "PROXYFQDN [N]",
		Description: clientDescription,
		Flags:       styleFlags(&c.style),
		Action:      c.run,
	}
}

func (c *client) run(ctx *cli.Context) error {
	if ctx.NArg() < 1 || ctx.NArg() > 2 {
		return errors.New("client takes the proxy's name, and a number if there are to be several tokens")
	}
	proxy, err1 := host(ctx.Args().First())
	n, err2 := count(ctx.Args().Get(1))
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	got, err := browserTicket(proxy)
	if err == nil {
		say(os.Stderr, "negotiate: %s, credential cache %s", got.user.User, got.user.Cache)
		say(os.Stderr, "negotiate: ticket for %s from %s, good until %s", got.Ticket, got.origin, got.EndTime.Local().Format(time.DateTime))
		err = writeRequests(got.Credential, c.style, n)
	}
	if err != nil {
		return c.fail(err)
	}
	return nil
}

// found is a ticket for a proxy.
type found struct {
	initiator.Credential
	user   *kdc.Client
	origin string
}

// browserTicket gets the ticket that a browser would use.
func browserTicket(proxy string) (found, error) {
	user, err := openUser()
	if err != nil {
		return found{}, err
	}
	if got, ok := user.Cached(proxy); ok {
		return found{got, user, "the cache"}, nil
	}
	got, err := newTicket(user, proxy)
	return found{got, user, "the KDC"}, err
}

func openUser() (*kdc.Client, error) {
	return kdc.Open(os.LookupEnv, os.Geteuid(), time.Now)
}

// askTimeout is for all KDCs together. MIT's library would take longer.
const askTimeout = 30 * time.Second

func newTicket(user *kdc.Client, proxy string) (initiator.Credential, error) {
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	return user.Ticket(ctx, proxy)
}
