package main

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"squidauth/basic"
	"squidauth/basic/ldap"
	"squidauth/helper"
)

// ldapFlags holds the flags of the command ldap.
type ldapFlags struct {
	urls                              cli.StringSlice
	base, filter, attribute, compare  string
	scope, dereference                string
	domain                            string
	bindDN, bindPassword              string
	bindKeytab, bindPrincipal         string
	referrals                         bool
	startTLS, insecure, anyCert       bool
	ca, certificate, key              string
	groupBase, groupFilter, groupAttr string
	groupFormat                       string
	require, groups                   cli.StringSlice
	admitMustChange                   bool
	connections                       int
	connectTime, answerTime           time.Duration
}

func (l *ldapFlags) flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "url", Destination: &l.urls, Usage: "ask the server at `URL`: ldaps://, ldap:// or ldapi://, or those that the DNS has: ldaps:///dc=example,dc=org; may be given again for others to try"},
		&cli.StringFlag{Name: "base", Destination: &l.base, Usage: "users are under `DN`"},
		&cli.StringFlag{Name: "filter", Destination: &l.filter, Usage: "look for the user with `FILTER`, in which %s is the name, then log in as what is found"},
		&cli.StringFlag{Name: "user-attribute", Destination: &l.attribute, Usage: "look for nothing: log in as `ATTRIBUTE`=name,base"},
		&cli.StringFlag{Name: "ad", Destination: &l.domain, Usage: "log in to the Active Directory domain `DOMAIN`, such as example.org: as name@domain, or as DOMAIN\\name where users give that"},
		&cli.StringFlag{Name: "scope", Destination: &l.scope, Value: "sub", Usage: "look for the user in base, one or sub `SCOPE`"},
		&cli.StringFlag{Name: "dereference", Destination: &l.dereference, Value: "never", Usage: "follow aliases never, always, in search or to find the base (`WHEN`: never, always, search, find)"},
		&cli.StringFlag{Name: "compare-attribute", Destination: &l.compare, Usage: "compare the password with `ATTRIBUTE` rather than log in as the user"},
		&cli.StringFlag{Name: "bind-dn", Destination: &l.bindDN, Usage: "search as `DN`, or as Active Directory's user@domain (default: as nobody)"},
		&cli.StringFlag{Name: "bind-password-file", Destination: &l.bindPassword, Usage: "`FILE` with the password of --bind-dn, or env:NAME, or credential:NAME"},
		&cli.StringFlag{Name: "bind-keytab", Destination: &l.bindKeytab, Usage: "search as an account whose key is in `FILE`, by Kerberos"},
		&cli.StringFlag{Name: "bind-principal", Destination: &l.bindPrincipal, Usage: "the account of --bind-keytab is `PRINCIPAL`, such as squid@EXAMPLE.ORG (default: the first in the file)"},
		&cli.BoolFlag{Name: "follow-referrals", Destination: &l.referrals, Usage: "look for the user also where servers refer to"},
		&cli.BoolFlag{Name: "start-tls", Destination: &l.startTLS, Usage: "protect ldap:// with StartTLS"},
		&cli.StringFlag{Name: "ca", Destination: &l.ca, Usage: "`FILE` with the CA of the servers, in PEM (default: the system's)"},
		&cli.StringFlag{Name: "certificate", Destination: &l.certificate, Usage: "`FILE` with this program's certificate, in PEM, for servers that want one"},
		&cli.StringFlag{Name: "key", Destination: &l.key, Usage: "`FILE` with the key of --certificate (default: the same file)"},
		&cli.BoolFlag{Name: "any-certificate", Destination: &l.anyCert, Usage: "accept servers with whatever certificate: whoever is in between can read passwords"},
		&cli.BoolFlag{Name: "insecure", Destination: &l.insecure, Usage: "permit ldap:// to other machines without StartTLS"},
		&cli.StringSliceFlag{Name: "require-group", Destination: &l.require, Usage: "admit members of `GROUP` only; may be given again"},
		&cli.StringSliceFlag{Name: "groups", Destination: &l.groups, Usage: "report `GROUP` only; may be given again (default: all)"},
		&cli.StringFlag{Name: "group-format", Destination: &l.groupFormat, Value: "none", Usage: "report groups as none, name or dn, with --ad as none, name, sid or base64 `FORM`"},
		&cli.StringFlag{Name: "group-base", Destination: &l.groupBase, Usage: "groups are under `DN` (default: --base)"},
		&cli.StringFlag{Name: "group-filter", Destination: &l.groupFilter, Value: ldap.DefaultGroupFilter, Usage: "a user's groups are found by `FILTER`, in which %d is the user's DN and %u the name"},
		&cli.StringFlag{Name: "group-attribute", Destination: &l.groupAttr, Value: "cn", Usage: "a group's name is in `ATTRIBUTE`"},
		&cli.BoolFlag{Name: "admit-must-change", Destination: &l.admitMustChange, Usage: "admit who must change the password before anything else"},
		&cli.IntFlag{Name: "connections", Destination: &l.connections, Usage: "keep up to `N` connections for searches and N for users (default: one for each request at a time, but no more than 32)"},
		&cli.DurationFlag{Name: "connect-timeout", Destination: &l.connectTime, Value: 5 * time.Second, Usage: "try another server if one is not connected within `TIME`"},
		&cli.DurationFlag{Name: "answer-timeout", Destination: &l.answerTime, Value: 10 * time.Second, Usage: "give a server up that does not answer within `TIME`"},
	}
}

// garbage, in percent: the library makes much of it, and little is in use. More would
// take memory and save nothing that can be measured.
const garbage = 50

func ldapCommand(c *config) *cli.Command {
	var l ldapFlags
	return &cli.Command{
		Name:  "ldap",
		Usage: "check passwords against directory servers",
		Flags: l.flags(),
		Action: func(ctx *cli.Context) error {
			if ctx.NArg() > 0 {
				return fmt.Errorf("ldap takes options only, not %q", ctx.Args().First())
			}
			if err := notEmpty(ctx, "ca"); err != nil {
				return err
			}
			l.connections = cmp.Or(l.connections, min(max(c.Concurrency, 1), 32))
			c.gcPercent = garbage
			return c.serveWaiting("ldap", func(opt helper.Options) (basic.Backend, error) { return l.open(c, opt) })
		},
	}
}

// maxConnections is what servers commonly bear of one client before they take it for an
// attack.
const maxConnections = 256

// open checks the flags and returns the backend that they describe.
func (l *ldapFlags) open(c *config, opt helper.Options) (basic.Backend, error) {
	account, err := l.account()
	if err != nil {
		return nil, err
	}
	if l.connections < 1 || l.connections > maxConnections {
		return nil, fmt.Errorf("--connections %d is not between 1 and %d", l.connections, maxConnections)
	}
	if l.connectTime < 0 || l.answerTime < 0 {
		return nil, errors.New("--connect-timeout and --answer-timeout are not negative")
	}
	pool, err := l.pool(c, opt.Log)
	if err != nil {
		return nil, err
	}
	groups, err := l.groupOptions(pool, opt.Log)
	if err != nil {
		return nil, err
	}
	return ldap.New(ldap.Options{
		Servers: pool, Account: account, Compare: l.compare, Groups: groups,
		AdmitMustChange: l.admitMustChange, Log: opt.Log,
	}), nil
}
