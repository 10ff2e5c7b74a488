package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"squidauth/basic/ldap"
	"squidauth/helper/directory"
	"squidauth/helper/directory/ldapconn"
	"squidauth/helper/identity"
	"squidauth/negotiate/kerberos/ldaplogin"
	"squidauth/ntlm/netlogon/locator"
)

var errOneAccount = errors.New("say how users are found, by one of --filter, --user-attribute and --ad")

// account returns how users are found.
func (l *ldapFlags) account() (ldap.Account, error) {
	switch given := [3]bool{l.filter != "", l.attribute != "", l.domain != ""}; given {
	case [3]bool{true, false, false}:
		return l.find()
	case [3]bool{false, true, false}:
		if !isAttribute(l.attribute) {
			return nil, fmt.Errorf("--user-attribute %q is no attribute's name", l.attribute)
		}
		if err := checkDN("--base", l.base); err != nil {
			return nil, err
		}
		return &ldap.Make{Base: l.base, Attribute: l.attribute}, nil
	case [3]bool{false, false, true}:
		if l.compare != "" {
			return nil, errors.New("--compare-attribute does not go with --ad: Active Directory shows no passwords")
		}
		return &ldap.Domain{Name: strings.ToLower(l.domain)}, nil
	}
	return nil, errOneAccount
}

func (l *ldapFlags) find() (ldap.Account, error) {
	filter, err := ldap.ParseFilter(l.filter, "s")
	if err != nil {
		return nil, fmt.Errorf("--filter: %w", err)
	}
	if err := checkDN("--base", l.base); err != nil {
		return nil, err
	}
	f := &ldap.Find{Base: l.base, Filter: filter, Referrals: l.referrals}
	scopes := map[string]int{"base": goldap.ScopeBaseObject, "one": goldap.ScopeSingleLevel, "sub": goldap.ScopeWholeSubtree}
	derefs := map[string]int{"never": goldap.NeverDerefAliases, "always": goldap.DerefAlways, "search": goldap.DerefInSearching, "find": goldap.DerefFindingBaseObj}
	var ok1, ok2 bool
	f.Scope, ok1 = scopes[l.scope]
	f.Dereference, ok2 = derefs[l.dereference]
	switch {
	case !ok1:
		return nil, fmt.Errorf("--scope %q is none of base, one, sub", l.scope)
	case !ok2:
		return nil, fmt.Errorf("--dereference %q is none of never, always, search, find", l.dereference)
	}
	return f, nil
}

func checkDN(flag, dn string) error {
	if dn == "" {
		return fmt.Errorf("%s is missing, for instance dc=example,dc=org", flag)
	}
	if _, err := goldap.ParseDN(dn); err != nil {
		return fmt.Errorf("%s %q is no DN: %w", flag, dn, err)
	}
	return nil
}

// isAttribute reports whether there can be an attribute of that name or number (RFC
// 4512 section 1.4).
func isAttribute(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.;_") == ""
}

// pool returns the connections to the servers.
func (l *ldapFlags) pool(c *config, log *slog.Logger) (*ldapconn.Pool, error) {
	opt := ldapconn.Options{
		StartTLS: l.startTLS, AnyCertificate: l.anyCert, BindDN: l.bindDN,
		Connections: l.connections, ConnectTime: l.connectTime, AnswerTime: l.answerTime,
	}
	if err := l.addServers(&opt, log); err != nil {
		return nil, err
	}
	switch {
	case (l.bindDN == "") != (l.bindPassword == ""):
		return nil, errors.New("--bind-dn and --bind-password-file need each other")
	case l.bindKeytab != "" && l.bindDN != "":
		return nil, errors.New("--bind-keytab and --bind-dn exclude each other")
	case l.bindPrincipal != "" && l.bindKeytab == "":
		return nil, errors.New("--bind-principal needs --bind-keytab")
	case l.key != "" && l.certificate == "":
		return nil, errors.New("--key needs --certificate")
	case l.ca != "" && l.anyCert:
		return nil, errors.New("--ca and --any-certificate exclude each other")
	}
	if l.bindPassword != "" {
		source, err := c.Secret(l.bindPassword, ldapconn.SecretConfig(log))
		if err != nil {
			return nil, fmt.Errorf("--bind-password-file: %w", err)
		}
		opt.Secret = source
	}
	if l.bindKeytab != "" {
		domain := l.domain
		if domain == "" {
			domain, _ = ldapconn.DomainOf(l.base) // or it is none of Active Directory's
		}
		login, err := ldaplogin.Open(ldaplogin.Options{
			Keytab: l.bindKeytab, Principal: l.bindPrincipal, Domain: strings.ToLower(domain), Lookup: os.LookupEnv, Log: log,
		})
		if err != nil {
			return nil, err
		}
		opt.Login = login
	}
	if l.ca != "" {
		opt.CA = ldapconn.OpenCA(l.ca, log)
	}
	if l.certificate != "" {
		key := l.key
		if key == "" {
			key = l.certificate
		}
		opt.Certificate = ldapconn.OpenCertificate(l.certificate, key, log)
	}
	return ldapconn.New(opt), nil
}

