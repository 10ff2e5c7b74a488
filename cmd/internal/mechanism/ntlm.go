package mechanism

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/urfave/cli/v2"

	"squidauth/helper/identity"
	"squidauth/ntlm"
	"squidauth/ntlm/hashes"
)

// NTLM holds the flags that say how logins with NTLM are checked.
type NTLM struct {
	// Prefix stands before the names of the flags that would say something else
	// beside Kerberos: --mode and --realm.
	Prefix string

	// Observe is told how each question to a domain controller ended; nil: nobody is.
	Observe func(controller, end string)

	domain   Domain
	hashes   string // FILE
	computer string // NetBIOS name
	mode     string

	hold             bool
	bindExtras       bool
	challengeUses    int
	permitNTLMv1     bool
	permitLMv2       bool
	detailedMessages bool
}

// maxUses bounds --challenge-uses: the responses to a challenge are remembered.
const maxUses = 10000

// ModeFlag is the flag that says whether NTLM is accepted, whoever checks it.
func (c *NTLM) ModeFlag() cli.Flag {
	return &cli.StringFlag{Name: c.Prefix + "mode", Destination: &c.mode, Value: "on", Usage: "accept NTLM (on), accept it and warn of each login (audit), or refuse it (off): `MODE`"}
}

// Flags are those of programs that check NTLM themselves, but for ModeFlag.
func (c *NTLM) Flags() []cli.Flag {
	flags := []cli.Flag{
		&cli.StringFlag{Name: "hashes", Destination: &c.hashes, Usage: "check NTLM logins against the NT hashes in `FILE`"},
		&cli.StringFlag{Name: "domain", Destination: &c.domain.Name, Usage: "check NTLM logins with a domain controller of `NETBIOS`; with --hashes, the domain that users are reported with"},
		&cli.StringFlag{Name: c.Prefix + "realm", Destination: &c.domain.Realm, Usage: "the DNS name of that domain is `REALM`"},
	}
	flags = append(flags, c.domain.Flags()...)
	return append(flags,
		&cli.StringFlag{Name: "netbios-name", Destination: &c.computer, Usage: "with --hashes, clients are told that this machine is `NAME` (default: its host name)"},
		&cli.BoolFlag{Name: "hold", Destination: &c.hold, Usage: "let clients of NTLM wait, within --timeout, while nobody could check their login"},
		&cli.BoolFlag{Name: "bind-extras", Destination: &c.bindExtras, Usage: "refuse an NTLM handshake whose words of --key-extras change"},
		&cli.IntFlag{Name: "challenge-uses", Destination: &c.challengeUses, Value: 1, Usage: "`N` clients may answer one challenge, as Squid 2.5 wants with max_challenge_reuses"},
		&cli.BoolFlag{Name: "permit-ntlmv1", Destination: &c.permitNTLMv1, Usage: "accept NTLMv1, also with session security, which is weak"},
		&cli.BoolFlag{Name: "permit-lmv2", Destination: &c.permitLMv2, Usage: "accept LMv2 responses alone; with --hashes only"},
		&cli.BoolFlag{Name: "detailed-messages", Destination: &c.detailedMessages, Usage: "tell clients of NTLM that their account is disabled, locked or expired"})
}

// Mode returns what ModeFlag says.
func (c *NTLM) Mode() (ntlm.Mode, error) {
	mode, ok := ntlm.ParseMode(c.mode)
	if !ok {
		return 0, fmt.Errorf("--%smode %q is none of on, audit, off", c.Prefix, c.mode)
	}
	return mode, nil
}

// Handler checks the flags and returns what they describe.
func (c *NTLM) Handler(log *slog.Logger, names identity.Names, groups identity.Groups, keyExtras int) (*ntlm.Handler, error) {
	mode, err := c.Mode()
	if err != nil {
		return nil, err
	}
	if err := c.check(keyExtras); err != nil {
		return nil, err
	}
	s, err := c.source(mode, log)
	if err != nil {
		return nil, err
	}
	if s.hasNoGroups && !groups.Require.IsEmpty() {
		return nil, errors.New("--require-group needs a domain: a file of hashes has no groups")
	}
	if c.permitNTLMv1 {
		log.Warn("NTLMv1 is permitted: whoever records a login, or plays the proxy, can compute the hash of the password in short time")
	}
	return &ntlm.Handler{
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
		Log:              log,
		KeyExtras:        keyExtras,
		BindExtras:       c.bindExtras,
		Hold:             c.hold,
		DetailedMessages: c.detailedMessages,
	}, nil
}

// check says what is wrong with the flags that say how logins are accepted.
func (c *NTLM) check(keyExtras int) error {
	switch {
	case c.challengeUses < 1 || c.challengeUses > maxUses:
		return fmt.Errorf("--challenge-uses %d is not between 1 and %d", c.challengeUses, maxUses)
	case c.bindExtras && keyExtras == 0:
		return errors.New("--bind-extras needs --key-extras, and squid.conf's key_extras")
	case c.bindExtras && c.challengeUses > 1:
		return errors.New("--bind-extras and --challenge-uses exclude each other")
	case c.challengeUses > 1 && (c.permitNTLMv1 || c.permitLMv2):
		return errors.New("--challenge-uses goes with NTLMv2 only: older responses to one challenge can be used again by others")
	case c.permitLMv2 && c.hashes == "":
		return errors.New("--permit-lmv2 goes with --hashes only: a domain controller may take LM for it")
	}
	return nil
}

// source is who knows the users.
type source struct {
	verifier    ntlm.Verifier
	name        string // in the audit log
	target      ntlm.Target
	hasNoGroups bool
}

// ErrNoSource is the error of a command line that names nobody who knows the users.
var ErrNoSource = errors.New("say whom to ask about NTLM: --hashes FILE, or --domain NETBIOS --machine-account 'NAME$' --machine-secret FILE")

func (c *NTLM) source(mode ntlm.Mode, log *slog.Logger) (source, error) {
	if err := checkNetBIOS("--netbios-name", c.computer); err != nil {
		return source{}, err
	}
	switch {
	case c.hashes != "" && c.domain.isGiven():
		return source{}, errors.New("--hashes and a domain controller exclude each other")
	case c.hashes != "":
		v := hashes.Open(c.hashes, hashes.Options{Domain: c.domain.Name, Log: log})
		return source{verifier: v, name: "hashes", target: c.target(), hasNoGroups: true}, checkNetBIOS("--domain", c.domain.Name)
	case c.domain.isGiven() || c.domain.Name != "":
		return c.controllers(log)
	case mode == ntlm.Off:
		return source{name: "none"}, nil
	}
	return source{}, ErrNoSource
}

// controllers asks domain controllers.
func (c *NTLM) controllers(log *slog.Logger) (source, error) {
	if c.computer != "" {
		return source{}, errors.New("--netbios-name goes with --hashes only: domain controllers want the name of the machine account")
	}
	c.domain.Observe = c.Observe
	v, err := c.domain.Verifier(log)
	if err != nil {
		return source{}, err
	}
	return source{verifier: v, name: "netlogon", target: c.target()}, nil
}
