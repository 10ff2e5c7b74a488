package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"squidauth/cmd/internal/program"
)

// perlOptions are those of basic_db_auth, and whether they have a value.
var perlOptions = map[string]bool{
	"dsn": true, "user": true, "password": true, "table": true, "usercol": true, "passwdcol": true, "cond": true, "salt": true,
	"plaintext": false, "md5": false, "sha1": false, "persist": false, "joomla": false, "debug": false,
}

// perlDSN is basic_db_auth's own.
const perlDSN = "DBI:mysql:database=squid"

var errStrayDB = errors.New("is no option: basic_db_auth takes it for a file of requests, which this program does not read")

const noteDBPassword = "everybody on this machine can read --password: write it into a file for --password-file=FILE"

// dbAuth translates the command line of basic_db_auth, which Perl's Getopt::Long 2.52
// reads: one dash or two, names in any case and shortened as long as one is meant,
// values attached by "=" or in the next word. Options of this program that
// basic_db_auth does not have may stand among its own, spelt out.
func dbAuth(call program.Call, args []string) (program.Call, error) {
	p := perlArgs{rest: args, given: map[string]string{}}
	for len(p.rest) > 0 {
		if err := p.next(); err != nil {
			return call, err
		}
	}
	common, own, _ := splitFlags(p.ours, new(dbFlags).flags())
	p.complete(&call)
	call.Args = slices.Concat(call.Args, []string{"--plain-messages"}, common, p.debug, []string{"db"}, own, p.words)
	if os.Getenv(becameDB) == "" { // or the program that became this one has told
		call.Notes = append(call.Notes, p.notes...)
	}
	return call, nil
}

// perlArgs reads words as Getopt::Long does.
type perlArgs struct {
	rest  []string
	given map[string]string // of basic_db_auth
	ours  []string          // of this program
	notes []string

	debug, words []string // what given comes to, in front of the backend's name and behind
}

func (p *perlArgs) next() error {
	word := p.rest[0]
	p.rest = p.rest[1:]
	name, isOption := strings.CutPrefix(word, "-")
	name, value, attached := strings.Cut(strings.TrimPrefix(name, "-"), "=")
	switch {
	case word == "--" && len(p.rest) == 0:
		return nil
	case word == "--", !isOption, name == "":
		return fmt.Errorf("%.40q %w", word, errStrayDB)
	}
	_, isPerl := perlOptions[name]
	if f := ourFlag(name); f != nil && !isPerl {
		return p.take(name, value, attached, f)
	}
	long, candidates := resolvePerl(name)
	switch {
	case candidates > 1:
		p.note("the option --%.40s is short for several: ignored", name)
	case candidates == 0:
		p.note("there is no option --%.40s: ignored", name)
	default:
		p.option(long, value, attached)
	}
	return nil
}

// resolvePerl returns the option that a name is short for, and how many it may be.
func resolvePerl(name string) (long string, candidates int) {
	name = strings.ToLower(name)
	if _, exact := perlOptions[name]; exact {
		return name, 1
	}
	for option := range perlOptions {
		if strings.HasPrefix(option, name) {
			long = option
			candidates++
		}
	}
	return long, candidates
}

func (p *perlArgs) option(name, value string, attached bool) {
	hasValue := perlOptions[name]
	switch {
	case !hasValue && attached:
		p.note("the option --%s takes no value: ignored", name)
		return
	case hasValue && attached && value == "", hasValue && !attached && len(p.rest) == 0:
		p.note("the option --%s needs a value: ignored", name)
		return
	case hasValue && !attached:
		value, p.rest = p.rest[0], p.rest[1:]
	}
	p.given[name] = value
}

// take takes an option of this program.
func (p *perlArgs) take(name, value string, attached bool, f cli.Flag) error {
	_, isBool := f.(*cli.BoolFlag)
	switch {
	case isBool && !attached:
		p.ours = append(p.ours, "--"+name)
		return nil
	case attached:
	case len(p.rest) == 0:
		return fmt.Errorf("option --%s needs a value", name)
	default:
		value, p.rest = p.rest[0], p.rest[1:]
	}
	p.ours = append(p.ours, "--"+name+"="+value)
	return nil
}

// ourFlag returns the flag of this program, or of its backend, that has a name.
func ourFlag(name string) cli.Flag {
	var c config
	all := slices.Concat(program.New("", "", &c.Common).Flags, []cli.Flag{c.ConcurrencyFlag(), cli.HelpFlag, cli.VersionFlag},
		c.protection.flags(), new(dbFlags).flags())
	for _, f := range all {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}

// complete writes down what was given, with what stands in for the rest.
func (p *perlArgs) complete(call *program.Call) {
	p.fallback("dsn", perlDSN)
	p.fallback("user", os.Getenv("DBI_USER"))
	password, given := p.given["password"]
	ownFile := slices.ContainsFunc(p.ours, func(word string) bool { return strings.HasPrefix(word, "--password-file=") })
	switch {
	case ownFile:
	case given && password != "":
		p.words = append(p.words, "--password-file="+call.Secret(password))
		p.note(noteDBPassword)
	case !given && os.Getenv("DBI_PASS") != "":
		p.words = append(p.words, "--password-file=env:DBI_PASS")
	}
	_, joomla := p.given["joomla"]
	if _, cond := p.given["cond"]; joomla && cond {
		p.note("--joomla makes the condition block = 0 of it: --cond is ignored, as it always was")
		delete(p.given, "cond")
	}
	if _, salted := p.given["salt"]; salted {
		p.note("--salt is not needed: a stored password has its own")
	}
	if _, debug := p.given["debug"]; debug {
		p.debug = []string{"--debug"}
	}
	for _, name := range []string{"password", "persist", "salt", "debug"} {
		delete(p.given, name)
	}
	for _, name := range slices.Sorted(maps.Keys(p.given)) {
		p.words = append(p.words, "--"+name)
		if perlOptions[name] { // a word of its own, so that it is found where it is to be scrubbed
			p.words = append(p.words, p.given[name])
		}
	}
}

func (p *perlArgs) fallback(name, value string) {
	if _, ok := p.given[name]; !ok && value != "" {
		p.given[name] = value
	}
}

func (p *perlArgs) note(format string, args ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}