// addServers reads --url, and knows what it is with --ad.
func (l *ldapFlags) addServers(opt *ldapconn.Options, log *slog.Logger) error {
	urls := l.urls.Value()
	if len(urls) == 0 && l.domain != "" {
		urls = []string{"ldaps:///"}
		if l.startTLS {
			urls = []string{"ldap:///"}
		}
	}
	if len(urls) == 0 {
		return errors.New("say which server to ask, for instance --url ldaps://ldap.example.org")
	}
	for _, u := range urls {
		domain, isDomain, err := ldapconn.ParseDomain(u)
		if err != nil {
			return fmt.Errorf("--url %s: %w", u, err)
		}
		if isDomain {
			if err := l.addDomain(opt, domain, log); err != nil {
				return err
			}
			continue
		}
		server, err := ldapconn.ParseServer(u)
		if err != nil {
			return fmt.Errorf("--url: %w", err)
		}
		if err := l.checkProtection(u, server.StartsPlain(), server.IsExposed()); err != nil {
			return err
		}
		opt.Servers = append(opt.Servers, server)
	}
	return nil
}

// addDomain has the servers of a domain looked up in the DNS.
func (l *ldapFlags) addDomain(opt *ldapconn.Options, domain ldapconn.Domain, log *slog.Logger) error {
	name := l.domain
	if name == "" && domain.Name == "" {
		var err error
		if name, err = ldapconn.DomainOf(l.base); err != nil {
			return fmt.Errorf("--url %s says no host, and --base no domain: %w", domain, err)
		}
	}
	domain = domain.In(name)
	if opt.Find != nil {
		return errors.New("only one --url may be without a host")
	}
	if err := l.checkProtection(domain.String(), domain.StartsPlain(), domain.StartsPlain()); err != nil {
		return err
	}
	opt.Find = func(ctx context.Context) ([]ldapconn.Server, error) { return domain.Find(ctx, net.DefaultResolver) }
	if l.domain != "" {
		controllers := locator.Locator{Realm: domain.Name, Resolver: net.DefaultResolver, Dial: new(net.Dialer).DialContext, Log: log}
		opt.Find = func(ctx context.Context) ([]ldapconn.Server, error) {
			hosts, err := controllers.Find(ctx)
			if err != nil {
				return nil, err
			}
			return domain.Servers(hosts)
		}
	}
	return nil
}

func (l *ldapFlags) checkProtection(url string, startsPlain, exposed bool) error {
	switch {
	case l.startTLS && !startsPlain:
		return fmt.Errorf("--start-tls is for ldap://, not for %s", url)
	case exposed && !l.startTLS && !l.insecure:
		return fmt.Errorf("whoever is between here and %s could read passwords: use ldaps:// or --start-tls, or else --insecure", url)
	}
	return nil
}

// groupOptions returns what is to be done with groups, nil if nothing.
func (l *ldapFlags) groupOptions(pool *ldapconn.Pool, log *slog.Logger) (ldap.Groups, error) {
	if l.groupFormat == "none" && len(l.require.Value()) == 0 {
		if len(l.groups.Value()) > 0 {
			return nil, errors.New("--groups needs a --group-format")
		}
		return nil, nil
	}
	if l.domain != "" {
		return l.token(pool, log)
	}
	return l.entries()
}

func (l *ldapFlags) entries() (ldap.Groups, error) {
	forms := map[string]ldap.GroupForm{"none": ldap.NoGroups, "name": ldap.GroupNames, "dn": ldap.GroupDNs}
	form, ok := forms[l.groupFormat]
	base := l.groupBase
	if base == "" {
		base = l.base
	}
	filter, err := ldap.ParseFilter(l.groupFilter, "du")
	switch {
	case !ok:
		return nil, fmt.Errorf("--group-format %q is none of none, name, dn", l.groupFormat)
	case err != nil:
		return nil, fmt.Errorf("--group-filter: %w", err)
	case !isAttribute(l.groupAttr):
		return nil, fmt.Errorf("--group-attribute %q is no attribute's name", l.groupAttr)
	}
	if err := checkDN("--group-base", base); err != nil {
		return nil, err
	}
	return &ldap.Entries{Base: base, Filter: filter, Attribute: l.groupAttr, Form: form, Require: l.require.Value(), Only: l.groups.Value()}, nil
}

// token has the groups of Active Directory. Their names are looked up by the service
// account, or without one by the user.
func (l *ldapFlags) token(pool *ldapconn.Pool, log *slog.Logger) (ldap.Groups, error) {
	format, ok := identity.ParseGroupFormat(l.groupFormat)
	if !ok {
		return nil, fmt.Errorf("--group-format %q is none of none, name, sid, base64", l.groupFormat)
	}
	g := identity.Groups{Format: format}
	var err error
	if g.Only, err = identity.ParseGroups(l.groups.Value()); err != nil {
		return nil, fmt.Errorf("--groups %w", err)
	}
	if g.Require, err = identity.ParseGroups(l.require.Value()); err != nil {
		return nil, fmt.Errorf("--require-group %w", err)
	}
	var searcher directory.Searcher = ldap.AsUser{}
	if l.bindDN != "" || l.bindKeytab != "" {
		searcher = pool
	}
	g.Directory = directory.New(directory.Options{Servers: searcher, Base: l.base, Log: log})
	return &ldap.Token{Groups: g}, nil
}
