package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"squidauth/helper/identity"
	"squidauth/ntlm"
	"squidauth/ntlm/hashes"
)

// ntlmConfig is what the flags say of NTLM. They are those of the program ntlm, but
// for two names that would say something else beside Kerberos: --mode is --ntlm-mode,
// and --realm is --ntlm-realm.
type ntlmConfig struct {
	mode               string
	permitUncheckedMIC bool

	hashes   string // FILE
	domain   string // NetBIOS name
	computer string // NetBIOS name
	realm    string

	hold             bool
	bindExtras       bool
	permitNTLMv1     bool
	permitLMv2       bool
	detailedMessages bool
}

func (c *ntlmConfig) flags() []cli.Flag {
	return append(c.flagsOfSource(),
		&cli.BoolFlag{Name: "permit-unchecked-mic", Destination: &c.permitUncheckedMIC, Usage: "let clients in with NTLM within SPNEGO whose MIC the program of --ntlm cannot check"},
		&cli.StringFlag{Name: "ntlm-mode", Destination: &c.mode, Value: "on", Usage: "accept NTLM (on), accept it and warn of each login (audit), or refuse it (off): `MODE`"})
}

// flagsOfSource are those that mean nothing to another program.
func (c *ntlmConfig) flagsOfSource() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "hashes", Destination: &c.hashes, Usage: "check NTLM logins against the NT hashes in `FILE`"},
		&cli.StringFlag{Name: "domain", Destination: &c.domain, Usage: "the domain that users of --hashes are reported with is `NETBIOS`"},
		&cli.StringFlag{Name: "netbios-name", Destination: &c.computer, Usage: "clients of NTLM are told that this machine is `NAME` (default: the machine's own)"},
		&cli.StringFlag{Name: "ntlm-realm", Destination: &c.realm, Usage: "clients of NTLM are told that the domain's DNS name is `REALM`"},
		&cli.BoolFlag{Name: "hold", Destination: &c.hold, Usage: "let clients of NTLM wait, within --timeout, while nobody could check their login"},
		&cli.BoolFlag{Name: "bind-extras", Destination: &c.bindExtras, Usage: "refuse an NTLM handshake whose words of --key-extras change"},
		&cli.BoolFlag{Name: "permit-ntlmv1", Destination: &c.permitNTLMv1, Usage: "accept NTLMv1, also with session security, which is weak"},
		&cli.BoolFlag{Name: "permit-lmv2", Destination: &c.permitLMv2, Usage: "accept LMv2 responses alone; with --hashes only"},
		&cli.BoolFlag{Name: "detailed-messages", Destination: &c.detailedMessages, Usage: "tell clients of NTLM that their account is disabled, locked or expired"},
	}
}

var errNoSource = errors.New("say whom to ask about NTLM: --hashes FILE, or --ntlm PROGRAM")

func (c *ntlmConfig) parseMode() (ntlm.Mode, error) {
	mode, ok := ntlm.ParseMode(c.mode)
	if !ok {
		return 0, fmt.Errorf("--ntlm-mode %q is none of on, audit, off", c.mode)
	}
	return mode, nil
}

// handler checks the flags and returns what they describe; nil: nothing.
func (c *ntlmConfig) handler(mode ntlm.Mode, log *slog.Logger, names identity.Names, groups identity.Groups, keyExtras int) (*ntlm.Handler, error) {
	switch {
	case c.hashes == "":
		return nil, nil
	case !groups.Require.IsEmpty():
		return nil, errors.New("--require-group and --hashes exclude each other: a file of hashes has no groups")
	case c.bindExtras && keyExtras == 0:
		return nil, errors.New("--bind-extras needs --key-extras, and squid.conf's key_extras")
	}
	if c.permitNTLMv1 {
		log.Warn("NTLMv1 is permitted: whoever records a login, or plays the proxy, can compute the hash of the password in short time")
	}
	return &ntlm.Handler{
		Acceptor: &ntlm.Acceptor{
			Verifier:     hashes.Open(c.hashes, hashes.Options{Domain: c.domain, Log: log}),
			Target:       c.target(),
			PermitNTLMv1: c.permitNTLMv1,
			PermitLMv2:   c.permitLMv2,
			Now:          time.Now,
			Rand:         rand.Reader,
		},
		Backend:          "hashes",
		Mode:             mode,
		Names:            names,
		Groups:           groups,
		Log:              log,
		KeyExtras:        keyExtras,
		BindExtras:       c.bindExtras,
		Hold:             c.hold,
		DetailedMessages: c.detailedMessages,
	}, nil
}

// target says how clients are told that this machine is called.
func (c *ntlmConfig) target() ntlm.Target {
	host, _ := os.Hostname() // unknown: clients are told nothing
	label, suffix, qualified := strings.Cut(strings.ToLower(host), ".")
	t := ntlm.Target{Computer: c.computer, Domain: strings.ToUpper(c.domain), DNSDomain: strings.ToLower(c.realm)}
	if t.Computer == "" {
		t.Computer = strings.ToUpper(label[:min(len(label), 15)])
	}
	if qualified {
		t.DNSComputer = label + "." + suffix
	}
	return t
}
