package main

import (
	"errors"
	"io"
	"os"
	"slices"
	"strings"
)

// trust says which certificates of servers are good, as OpenLDAP's library reads it
// for basic_ldap_auth from the environment and ldap.conf(5), but for files in home
// directories.
func (a *ldapArgs) trust() (words []string) {
	conf := readLDAPConf(os.LookupEnv)
	switch strings.ToLower(conf["TLS_REQCERT"]) {
	case "never", "allow":
		a.note("TLS_REQCERT in %s accepts servers with whatever certificate: whoever is in between can read passwords", conf["from"])
		words = append(words, "--any-certificate")
	default:
		if ca := conf["TLS_CACERT"]; ca != "" && !slices.Contains(systemCAs, ca) {
			words = append(words, "--ca="+ca)
		} else if conf["TLS_CACERTDIR"] != "" && ca == "" {
			a.note("TLS_CACERTDIR in %s is not read: if the system's CAs do not do, give --ca=FILE before the other options", conf["from"])
		}
	}
	if cert := conf["TLS_CERT"]; cert != "" {
		words = append(words, "--certificate="+cert)
		if key := conf["TLS_KEY"]; key != "" {
			words = append(words, "--key="+key)
		}
	}
	return words
}

// systemCAs are where systems keep their CAs, which are good without being named.
var systemCAs = []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem", "/etc/ssl/certs/ca-bundle.crt"}

// maxConf bounds in bytes what is read of ldap.conf.
const maxConf = 64 << 10

// readLDAPConf returns the options of ldap.conf that are about TLS, and under "from"
// what they are from. The environment comes first.
func readLDAPConf(lookup func(string) (string, bool)) map[string]string {
	conf := map[string]string{"from": "the environment"}
	if _, off := lookup("LDAPNOINIT"); off {
		return conf
	}
	files := []string{"/etc/ldap/ldap.conf", "/etc/openldap/ldap.conf"}
	if path, set := lookup("LDAPCONF"); set && path != "" {
		files = []string{path}
	}
	for _, path := range files {
		content, err := readStart(path)
		if err != nil {
			continue
		}
		conf["from"] = path
		for line := range strings.Lines(content) {
			if words := strings.Fields(line); len(words) >= 2 && strings.HasPrefix(strings.ToUpper(words[0]), "TLS_") {
				conf[strings.ToUpper(words[0])] = strings.Join(words[1:], " ")
			}
		}
		break
	}
	for _, name := range []string{"TLS_REQCERT", "TLS_CACERT", "TLS_CACERTDIR", "TLS_CERT", "TLS_KEY"} {
		if value, set := lookup("LDAP" + name); set {
			conf[name] = value
		}
	}
	return conf
}

var errNoFile = errors.New("it is not a file")

func readStart(path string) (string, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() { // a pipe would have us wait for ever
		err = errNoFile
	}
	if err != nil {
		return "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxConf))
	return string(content), err
}
