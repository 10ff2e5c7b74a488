package main

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"squidauth/cmd/internal/accounts"
	"squidauth/cmd/internal/program"
	"squidauth/ntlm"
	"squidauth/ntlm/hashes"
	"squidauth/ntlm/netlogon"
	"squidauth/protocol"
)

// config is what the flags say.
type config struct {
	program.Common
	identity accounts.Identity

	hashes         string // FILE
	domain         string // NetBIOS name
	computer       string // NetBIOS name
	dcs            cli.StringSlice
	machineAccount string
	machineSecret  string // FILE
	realm          string
	stateDir       string

	mode             string
	hold             bool
	bindExtras       bool
	challengeUses    int
	permitNTLMv1     bool
	permitLMv2       bool
	detailedMessages bool
}

func (c *config) ntlmFlags() []cli.Flag {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "hashes", Destination: &c.hashes, Usage: "check logins against the NT hashes in `FILE`"},
		&cli.StringFlag{Name: "domain", Destination: &c.domain, Usage: "check logins with a domain controller of `NETBIOS`; with --hashes, the domain that users are reported with"},
		&cli.StringSliceFlag{Name: "dc", Destination: &c.dcs, Usage: "ask the domain controllers `HOST[,HOST…]`; may be given again (default: those that the DNS has for the realm)"},
		&cli.StringFlag{Name: "machine-account", Destination: &c.machineAccount, Usage: "ask them as the computer `NAME$`"},
		&cli.StringFlag{Name: "machine-secret", Destination: &c.machineSecret, Usage: "`FILE` with the password of that computer"},
		&cli.StringFlag{Name: "realm", Destination: &c.realm, Usage: "the domain's DNS name is `REALM`"},
		&cli.StringFlag{Name: "state-dir", Destination: &c.stateDir, Usage: "keep the lock that processes share in `DIR` (default: a folder of the user's own)"},
		&cli.StringFlag{Name: "netbios-name", Destination: &c.computer, Usage: "with --hashes, clients are told that this machine is `NAME` (default: its host name)"},
		&cli.StringFlag{Name: "mode", Destination: &c.mode, Value: "on", Usage: "accept NTLM (on), accept it and warn of each login (audit), or refuse it (off): `MODE`"},
		&cli.BoolFlag{Name: "hold", Destination: &c.hold, Usage: "let clients wait, within --timeout, while nobody could check their login"},
		&cli.BoolFlag{Name: "bind-extras", Destination: &c.bindExtras, Usage: "refuse a handshake whose words of --key-extras change"},
		&cli.IntFlag{Name: "challenge-uses", Destination: &c.challengeUses, Value: 1, Usage: "`N` clients may answer one challenge, as Squid 2.5 wants with max_challenge_reuses"},
		&cli.BoolFlag{Name: "permit-ntlmv1", Destination: &c.permitNTLMv1, Usage: "accept NTLMv1, also with session security, which is weak"},
		&cli.BoolFlag{Name: "permit-lmv2", Destination: &c.permitLMv2, Usage: "accept LMv2 responses alone; with --hashes only"},
		&cli.BoolFlag{Name: "detailed-messages", Destination: &c.detailedMessages, Usage: "tell clients that their account is disabled, locked or expired"},
	}
	c.identity.DefaultForm = "domain" // as ntlm_auth
	return append(flags, c.identity.Flags()...)
}

// maxUses bounds --challenge-uses: the responses to a challenge are remembered.
const maxUses = 10000

func (c *config) serve(ctx *cli.Context) error {
	if ctx.NArg() > 0 {
		return fmt.Errorf("ntlm takes no argument: %q", ctx.Args().First())
	}
	opt, err := c.Options(protocol.NTLM)
	if err != nil {
		return err
	}
	mode, err := c.check()
	if err != nil {
		return err
	}
	names, groups, err := c.identity.Options(opt.Log)
	if err != nil {
		return err
	}
	s, err := c.source(mode, opt.Log)
	if err != nil {
		return err
	}
	if s.hasNoGroups && !groups.Require.IsEmpty() {
		return errors.New("--require-group needs a domain: a file of hashes has no groups")
	}
	if c.permitNTLMv1 {
		opt.Log.Warn("NTLMv1 is permitted: whoever records a login, or plays the proxy, can compute the hash of the password in short time")
	}
	c.Serve(&ntlm.Handler{
		Acceptor: &ntlm.Acceptor{
			Verifier:      s.verifier,
			Target:        s.target,
			PermitNTLMv1:  c.permitNTLMv1,
			PermitLMv2:    c.permitLMv2,
			ChallengeUses: c.challengeUses,
			Now:           time.Now,
			Rand:          rand.Reader,
		},
		Backend:          s.name,
		Mode:             mode,
		Names:            names,
		Groups:           groups,
		Log:              opt.Log,
		KeyExtras:        c.KeyExtras,
		BindExtras:       c.bindExtras,
		Hold:             c.hold,
		DetailedMessages: c.detailedMessages,
	}, opt)
	return nil
}

