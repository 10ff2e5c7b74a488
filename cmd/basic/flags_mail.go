package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"squidauth/basic"
	"squidauth/basic/mail"
	"squidauth/cmd/internal/program"
	"squidauth/helper"
)

// defaultConnections: a server makes whoever has a wrong password wait for some
// seconds, and others need not wait for them.
const defaultConnections = 20

// mailFlags are the flags of the backends that ask mail servers.
type mailFlags struct {
	startTLS, ca, tlsName, domain string
	insecure                      bool
	connections                   int
}

func pop3Command(c *config) *cli.Command { return mailCommand(c, mail.POP3, "a POP3 server") }
func imapCommand(c *config) *cli.Command { return mailCommand(c, mail.IMAP, "an IMAP server") }
func smtpCommand(c *config) *cli.Command {
	return mailCommand(c, mail.SMTP, "a server where mail is submitted by SMTP")
}

func mailCommand(c *config, p mail.Protocol, what string) *cli.Command {
	var f mailFlags
	return &cli.Command{
		Name:      p.String(),
		Usage:     "check passwords by logging in to " + what,
		ArgsUsage: fmt.Sprintf("%vs://HOST…", p),
		Flags:     f.flags(p),
		Action: func(ctx *cli.Context) error {
			if err := notEmpty(ctx, "ca", "tls-name"); err != nil {
				return err
			}
			return c.serveWaiting(p.String(), func(opt helper.Options) (basic.Backend, error) {
				return f.open(p, ctx.Args().Slice(), opt)
			})
		},
	}
}

func (f *mailFlags) flags(p mail.Protocol) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "start-tls", Destination: &f.startTLS, Value: "require", Usage: fmt.Sprintf("with %v://, STARTTLS is a `WORD`: require, offered (used if it is), never", p)},
		&cli.BoolFlag{Name: "insecure", Destination: &f.insecure, Usage: "permit passwords in the clear to other machines, with --start-tls offered or never"},
		&cli.StringFlag{Name: "ca", Destination: &f.ca, Usage: "`FILE` with the CA of the servers, in PEM (default: the system's)"},
		&cli.StringFlag{Name: "tls-name", Destination: &f.tlsName, Usage: "`NAME` that the servers' certificates are for (default: the one in the URI)"},
		&cli.StringFlag{Name: "add-domain", Destination: &f.domain, Usage: "log in as user@`DOMAIN` for a user without @"},
		&cli.IntFlag{Name: "connections", Destination: &f.connections, Value: defaultConnections, Usage: "have `N` connections open at most"},
	}
}

// open checks the flags and returns what they describe.
func (f *mailFlags) open(p mail.Protocol, servers []string, opt helper.Options) (basic.Backend, error) {
	o := mail.Options{
		Insecure: f.insecure, TLSName: f.tlsName, Domain: f.domain, Connections: f.connections, Log: opt.Log,
	}
	var known bool
	o.StartTLS, known = map[string]mail.StartTLS{"require": mail.Required, "offered": mail.Offered, "never": mail.Never}[f.startTLS]
	switch {
	case !known:
		return nil, fmt.Errorf("--start-tls %q is none of require, offered, never", f.startTLS)
	case f.connections < 1 || f.connections > maxConnections:
		return nil, fmt.Errorf("--connections %d is not between 1 and %d", f.connections, maxConnections)
	case len(servers) == 0:
		return nil, fmt.Errorf("say which server to ask, for instance: basic %v %[1]vs://mail.example.org", p)
	}
	for _, word := range servers {
		s, err := mail.ParseServer(p, word)
		if err != nil {
			return nil, err
		}
		o.Servers = append(o.Servers, s)
	}
	if f.ca != "" {
		o.CA = mail.OpenCA(f.ca, opt.Log)
	}
	return mail.New(o)
}

var errPOP3Server = errors.New("the only argument is the POP3 server")

// pop3Auth translates the command line of basic_pop3_auth, which is the name of a
// server that it asks on port 110. It knew no TLS: STARTTLS is used if it is there.
// Options of this program may stand before it.
func pop3Auth(call program.Call, args []string) (program.Call, error) {
	if len(args) == 0 {
		return call, errPOP3Server
	}
	options, server := args[:len(args)-1], args[len(args)-1]
	if server == "--help" || server == "--version" {
		call.Args = append(call.Args, server)
		return call, nil
	}
	var f mailFlags
	common, own, stray := splitFlags(options, f.flags(mail.POP3))
	if stray {
		return call, errPOP3Server
	}
	call.Args = append(append(call.Args, "--plain-messages"), common...)
	call.Args = append(append(call.Args, "pop3", "--start-tls=offered", "--insecure"), own...)
	call.Args = append(call.Args, "--", pop3Server(server))
	return call, nil
}

// pop3Server returns the URI of what basic_pop3_auth takes for a server.
func pop3Server(word string) string {
	if s, err := mail.ParseServer(mail.POP3, "pop3://"+word); err == nil {
		return s.String()
	}
	return word
}
