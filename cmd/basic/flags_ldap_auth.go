package main

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"squidauth/cmd/internal/program"
	"squidauth/helper/directory/ldapconn"
)

// ldapAuth translates the command line of basic_ldap_auth. Long options of this
// program may stand before its own, with their values attached.
func ldapAuth(call program.Call, args []string) (program.Call, error) {
	long, rest := program.CutLong(args)
	a := ldapArgs{attribute: "uid", port: "389", scope: "sub", dereference: "never", referrals: true, own: &call, rest: rest}
	for len(a.rest) > 0 && strings.HasPrefix(a.rest[0], "-") {
		if err := a.next(); err != nil {
			return call, err
		}
	}
	for _, word := range a.rest {
		a.addServers(word)
	}
	return call, a.translate(long)
}

// ldapArgs is what the options of basic_ldap_auth say.
type ldapArgs struct {
	own  *program.Call
	rest []string

	base, filter, attribute, compare string
	scope, dereference               string
	bindDN, password                 string   // password: where it is
	servers                          []string // URIs or hosts, as they are written
	port                             string
	startTLS, debug, usesTLS         bool
	referrals                        bool // are followed
	connectTime, answerTime          string
}

const lettersWithValue = "hbpsacHESfuUtDwWv"

var errLDAPBase = errors.New("-b BASEDN is missing")

// next reads an option as that program does: what is behind the letter of one that
// has no value does not count.
func (a *ldapArgs) next() error {
	word := a.rest[0]
	a.rest = a.rest[1:]
	if len(word) < 2 {
		return fmt.Errorf("there is no option %q", word)
	}
	letter := word[1]
	if strings.IndexByte(lettersWithValue, letter) < 0 {
		return a.flag(letter)
	}
	value := word[2:]
	if value == "" {
		if len(a.rest) == 0 {
			return fmt.Errorf("option -%c needs a value", letter)
		}
		value, a.rest = a.rest[0], a.rest[1:]
	}
	return a.option(letter, value)
}

func (a *ldapArgs) flag(letter byte) error {
	switch letter {
	case 'P', 'O': // connections are kept, for searches and for users apart
	case 'R':
		a.referrals = !a.referrals
	case 'd':
		a.debug = true
	case 'Z':
		a.startTLS = true
	default:
		return fmt.Errorf("there is no option -%c", letter)
	}
	return nil
}

func (a *ldapArgs) option(letter byte, value string) error {
	switch letter {
	case 'h', 'H':
		a.addServers(value)
	case 'b':
		a.base = value
	case 'f':
		a.filter = value
	case 'u':
		a.attribute = value
	case 'U':
		a.compare = value
	case 's':
		a.scope = value
	case 'a':
		a.dereference = value
	case 'D':
		a.bindDN = value
	case 'w':
		a.password = a.own.Secret(value)
		a.note("everybody on this machine could read the password that -w gives when this program began: put it into a file, and give that with -W")
	case 'W':
		a.password = "file:" + value
	case 'p':
		a.port = value
	case 'c':
		a.connectTime = value
	case 't':
		a.answerTime = value
	case 'v':
		switch value {
		case "3":
		case "2":
			a.note("version 3 of LDAP is spoken in place of version 2, which -v 2 asks for")
		default:
			return fmt.Errorf("-v %q is no version of LDAP: there are 2 and 3", value)
		}
	case 'E', 'S':
		return fmt.Errorf("-%c is for a library that is gone: for TLS, name the server as ldaps://host, or use -Z", letter)
	}
	return nil
}

// addServers reads a list with blanks between, or commas between URIs.
func (a *ldapArgs) addServers(list string) {
	if strings.Contains(list, "://") {
		list = strings.ReplaceAll(list, ",", " ")
	}
	a.servers = append(a.servers, strings.Fields(list)...)
}

