// Package try is the command try of the helpers: a client that logs in, to a helper that
// it starts as Squid would, or to a proxy at work, and shows each leg.
package try

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"squidauth/helper/printable"
	"squidauth/helper/secret"
	"squidauth/protocol"
)

const description = `Logs in as a client would, and shows each leg: to a helper, started as Squid starts it,

   try --user alice /usr/local/libexec/squidauth/basic ncsa /etc/squid/passwd

or to a proxy at work, for a page:

   try --user 'EXAMPLE\alice' --proxy proxy.example.org:3128 --url http://www.example.org/

The password is asked for, or read from standard input, or comes from --password-file.
Negotiate uses the tickets of kinit, for the name in --proxy or --proxy-name. With --load
many clients log in, and a summary says how that went: a wrong password may lock the
account. The exit status is 0 if the client was let in, 2 if not, and 1 if that cannot be
found out, such as with a proxy that lets in who does not log in.`

// Exit statuses.
const (
	exitTrouble = 1
	exitNo      = 2
)

// Bounds of a load.
const (
	maxLogins = 1_000_000
	maxAtOnce = 1000
)

// attempt is what the command line says.
type attempt struct {
	scheme                string
	user, passwordFile    string
	proxy, proxyName, url string
	load, atOnce          int
	patience              time.Duration
	target                *url.URL
	command               []string
}

// Command returns the command try of a scheme. status is set to the exit status.
func Command(scheme string, status *int) *cli.Command {
	a := attempt{scheme: scheme}
	return &cli.Command{
		Name:        "try",
		Usage:       "log in as a client, to a helper or to a proxy",
		ArgsUsage:   "[HELPER ARG…]",
		Description: description,
		Flags:       a.flags(),
		Action: func(ctx *cli.Context) (err error) {
			if err := a.check(ctx.Args().Slice()); err != nil {
				return err
			}
			*status, err = a.run(ctx.Context, os.Stdin, os.Stdout)
			return err
		},
	}
}

func (a *attempt) flags() []cli.Flag {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "proxy", Destination: &a.proxy, Usage: "log in to the proxy at `HOST:PORT`, not to a helper"},
		&cli.StringFlag{Name: "url", Destination: &a.url, Value: "http://www.example.org/", Usage: "ask the proxy for `URL`"},
		&cli.IntFlag{Name: "load", Destination: &a.load, Usage: "log in `N` times"},
		&cli.IntFlag{Name: "at-once", Destination: &a.atOnce, Value: 1, Usage: "with --load, `N` clients at once, with a helper or a connection each"},
		&cli.DurationFlag{Name: "patience", Destination: &a.patience, Value: time.Minute, Usage: "give up a login after `TIME`"},
	}
	if a.scheme == "negotiate" {
		return append(flags, &cli.StringFlag{Name: "proxy-name", Destination: &a.proxyName, Usage: "get a ticket for the proxy called `NAME` (default: that of --proxy)"})
	}
	return append(flags,
		&cli.StringFlag{Name: "user", Destination: &a.user, Usage: "log in as `NAME`"},
		&cli.StringFlag{Name: "password-file", Destination: &a.passwordFile, Usage: "`FILE` with the password, or env:NAME (default: it is asked for)"})
}

// check says what is wrong with the command line.
func (a *attempt) check(command []string) (err error) {
	a.command = command
	switch {
	case (a.proxy == "") == (len(command) == 0):
		return errors.New("say whom to log in to: a helper with its arguments, or --proxy HOST:PORT")
	case a.scheme != "negotiate" && a.user == "":
		return errors.New("--user is missing")
	case a.scheme == "basic" && strings.Contains(a.user, ":"):
		return errors.New("a user's name in the Basic scheme has no colon")
	case a.load < 0 || a.load > maxLogins || a.atOnce < 1 || a.atOnce > maxAtOnce:
		return fmt.Errorf("--load is between 1 and %d, --at-once between 1 and %d", maxLogins, maxAtOnce)
	case a.patience <= 0:
		return errors.New("--patience is more than nothing")
	}
	if a.proxy != "" {
		host, _, err := net.SplitHostPort(a.proxy)
		if err != nil {
			return fmt.Errorf("--proxy: %w", err)
		}
		if a.proxyName == "" {
			a.proxyName = host
		}
		if a.target, err = url.Parse(a.url); err != nil || a.target.Host == "" || a.target.Scheme != "http" && a.target.Scheme != "https" {
			return fmt.Errorf("--url %q is no page", a.url)
		}
		if a.target.Scheme == "https" && a.target.Port() == "" {
			a.target.Host = net.JoinHostPort(a.target.Hostname(), "443")
		}
	}
	if a.scheme == "negotiate" && a.proxyName == "" {
		return errors.New("--proxy-name is missing: clients get a ticket for the name by which they call the proxy")
	}
	return nil
}

