package main

import (
	"errors"
	"slices"
	"strings"

	"squidauth/cmd/internal/program"
)

// smbAuth translates the command line of basic_smb_auth: groups of options, each of
// which begins with -W. It passes over what it does not know, as the program does.
func smbAuth(own program.Call, args []string) (program.Call, error) {
	long, rest := program.CutLong(args)
	own.Notes = append(own.Notes, noteNetlogon)
	if isHelp(long) {
		return byWindows(own, long), nil
	}
	var domains []smbDomain
	debug := false
	for i := 0; i < len(rest); i++ {
		if rest[i] == "-d" {
			debug = true
			continue
		}
		if i+1 == len(rest) || !slices.Contains([]string{"-W", "-w", "-P", "-B", "-U", "-S"}, rest[i]) {
			continue
		}
		letter, value := rest[i][1], rest[i+1]
		i++
		if letter == 'W' {
			domains = append(domains, smbDomain{name: value, typed: value})
		} else if len(domains) > 0 {
			domains[len(domains)-1].set(letter, value)
		}
	}
	if debug {
		long = append(long, "--debug")
	}
	return bySMB(own, long, domains)
}

// smbDomain is what one -W and the options behind it say. The addresses of -B and -U are
// for NetBIOS, which is not used.
type smbDomain struct {
	name  string
	typed string // as users call it
	ask   string // the domain whose controllers know its users; empty: itself
}

func (d *smbDomain) set(letter byte, value string) {
	switch letter {
	case 'w':
		d.typed = value
	case 'P':
		d.ask = value
	}
}

var errNoDomain = errors.New("say which domain users are of: -W DOMAIN")

// errFileRule keeps a replaced helper from letting in whom the old one did not.
var errFileRule = errors.New("basic_smb_auth lets in only who can read the file of -S (proxyauth in the share NETLOGON), which is not looked at here: give --require-group=GROUP for those that may read it, or --allow-users=FILE, or --permit-all-users, before the other arguments")

func bySMB(own program.Call, long []string, domains []smbDomain) (program.Call, error) {
	if len(domains) == 0 {
		return own, errNoDomain
	}
	restricted := slices.ContainsFunc(long, func(word string) bool {
		return strings.HasPrefix(word, "--require-group") || strings.HasPrefix(word, "--allow-users")
	})
	everybody := slices.Contains(long, permitAll)
	if !restricted && !everybody {
		return own, errFileRule
	}
	long = slices.DeleteFunc(slices.Clone(long), func(word string) bool { return word == permitAll })
	asked := domains[0].ask
	if asked == "" {
		asked = domains[0].name
	}
	more := []string{"--domain", asked, "--user-domain", domains[0].name}
	for _, d := range domains {
		more = append(more, "--permit-domain", d.typed+"="+d.name)
	}
	return byWindows(own, long, more...), nil
}

const permitAll = "--permit-all-users"
