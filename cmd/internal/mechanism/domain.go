package mechanism

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"squidauth/helper/state"
	"squidauth/ntlm/netlogon"
)

// Domain holds the flags that say how a domain's controllers are asked.
type Domain struct {
	Name  string // NetBIOS name
	Realm string // DNS name

	StateDir string // folder for the lock, if the flag names none

	// Observe is told how each question to a domain controller ended; nil: nobody is.
	Observe func(controller, end string)

	dcs            cli.StringSlice
	machineAccount string
	machineSecret  string // FILE
	stateDir       string
}

// Flags are those of programs that ask domain controllers. Those for the names of the
// domain mean something to others too, and are not among them.
func (d *Domain) Flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "dc", Destination: &d.dcs, Usage: "ask the domain controllers `HOST[,HOST…]`; may be given again (default: those that the DNS has for the realm)"},
		&cli.StringFlag{Name: "machine-account", Destination: &d.machineAccount, Usage: "ask them as the computer `NAME$`"},
		&cli.StringFlag{Name: "machine-secret", Destination: &d.machineSecret, Usage: "`FILE` with the password of that computer"},
		&cli.StringFlag{Name: "state-dir", Destination: &d.stateDir, Usage: "keep the lock that processes share in `DIR` (default: a folder of the user's own)"},
	}
}

// isGiven reports whether any of the flags is there that only domain controllers need.
func (d *Domain) isGiven() bool {
	return d.machineAccount != "" || d.machineSecret != "" || len(d.dcs.Value()) > 0
}

// Verifier checks the flags and returns what they describe.
func (d *Domain) Verifier(log *slog.Logger) (*netlogon.Verifier, error) {
	if err := errors.Join(
		checkNetBIOS("--domain", d.Name),
		checkNetBIOS("--machine-account", strings.TrimSuffix(d.machineAccount, "$")),
	); err != nil {
		return nil, err
	}
	controllers := d.controllers()
	switch {
	case d.Name == "" || d.machineAccount == "" || d.machineSecret == "":
		return nil, errors.New("a domain controller is asked with --domain NETBIOS --machine-account 'NAME$' --machine-secret FILE")
	case !strings.HasSuffix(d.machineAccount, "$"):
		return nil, fmt.Errorf("--machine-account %q is no computer's: its name ends in $", d.machineAccount)
	case len(controllers) == 0 && d.Realm == "":
		return nil, errors.New("to find domain controllers, give --dc HOST[,HOST…], or --realm REALM to look for them in the DNS")
	}
	var observe func(string, netlogon.End)
	if d.Observe != nil {
		observe = func(controller string, e netlogon.End) { d.Observe(controller, string(e)) }
	}
	return netlogon.New(netlogon.Config{
		Domain:      strings.ToUpper(d.Name),
		Realm:       d.Realm,
		Controllers: controllers,
		Account:     d.machineAccount,
		Secret:      netlogon.OpenSecret(d.machineSecret, d.machineAccount, log),
		StateDir:    cmp.Or(d.stateDir, d.StateDir, state.DefaultDir(os.LookupEnv)),
		Log:         log,
		Observe:     observe,
	})
}

// controllers returns the hosts of --dc.
func (d *Domain) controllers() (hosts []string) {
	for _, list := range d.dcs.Value() {
		for host := range strings.SplitSeq(list, ",") {
			if host = strings.TrimSpace(host); host != "" {
				hosts = append(hosts, host)
			}
		}
	}
	return hosts
}
