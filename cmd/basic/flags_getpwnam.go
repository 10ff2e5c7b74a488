package main

import (
	"fmt"
	"log/slog"
	"os/exec"
	"runtime"

	"github.com/urfave/cli/v2"

	"squidauth/basic"
	"squidauth/basic/getpwnam"
	"squidauth/cmd/internal/program"
	"squidauth/helper"
	"squidauth/helper/watch"
)

// Where the system keeps its accounts.
const (
	passwdFile   = "/etc/passwd"
	shadowFile   = "/etc/shadow"
	masterFile   = "/etc/master.passwd" // of the BSDs
	nsswitchFile = "/etc/nsswitch.conf"
)

// maxNSSwitch bounds nsswitch.conf in bytes.
const maxNSSwitch = 64 << 10

// getpwnamAuth translates the command line of basic_getpwnam_auth, which takes no
// arguments and ignores those that it is given.
func getpwnamAuth(call program.Call, args []string) (program.Call, error) {
	long, rest := program.CutLong(args)
	common, backend := divide(long, "passwd-file", "shadow-file", "master-file", "nss", "ignore-expiry")
	if len(rest) > 0 {
		call.Notes = append(call.Notes, fmt.Sprintf("the argument %q means nothing, and never did", rest[0]))
	}
	call.Args = append(append(call.Args, "--plain-messages"), common...)
	call.Args = append(append(call.Args, "getpwnam"), backend...)
	return call, nil
}

func getpwnamCommand(c *config) *cli.Command {
	var opt getpwnam.Options
	var nss string
	return &cli.Command{
		Name:      "getpwnam",
		Usage:     "check passwords against the system's accounts",
		ArgsUsage: " ",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "passwd-file", Destination: &opt.PasswdFile, Value: passwdFile, Usage: "users are in `FILE`"},
			&cli.StringFlag{Name: "shadow-file", Destination: &opt.ShadowFile, Value: shadowFile, Usage: "their hashes are in `FILE`"},
			&cli.StringFlag{Name: "master-file", Destination: &opt.MasterFile, Value: masterByDefault(), Usage: "in place of both, `FILE` is a master.passwd of a BSD"},
			&cli.StringFlag{Name: "nss", Destination: &nss, Value: "auto", Usage: "ask getent for users who are not in the files: on, off, or auto: if nsswitch.conf has more `SOURCES`"},
			&cli.BoolFlag{Name: "ignore-expiry", Destination: &opt.IgnoreExpiry, Usage: "let in whose account or password has expired"},
		},
		Action: func(ctx *cli.Context) error {
			if ctx.NArg() > 0 {
				return fmt.Errorf("getpwnam takes no argument: %q", ctx.Args().First())
			}
			if ctx.IsSet("passwd-file") || ctx.IsSet("shadow-file") {
				if ctx.IsSet("master-file") {
					return fmt.Errorf("--master-file takes the place of --passwd-file and --shadow-file")
				}
				opt.MasterFile = ""
			}
			if nss != "on" && nss != "off" && nss != "auto" {
				return fmt.Errorf("--nss %q is none of on, off, auto", nss)
			}
			return c.serve("getpwnam", func(common helper.Options) (basic.Backend, error) {
				opt.Log = common.Log
				if nss == "on" || nss == "auto" && nssHasMore(common.Log) {
					opt.Getent = getent(common.Log)
				}
				return getpwnam.Open(opt), nil
			})
		},
	}
}

// masterByDefault is empty where the system has a shadow file.
func masterByDefault() string {
	switch runtime.GOOS {
	case "freebsd", "openbsd", "netbsd", "dragonfly":
		return masterFile
	}
	return ""
}

// nssHasMore looks at the configuration of the name service switch once.
func nssHasMore(log *slog.Logger) bool {
	conf, err := watch.ReadRegular(nsswitchFile, maxNSSwitch)
	if err != nil {
		log.Debug("no name service switch", "problem", err.Error())
		return false
	}
	return getpwnam.NSSHasMore(string(conf))
}

// getent returns the path of the program, or its bare name, with which every question
// fails and says why.
func getent(log *slog.Logger) string {
	path, err := exec.LookPath("getent")
	if err != nil {
		log.Warn("users who are not in the files cannot be looked up: the program getent is missing", "problem", err.Error())
		return "getent"
	}
	return path
}