// check says what is wrong with the flags that say how logins are accepted.
func (c *config) check() (ntlm.Mode, error) {
	mode, ok := ntlm.ParseMode(c.mode)
	switch {
	case !ok:
		return mode, fmt.Errorf("--mode %q is none of on, audit, off", c.mode)
	case c.challengeUses < 1 || c.challengeUses > maxUses:
		return mode, fmt.Errorf("--challenge-uses %d is not between 1 and %d", c.challengeUses, maxUses)
	case c.bindExtras && c.KeyExtras == 0:
		return mode, errors.New("--bind-extras needs --key-extras, and squid.conf's key_extras")
	case c.bindExtras && c.challengeUses > 1:
		return mode, errors.New("--bind-extras and --challenge-uses exclude each other")
	case c.challengeUses > 1 && (c.permitNTLMv1 || c.permitLMv2):
		return mode, errors.New("--challenge-uses goes with NTLMv2 only: older responses to one challenge can be used again by others")
	case c.permitLMv2 && c.hashes == "":
		return mode, errors.New("--permit-lmv2 goes with --hashes only: a domain controller may take LM for it")
	}
	return mode, nil
}

// source is who knows the users.
type source struct {
	verifier    ntlm.Verifier
	name        string // in the audit log
	target      ntlm.Target
	hasNoGroups bool
}

var (
	errNoSource = errors.New("say whom to ask: --hashes FILE, or --domain NETBIOS --machine-account 'NAME$' --machine-secret FILE")
	errTwo      = errors.New("--hashes and a domain controller exclude each other")
)

func (c *config) source(mode ntlm.Mode, log *slog.Logger) (source, error) {
	controller := c.machineAccount != "" || c.machineSecret != "" || len(c.dcs.Value()) > 0
	if err := errors.Join(
		checkNetBIOS("--domain", c.domain),
		checkNetBIOS("--netbios-name", c.computer),
		checkNetBIOS("--machine-account", strings.TrimSuffix(c.machineAccount, "$")),
	); err != nil {
		return source{}, err
	}
	switch {
	case c.hashes != "" && controller:
		return source{}, errTwo
	case c.hashes != "":
		v := hashes.Open(c.hashes, hashes.Options{Domain: c.domain, Log: log})
		return source{verifier: v, name: "hashes", target: c.target(), hasNoGroups: true}, nil
	case controller || c.domain != "":
		return c.netlogon(log)
	case mode == ntlm.Off:
		return source{name: "none"}, nil
	}
	return source{}, errNoSource
}

// netlogon asks domain controllers.
func (c *config) netlogon(log *slog.Logger) (source, error) {
	switch {
	case c.domain == "" || c.machineAccount == "" || c.machineSecret == "":
		return source{}, errors.New("a domain controller is asked with --domain NETBIOS --machine-account 'NAME$' --machine-secret FILE")
	case !strings.HasSuffix(c.machineAccount, "$"):
		return source{}, fmt.Errorf("--machine-account %q is no computer's: its name ends in $", c.machineAccount)
	case c.computer != "":
		return source{}, errors.New("--netbios-name goes with --hashes only: domain controllers want the name of the machine account")
	case len(c.controllers()) == 0 && c.realm == "":
		return source{}, errors.New("to find domain controllers, give --dc HOST[,HOST…], or --realm REALM to look for them in the DNS")
	}
	v, err := netlogon.New(netlogon.Config{
		Domain:      strings.ToUpper(c.domain),
		Realm:       c.realm,
		Controllers: c.controllers(),
		Account:     c.machineAccount,
		Secret:      netlogon.OpenSecret(c.machineSecret, c.machineAccount, log),
		StateDir:    cmp.Or(c.stateDir, netlogon.DefaultStateDir(os.LookupEnv)),
		Log:         log,
	})
	if err != nil {
		return source{}, err
	}
	return source{verifier: v, name: "netlogon", target: c.target()}, nil
}

// controllers returns the hosts of --dc.
func (c *config) controllers() (hosts []string) {
	for _, list := range c.dcs.Value() {
		for host := range strings.SplitSeq(list, ",") {
			if host = strings.TrimSpace(host); host != "" {
				hosts = append(hosts, host)
			}
		}
	}
	return hosts
}
