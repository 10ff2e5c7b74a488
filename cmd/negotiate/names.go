package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"squidauth/cmd/internal/getopt"
	"squidauth/cmd/internal/mechanism"
	"squidauth/negotiate/rcache"
)

// names are those of Squid's own helper.
var names = []string{"negotiate_kerberos_auth", "squid_kerb_auth"}

// byName returns the arguments of this program that do what the program called
// name does with the arguments args. A name that is not Squid's helper's is this
// program's own.
func byName(name string, args []string) ([]string, error) {
	if slices.Contains(names, name) {
		return kerberosArgs(args)
	}
	return args, nil
}

// kerberosArgs translates the command line of negotiate_kerberos_auth. Long
// options of this program may stand before it.
func kerberosArgs(args []string) ([]string, error) {
	out := args[:1:1]
	rest := args[1:]
	for len(rest) > 0 && strings.HasPrefix(rest[0], "--") && rest[0] != "--" {
		out = append(out, rest[0])
		rest = rest[1:]
	}
	options, _, err := getopt.Parse(rest, "dirs:k:c:t:h")
	if err != nil {
		return out, err
	}
	for _, o := range options {
		out = append(out, translate(o)...)
	}
	return out, nil
}

func translate(o getopt.Option) []string {
	switch o.Letter {
	case 'd':
		return []string{"--debug"}
	case 'i':
		return []string{"--audit", "all"}
	case 'r':
		return []string{"--strip-realm"}
	case 's':
		if strings.EqualFold(o.Value, "GSS_C_NO_NAME") {
			return nil // any key of the keytab, as by default
		}
		return []string{"--spn", o.Value}
	case 'k':
		return []string{"--keytab", mechanism.KeytabPath(o.Value)}
	case 'c':
		name := filepath.Base(rcache.DefaultPath(func(string) (string, bool) { return "", false }))
		return []string{"--replay-cache", "file:" + filepath.Join(o.Value, name)}
	case 't':
		if o.Value == "none" {
			return []string{"--replay-cache", "none"}
		}
		return nil
	case 'h':
		return []string{"--help"}
	}
	panic(fmt.Sprintf("option -%c is not translated", o.Letter))
}
