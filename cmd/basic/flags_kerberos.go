package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"squidauth/basic"
	"squidauth/basic/kerberos"
	"squidauth/cmd/internal/accounts"
	"squidauth/cmd/internal/mechanism"
	"squidauth/helper"
	"squidauth/negotiate"
	"squidauth/negotiate/kerberos/kdc"
)

// kerberosFlags are what the flags of "basic kerberos" say.
type kerberosFlags struct {
	realms, domains, kdcs cli.StringSlice
	principals, permitRC4 bool
	keytab, spn, fast     string
	identity              accounts.Identity
}

func kerberosCommand(c *config) *cli.Command {
	var k kerberosFlags
	return &cli.Command{
		Name:  "kerberos",
		Usage: "check passwords with a Kerberos KDC, which a keytab proves",
		Flags: append([]cli.Flag{
			&cli.StringSliceFlag{Name: "realm", Destination: &k.realms, Usage: "users are of `REALM`; may be given again: those of the others type user@REALM"},
			&cli.BoolFlag{Name: "permit-principal", Destination: &k.principals, Usage: "users of the first realm may type user@REALM too"},
			&cli.StringSliceFlag{Name: "domain", Destination: &k.domains, Usage: "users may type DOMAIN\\user, and are of a realm: `DOMAIN=REALM`; may be given again"},
			&cli.StringFlag{Name: "keytab", Destination: &k.keytab, Value: mechanism.DefaultKeytab(os.LookupEnv), Usage: "`FILE` with the proxy's keys, which prove the KDC"},
			&cli.StringFlag{Name: "spn", Destination: &k.spn, Usage: "have the KDC prove itself by a ticket for `PRINCIPAL` (default: the keytab's first that begins with HTTP/, or its first)"},
			&cli.StringFlag{Name: "fast", Destination: &k.fast, Usage: "protect logins by FAST, with a ticket of the keytab's `PRINCIPAL`"},
			&cli.StringSliceFlag{Name: "kdc", Destination: &k.kdcs, Usage: "ask the KDCs `HOST[:PORT][,…]` of the first realm (default: those of krb5.conf, else of the DNS)"},
			&cli.BoolFlag{Name: "permit-rc4", Destination: &k.permitRC4, Usage: "accept rc4-hmac, which is weak"},
		}, k.identity.Flags()...),
		Action: func(ctx *cli.Context) error {
			if ctx.NArg() != 0 {
				return fmt.Errorf("kerberos takes no argument: %q", ctx.Args().First())
			}
			if err := notEmpty(ctx, "fast"); err != nil {
				return err
			}
			return c.serve("kerberos", k.open)
		},
	}
}

func (k *kerberosFlags) open(opt helper.Options) (basic.Backend, error) {
	names, err := k.names()
	if err != nil {
		return nil, err
	}
	accounts, groups, err := k.identity.Options(opt.Log)
	if err != nil {
		return nil, err
	}
	fast, err := k.fastPrincipal(names.Realms)
	if err != nil {
		return nil, err
	}
	given := map[string][]string{}
	if kdcs := splitHosts(k.kdcs.Value()); len(kdcs) > 0 {
		given[names.Realms[0]] = kdcs
	}
	if k.permitRC4 {
		opt.Log.Warn("rc4-hmac is permitted: whoever records a login can guess its password at leisure")
	}
	return kerberos.New(kerberos.Options{
		Names: names, Service: k.spn, FAST: fast, PermitRC4: k.permitRC4,
		KDCs:     kdc.NewRealms(os.LookupEnv, given, time.Now),
		Keytab:   negotiate.OpenKeytab(mechanism.KeytabPath(k.keytab), negotiate.KeytabOptions{Now: time.Now, Log: opt.Log}),
		Accounts: accounts, Groups: groups,
		Log: opt.Log, Now: time.Now,
	}), nil
}

// fastPrincipal completes the principal of --fast, which must be of the users' realm.
func (k *kerberosFlags) fastPrincipal(realms []string) (string, error) {
	name, realm, qualified := strings.Cut(k.fast, "@")
	switch {
	case k.fast == "":
		return "", nil
	case !qualified:
		realm = realms[0]
	}
	if len(realms) > 1 || realm != realms[0] || name == "" {
		return "", errors.New("--fast takes a principal of the realm of --realm, of which there is one then")
	}
	return name + "@" + realm, nil
}

func (k *kerberosFlags) names() (kerberos.Names, error) {
	n := kerberos.Names{Realms: k.realms.Value(), Principal: k.principals, Domains: map[string]string{}}
	if len(n.Realms) == 0 || slices.Contains(n.Realms, "") {
		return n, errors.New("say of which realm users are: --realm REALM")
	}
	for _, pair := range k.domains.Value() {
		domain, realm, ok := strings.Cut(pair, "=")
		if !ok || domain == "" || !slices.Contains(n.Realms, realm) {
			return n, fmt.Errorf("--domain %q is not DOMAIN=REALM with one of the realms of --realm", pair)
		}
		n.Domains[domain] = realm
	}
	return n, nil
}

// notEmpty refuses flags that are given without a value, as by a variable that is not set:
// who wants to be protected must not go without.
func notEmpty(ctx *cli.Context, names ...string) error {
	for _, name := range names {
		if ctx.IsSet(name) && ctx.String(name) == "" {
			return fmt.Errorf("--%s has no value", name)
		}
	}
	return nil
}

// splitHosts splits lists of hosts at commas.
func splitHosts(lists []string) (hosts []string) {
	for _, list := range lists {
		for host := range strings.SplitSeq(list, ",") {
			if host = strings.TrimSpace(host); host != "" {
				hosts = append(hosts, host)
			}
		}
	}
	return hosts
}
