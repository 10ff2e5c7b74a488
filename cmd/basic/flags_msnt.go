package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"squidauth/cmd/internal/program"
	"squidauth/helper/watch"
)

// multiDomainAuth translates the command line of basic_msnt_multi_domain_auth, whose
// users type DOMAIN\user. Its options are for finding domain controllers by NetBIOS.
func multiDomainAuth(own program.Call, args []string) (program.Call, error) {
	long, _ := program.CutLong(args)
	own.Notes = append(own.Notes, noteNetlogon)
	return byWindows(own, long, "--name-form", "domain"), nil
}

// msntFiles are where msnt_auth was made to look for its configuration.
var msntFiles = []string{"/etc/squid/msntauth.conf", "/usr/local/squid/etc/msntauth.conf", "/etc/squid3/msntauth.conf", "/etc/msntauth.conf"}

// maxMSNTFile bounds msntauth.conf in bytes.
const maxMSNTFile = 64 << 10

// msntAuth translates msntauth.conf: its place was built into msnt_auth, which takes no
// arguments. Here the path may be one.
func msntAuth(own program.Call, args []string) (program.Call, error) {
	long, rest := program.CutLong(args)
	own.Notes = append(own.Notes, noteNetlogon)
	if isHelp(long) {
		return byWindows(own, long), nil
	}
	for _, path := range append(rest, msntFiles...) {
		content, err := watch.ReadRegular(path, maxMSNTFile)
		if errors.Is(err, os.ErrNotExist) && len(rest) == 0 {
			continue
		}
		if err != nil {
			return own, err
		}
		more, err := msntOptions(string(content))
		if err != nil {
			return own, fmt.Errorf("%s: %w", path, err)
		}
		return byWindows(own, long, more...), nil
	}
	return own, fmt.Errorf("there is no msntauth.conf: %s; its path may be an argument", strings.Join(msntFiles, ", "))
}

// msntOptions reads msntauth.conf: lines of words, of which "server PDC BDC DOMAIN",
// "denyusers FILE" and "allowusers FILE" count, in upper or lower case.
func msntOptions(text string) (options []string, err error) {
	var domain string
	var dcs []string
	files := map[string]string{}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0][0] == '#' {
			continue
		}
		switch key := strings.ToLower(words[0]); {
		case key == "server" && len(words) >= 4:
			if domain != "" && !strings.EqualFold(domain, words[3]) {
				return nil, errTwoDomains
			}
			domain = words[3]
			for _, dc := range words[1:3] {
				if !slices.Contains(dcs, dc) {
					dcs = append(dcs, dc)
				}
			}
		case (key == "allowusers" || key == "denyusers") && len(words) >= 2:
			files[key] = words[1]
		}
	}
	if domain == "" {
		return nil, errors.New("it has no line \"server PDC BDC DOMAIN\"")
	}
	options = []string{"--domain", domain, "--dc", strings.Join(dcs, ",")}
	if f := files["allowusers"]; f != "" {
		options = append(options, "--allow-users", f)
	}
	if f := files["denyusers"]; f != "" {
		options = append(options, "--deny-users", f)
	}
	return options, nil
}
