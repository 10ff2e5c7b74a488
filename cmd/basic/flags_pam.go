package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"squidauth/basic"
	"squidauth/basic/pam"
	"squidauth/cmd/internal/getopt"
	"squidauth/cmd/internal/program"
	"squidauth/helper"
)

// maxPAMThreads bounds --threads: each thread is some 100 KB of memory, and modules that
// all wait for one server do not get faster by it.
const maxPAMThreads = 1000

// pamAuth translates the command line of basic_pam_auth. Its manual page calls -n -s.
func pamAuth(call program.Call, args []string) (program.Call, error) {
	long, rest := program.CutLong(args)
	options, operands, err := getopt.Parse(rest, "1n:s:t:or")
	switch {
	case err != nil:
		return call, err
	case len(operands) > 0:
		return call, fmt.Errorf("basic_pam_auth takes no argument: %q", operands[0])
	}
	common, backend, _ := splitFlags(long, pamCommand(nil).Flags)
	call.Args = append(append(append(call.Args, "--plain-messages"), common...), "pam")
	call.Args = append(call.Args, backend...)
	for _, o := range options {
		switch o.Letter {
		case 'n', 's':
			call.Args = append(call.Args, "--service="+o.Value)
		case 'o':
			call.Args = append(call.Args, "--no-account")
		case 'r':
			call.Args = append(call.Args, "--strip-realm")
		case 't':
			call.Notes = append(call.Notes, "-t means nothing: each login has a PAM handle of its own, as it had on Linux whatever -t said")
		}
	}
	return call, nil
}

func pamCommand(c *config) *cli.Command {
	var opt pam.Options
	return &cli.Command{
		Name:      "pam",
		Usage:     "have the system's PAM modules check passwords",
		ArgsUsage: " ",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "service", Destination: &opt.Service, Value: "squid", Usage: "ask the modules of /etc/pam.d/`NAME`"},
			&cli.StringFlag{Name: "config-dir", Destination: &opt.ConfigDir, Usage: "look for it in `DIR` instead (Linux)"},
			&cli.BoolFlag{Name: "no-account", Destination: &opt.NoAccount, Usage: "do not ask whether the account may log in"},
			&cli.BoolFlag{Name: "strip-realm", Destination: &opt.StripRealm, Usage: "take @REALM or DOMAIN\\ off user names"},
			&cli.IntFlag{Name: "threads", Destination: &opt.Threads, Value: pam.DefaultThreads, Usage: "ask about `N` users at once at most"},
		},
		Action: func(ctx *cli.Context) error {
			if err := checkPAM(ctx, opt); err != nil {
				return err
			}
			if err := c.needPAM(); err != nil {
				return err
			}
			return c.serve("pam", func(common helper.Options) (basic.Backend, error) {
				opt.Log = common.Log
				warnOfService(opt)
				return pam.New(opt), nil
			})
		},
	}
}

func checkPAM(ctx *cli.Context, opt pam.Options) error {
	switch {
	case ctx.NArg() > 0:
		return fmt.Errorf("pam takes no argument: %q", ctx.Args().First())
	case opt.Threads < 1 || opt.Threads > maxPAMThreads:
		return fmt.Errorf("--threads %d is not between 1 and %d", opt.Threads, maxPAMThreads)
	case os.Geteuid() != os.Getuid():
		return errors.New("this program must not be set-user-ID: whoever may run it could have any module loaded; see docs/basic-system.md for what to do instead")
	}
	return pam.CheckService(opt.Service)
}

// pamProgram is this program built with PAM.
const pamProgram = "basic-pam"

var errNoPAM = fmt.Errorf("this program is built without PAM, which is a C library: 'make build-pam' builds one that goes beside it, by the name of %s", pamProgram)

// needPAM has the program with PAM that stands beside this one, if this one has none,
// take its place with the same arguments. It then returns only if that cannot be done.
// Whoever just looks at a command line needs no more than that there is such a program.
func (c *config) needPAM() error {
	if pam.Linked {
		return nil
	}
	path, err := program.Beside(pamProgram)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", errNoPAM, err)
	case c.Inspected():
		return nil
	}
	return program.Become(path)
}

// shieldFromModules takes the descriptors that Squid listens to out of the reach of
// modules.
func shieldFromModules() (err error) {
	in, out, err := pam.Shield()
	if err == nil {
		os.Stdin, os.Stdout = in, out
	}
	return err
}

// warnOfService tells of a service without a file of its own: PAM then asks the modules
// of the service "other", and those may let in whom nobody has thought of.
func warnOfService(opt pam.Options) {
	if path, found := pam.ServiceFile(opt); !found {
		opt.Log.Warn("the PAM service has no file: PAM asks the modules of the service 'other' instead", slog.String("service", filepath.Base(path)), slog.String("file", path))
	}
}
