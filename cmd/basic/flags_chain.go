package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"squidauth/basic/chain"
	"squidauth/cmd/internal/program"
	"squidauth/helper"
)

const chainDescription = `Each link is the command line of a backend, and a comma stands alone between two:

   basic chain ldap --url ldaps://dc.example.test --base dc=example,dc=test , ncsa /etc/squid/passwd

NAME:ARGUMENT is short for NAME ARGUMENT, and for the first option of a backend that takes
options only: ldap:URL, radius:SERVER, kerberos:REALM, windows:DOMAIN, pam:SERVICE, db:DSN. A
link that does not know the user passes on to the next; any other answer is the chain's.
Rules before a link's name change that:

   on-unknown=stop         no such user
   on-refused=next         a wrong password, or another refusal
   on-unavailable=next     the link could not tell: unless a later one says yes, the chain cannot either`

var (
	errNoLinks   = errors.New("say which backends to ask, with a comma that stands alone between two: basic chain ldap … , ncsa /etc/squid/passwd")
	errEmptyLink = errors.New("a link of the chain names no backend")
)

func chainCommand(c *config) *cli.Command {
	return &cli.Command{
		Name:            "chain",
		Usage:           "ask several backends, one after the other, until one knows the user",
		ArgsUsage:       "[RULE…] BACKEND [its options] ARGUMENTS , …",
		Description:     chainDescription,
		SkipFlagParsing: true, // the options are those of the links
		Action: func(ctx *cli.Context) error {
			words := ctx.Args().Slice()
			switch {
			case len(words) == 0:
				return errNoLinks
			case words[0] == "--help" || words[0] == "-h":
				return cli.ShowSubcommandHelp(ctx)
			}
			links, err := c.links(words)
			if err != nil || links == nil {
				return err
			}
			return c.answer("chain", func(opt helper.Options) (*protected, error) { return c.openChain(links, opt) })
		},
	}
}

// link is a link of a chain that has not been opened yet.
type link struct {
	chain.Link
	commandLine []string
	open        opener
}

// links reads the command lines of a chain. There are none if one asks for help.
func (c *config) links(words []string) ([]link, error) {
	var links []link
	count := make(map[string]int)
	for words != nil {
		var own []string
		own, words = cutLink(words)
		l, err := c.link(own)
		if err != nil {
			return nil, err
		}
		if l.open == nil {
			return nil, nil
		}
		if count[l.Name]++; count[l.Name] > 1 {
			l.Name = fmt.Sprintf("%s %d", l.Name, count[l.Name])
		}
		links = append(links, l)
	}
	return links, nil
}

// cutLink cuts the words of the first link. The rest is nil after the last.
func cutLink(words []string) (first, rest []string) {
	if i := slices.Index(words, ","); i >= 0 {
		return words[:i], words[i+1:]
	}
	return words, nil
}

// link reads the command line of one link as if the program had no other backend, but
// takes the backend instead of serving it.
func (c *config) link(words []string) (link, error) {
	l := link{Link: chain.NewLink()}
	for len(words) > 0 && strings.HasPrefix(words[0], "on-") {
		answer, rule, _ := strings.Cut(words[0], "=")
		if err := l.Set(answer, rule); err != nil {
			return l, err
		}
		words = words[1:]
	}
	if len(words) == 0 {
		return l, errEmptyLink
	}
	l.commandLine = expand(words)
	part := *c
	part.collect = func(name string, open opener) { l.Name, l.open = name, open }
	app := program.New("basic chain", "ask a backend", &part.Common)
	app.Flags, app.Action = nil, noBackend
	app.Commands = commands(&part)
	return l, program.Act(app, append([]string{app.Name}, l.commandLine...))
}

// expand returns the words of a link that may begin with NAME:ARGUMENT. No backend has
// a colon in its name.
func expand(words []string) []string {
	name, argument, found := strings.Cut(words[0], ":")
	if !found {
		return words
	}
	if option := firstOption(name); option != "" {
		return slices.Concat([]string{name, option + "=" + argument}, words[1:])
	}
	return slices.Concat([]string{name}, words[1:], []string{argument})
}

// firstOption returns what the word behind NAME: says of a backend that takes no
// arguments; empty: it takes some.
func firstOption(name string) string {
	switch name {
	case "ldap":
		return "--url"
	case "radius":
		return "--server"
	case "kerberos":
		return "--realm"
	case "windows":
		return "--domain"
	case "pam":
		return "--service"
	case "db":
		return "--dsn"
	}
	return ""
}

// openChain opens the links, each with what protects it.
func (c *config) openChain(links []link, opt helper.Options) (*protected, error) {
	all := new(protected)
	var parts []chain.Link
	for _, l := range links {
		p, err := c.protection.open(l.Name, l.commandLine, l.open, opt)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.Name, err)
		}
		l.Backend = p.Backend
		parts = append(parts, l.Link)
		all.versions = append(all.versions, p.versions...)
		all.places = append(all.places, p.places...)
		all.asks = all.asks || p.asks
	}
	all.Backend = chain.New(parts)
	return all, nil
}
