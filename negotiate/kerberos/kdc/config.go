package kdc

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// config is what is used of a krb5.conf.
type config struct {
	kdcs         map[string][]string // of a realm, as they are written
	realms       map[string]string   // of hosts, and of domains, which begin with "."
	noDNS        bool                // dns_lookup_kdc = false
	defaultCache string
}

// loadConfig reads the files that KRB5_CONFIG lists, else /etc/krb5.conf. Those
// that do not exist are left out, and all may.
func loadConfig(lookup Lookup) (*config, error) {
	paths := []string{"/etc/krb5.conf"}
	if v, set := lookup("KRB5_CONFIG"); set && v != "" {
		paths = filepath.SplitList(v)
	}
	c := &config{kdcs: map[string][]string{}, realms: map[string]string{}}
	for _, path := range paths {
		content, err := readFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s cannot be used: %w", path, err)
		}
		c.parse(string(content))
	}
	return c, nil
}

// parse reads the profile syntax of krb5.conf: sections in brackets, relations,
// and relations with a value in braces. It passes over what it does not know,
// "include" and "includedir" among it. The first value of a relation counts.
func (c *config) parse(text string) {
	var path []string // the section, and what is in braces
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		tag, value, relation := strings.Cut(line, "=")
		tag, value = strings.TrimSpace(tag), strings.TrimSpace(value)
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
		case line[0] == '[':
			name, _, _ := strings.Cut(line[1:], "]")
			path = []string{name}
		case strings.HasPrefix(line, "}"):
			path = path[:max(len(path)-1, 0)]
		case relation && value == "{":
			path = append(path, tag)
		case relation:
			c.set(append(path, tag), strings.Trim(value, `"`))
		}
	}
}

func (c *config) set(path []string, value string) {
	switch {
	case len(path) == 2 && path[0] == "libdefaults":
		c.setDefault(path[1], value)
	case len(path) == 2 && path[0] == "domain_realm":
		if host := strings.ToLower(path[1]); c.realms[host] == "" {
			c.realms[host] = value
		}
	case len(path) == 3 && path[0] == "realms" && path[2] == "kdc":
		c.kdcs[path[1]] = append(c.kdcs[path[1]], value)
	}
}

func (c *config) setDefault(tag, value string) {
	switch tag {
	case "dns_lookup_kdc":
		switch strings.ToLower(value) {
		case "n", "no", "false", "f", "0", "nil", "off":
			c.noDNS = true
		}
	case "default_ccache_name":
		if c.defaultCache == "" {
			c.defaultCache = value
		}
	}
}

// realmOf returns the realm that the host is in, if the configuration says so: by
// its name, or by that of a domain above it.
func (c *config) realmOf(host string) string {
	if realm := c.realms[host]; realm != "" {
		return realm
	}
	for {
		dot := strings.IndexByte(host, '.')
		if dot < 0 {
			return ""
		}
		if realm := c.realms[host[dot:]]; realm != "" {
			return realm
		}
		host = host[dot+1:]
	}
}