func (a *attempt) run(ctx context.Context, in *os.File, out io.Writer) (status int, err error) {
	make, err := a.client(ctx, in)
	if err != nil {
		return exitTrouble, err
	}
	if a.load > 0 {
		return a.many(ctx, make, out)
	}
	p, err := a.peer()
	if err != nil {
		return exitTrouble, err
	}
	defer p.close()
	ctx, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	r := run(ctx, p, make(), out)
	switch {
	case r.err != nil:
		return exitTrouble, r.err
	case r.outcome == protocol.Accepted:
		if err := a.checkAsks(ctx); err != nil {
			return exitTrouble, err
		}
		fmt.Fprintf(out, "let in after %v\n", r.took.Round(10*time.Microsecond))
		return 0, nil
	case r.outcome == protocol.Denied:
		fmt.Fprintln(out, "refused")
	default:
		fmt.Fprintln(out, "not let in: the helper could not tell, its log says why")
	}
	return exitNo, nil
}

func (a *attempt) many(ctx context.Context, make func() login, out io.Writer) (int, error) {
	l := load{logins: a.load, atOnce: min(a.atOnce, a.load), patience: a.patience, peer: a.peer, login: make}
	if term.IsTerminal(int(os.Stderr.Fd())) {
		l.bar = &bar{out: os.Stderr}
	}
	s, err := l.run(ctx)
	if err != nil {
		return exitTrouble, err
	}
	s.write(out)
	if s.accepted < a.load {
		return exitNo, nil
	}
	ctx, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	if err := a.checkAsks(ctx); err != nil {
		return exitTrouble, err
	}
	return 0, nil
}

// checkAsks returns an error if there is a proxy that asks for no login.
func (a *attempt) checkAsks(ctx context.Context) error {
	if a.proxy == "" {
		return nil
	}
	p := openProxy(a.scheme, a.proxy, a.target)
	defer p.close()
	return p.checkAsks(ctx)
}

// client returns what makes logins.
func (a *attempt) client(ctx context.Context, in *os.File) (func() login, error) {
	if a.scheme == "negotiate" {
		ticket, err := openTicket(ctx, a.proxyName)
		return func() login { return kerberosLogin(ticket) }, err
	}
	password, err := a.readPassword(ctx, in)
	if a.scheme == "ntlm" {
		return func() login { return &ntlmLogin{user: a.user, password: password} }, err
	}
	return func() login { return basicLogin(a.user, password) }, err
}

func (a *attempt) peer() (peer, error) {
	if a.proxy != "" {
		return openProxy(a.scheme, a.proxy, a.target), nil
	}
	return startHelper(a.scheme, a.command)
}

// maxPassword bounds a password that is typed or read, in bytes.
const maxPassword = 4096

func (a *attempt) readPassword(ctx context.Context, in *os.File) (string, error) {
	if a.passwordFile != "" {
		source, err := secret.Open(a.passwordFile, secret.Config{Kind: "password", Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			return "", err
		}
		password, err := source.Current(ctx)
		return string(password), err
	}
	if term.IsTerminal(int(in.Fd())) {
		fmt.Fprintf(os.Stderr, "Password of %s: ", printable.Text(a.user))
		b, err := term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(os.Stderr)
		return string(b), err
	}
	line, err := bufio.NewReader(io.LimitReader(in, maxPassword)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.TrimRight(line, "\r\n"), nil
}