// translate makes the command line of this program.
func (a *ldapArgs) translate(long []string) error {
	if slices.Contains(long, "--help") || slices.Contains(long, "--version") {
		a.own.Args = append(a.own.Args, long...)
		return nil
	}
	if a.base == "" {
		return errLDAPBase
	}
	a.own.Args = append(a.own.Args, "--plain-messages")
	if a.debug {
		a.own.Args = append(a.own.Args, "--debug")
	}
	backend := []string{"ldap", "--insecure", "--admit-must-change", "--base=" + a.base}
	for _, o := range long {
		if isLDAPFlag(o) {
			backend = append(backend, o)
		} else {
			a.own.Args = append(a.own.Args, o)
		}
	}
	backend = slices.Concat(backend, a.user(), a.account(), a.times(), a.urls())
	if a.usesTLS && !slices.ContainsFunc(long, saysTrust) {
		backend = append(backend, a.trust()...)
	}
	a.own.Args = append(a.own.Args, backend...)
	return nil
}

// isLDAPFlag reports whether a word is a flag of the command ldap rather than of this
// program.
func isLDAPFlag(word string) bool {
	name, _, _ := strings.Cut(strings.TrimPrefix(word, "--"), "=")
	return slices.ContainsFunc(new(ldapFlags).flags(), func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
}

// saysTrust reports whether a word says which certificates are good.
func saysTrust(word string) bool {
	return strings.HasPrefix(word, "--ca=") || strings.HasPrefix(word, "--any-certificate")
}

// user says how users are found and checked.
func (a *ldapArgs) user() (words []string) {
	if a.filter != "" {
		words = append(words, "--filter="+a.filter, "--scope="+a.scope, "--dereference="+a.dereference)
	} else {
		words = append(words, "--user-attribute="+a.attribute)
	}
	if a.compare != "" {
		words = append(words, "--compare-attribute="+a.compare)
	}
	if a.referrals {
		words = append(words, "--follow-referrals")
	}
	return words
}

// account says as whom the directory is searched. A DN without a password makes
// nobody of it, for a server as for that program.
func (a *ldapArgs) account() []string {
	switch {
	case a.bindDN == "":
		return nil
	case a.password != "":
		return []string{"--bind-dn=" + a.bindDN, "--bind-password-file=" + a.password}
	}
	a.note("-D without -W FILE has no meaning: the directory is searched as nobody")
	return nil
}

func (a *ldapArgs) times() (words []string) {
	add := func(flag, value string) {
		if n, err := strconv.ParseUint(value, 10, 16); err == nil && n > 0 { // others mean no limit there
			words = append(words, fmt.Sprintf("--%s=%ds", flag, n))
		}
	}
	add("connect-timeout", a.connectTime)
	add("answer-timeout", a.answerTime)
	return words
}

func (a *ldapArgs) note(format string, args ...any) {
	a.own.Notes = append(a.own.Notes, fmt.Sprintf(format, args...))
}

// urls names the servers, and says which cannot be trusted with a password.
func (a *ldapArgs) urls() (words []string) {
	if len(a.servers) == 0 {
		a.servers = []string{"localhost"}
	}
	if a.startTLS {
		words, a.usesTLS = append(words, "--start-tls"), true
	}
	for _, s := range a.servers {
		url := oldServer(s, a.port)
		words = append(words, "--url="+url)
		server, err := ldapconn.ParseServer(url)
		if err != nil {
			continue // which is said of --url
		}
		a.usesTLS = a.usesTLS || server.HasTLS()
		if server.IsExposed() && !a.startTLS {
			a.note("whoever is between here and %s can read passwords: use -Z, or ldaps://", server)
		}
	}
	return words
}

// slapdSocket is where slapd listens for its own machine.
const slapdSocket = "ldapi://%2Fvar%2Frun%2Fslapd%2Fldapi"

// oldServer returns the URI of a server as basic_ldap_auth takes it: a URI, of which
// what is behind the host does not count, or a host with or without a port.
func oldServer(word, port string) string {
	scheme, rest, isURI := strings.Cut(word, "://")
	if !isURI {
		if _, _, err := net.SplitHostPort(word); err == nil {
			return "ldap://" + word
		}
		return "ldap://" + net.JoinHostPort(strings.Trim(word, "[]"), port)
	}
	host, _, _ := strings.Cut(rest, "/")
	switch {
	case host != "":
	case strings.EqualFold(scheme, "ldapi"):
		return slapdSocket
	default:
		host = "localhost"
	}
	return scheme + "://" + host
}
