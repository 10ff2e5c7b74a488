package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"squidauth/basic"
	"squidauth/basic/windows"
	"squidauth/cmd/internal/accounts"
	"squidauth/cmd/internal/mechanism"
	"squidauth/helper"
)

// windowsFlags are what the flags of "basic windows" say.
type windowsFlags struct {
	domain           mechanism.Domain
	userDomain, form string
	permitted        cli.StringSlice
	allow, deny      string // FILE
	identity         accounts.Identity
}

func windowsCommand(c *config) *cli.Command {
	var w windowsFlags
	w.identity.DefaultForm = "domain"
	flags := append(w.domain.Flags(),
		&cli.StringFlag{Name: "domain", Destination: &w.domain.Name, Usage: "ask a domain controller of `NETBIOS`"},
		&cli.StringFlag{Name: "realm", Destination: &w.domain.Realm, Usage: "the DNS name of that domain is `REALM`"},
		&cli.StringFlag{Name: "user-domain", Destination: &w.userDomain, Usage: "users who name no domain are of `NETBIOS` (default: that of --domain)"},
		&cli.StringSliceFlag{Name: "permit-domain", Destination: &w.permitted, Usage: "users may name the domain `NAME[=NETBIOS]`, and only those that are given; may be given again (default: all that the controllers know)"},
		&cli.StringFlag{Name: "name-form", Destination: &w.form, Value: "any", Usage: "users type user, domain (DOMAIN\\user), principal (user@realm) or any `FORM`"},
		&cli.StringFlag{Name: "allow-users", Destination: &w.allow, Usage: "admit only users in `FILE`, one a line; all if it is empty"},
		&cli.StringFlag{Name: "deny-users", Destination: &w.deny, Usage: "refuse users in `FILE`, one a line"})
	return &cli.Command{
		Name:  "windows",
		Usage: "check passwords with domain controllers, as a member of the domain",
		Flags: append(flags, w.identity.Flags()...),
		Action: func(ctx *cli.Context) error {
			if ctx.NArg() != 0 {
				return fmt.Errorf("windows takes no argument: %q", ctx.Args().First())
			}
			if err := notEmpty(ctx, "allow-users", "deny-users"); err != nil {
				return err
			}
			return c.serveWaiting("windows", func(opt helper.Options) (basic.Backend, error) { return w.open(opt, c.protection.folder()) })
		},
	}
}

// open opens the backend; stateDir is where the processes of the helper share other things, empty: nowhere.
func (w *windowsFlags) open(opt helper.Options, stateDir string) (basic.Backend, error) {
	names, err := w.names()
	if err != nil {
		return nil, err
	}
	accounts, groups, err := w.identity.Options(opt.Log)
	if err != nil {
		return nil, err
	}
	w.domain.StateDir, w.domain.Observe = stateDir, opt.ObserveServer
	verifier, err := w.domain.Verifier(opt.Log)
	if err != nil {
		return nil, err
	}
	o := windows.Options{
		Verifier: verifier, Computer: verifier.ComputerName(), Domain: strings.ToUpper(w.domain.Name),
		Names: names, Accounts: accounts, Groups: groups,
		Log: opt.Log, Now: time.Now, Rand: rand.Reader,
	}
	if w.allow != "" {
		o.Allow = windows.OpenUserList(w.allow, opt.Log)
	}
	if w.deny != "" {
		o.Deny = windows.OpenUserList(w.deny, opt.Log)
	}
	return windows.New(o), nil
}

func (w *windowsFlags) names() (windows.Names, error) {
	form, ok := windows.ParseForm(w.form)
	if !ok {
		return windows.Names{}, fmt.Errorf("--name-form %q is none of any, user, domain, principal", w.form)
	}
	n := windows.Names{Form: form, Default: strings.ToUpper(w.userDomain)}
	if n.Default == "" {
		n.Default = strings.ToUpper(w.domain.Name)
	}
	for _, pair := range w.permitted.Value() {
		typed, domain, named := strings.Cut(pair, "=")
		if !named {
			domain = typed
		}
		if typed == "" || domain == "" {
			return n, errors.New("--permit-domain takes NAME or NAME=NETBIOS")
		}
		if n.Domains == nil {
			n.Domains = map[string]string{}
		}
		n.Domains[typed] = strings.ToUpper(domain)
	}
	return n, nil
}
