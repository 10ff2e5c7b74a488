package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"squidauth/helper"
	"squidauth/ntlm/hashes"
)

// tools are the commands of an administrator.
type tools struct {
	status int // the exit status, unless the command line is impossible
}

func (t *tools) commands() []*cli.Command {
	hash := &cli.Command{
		Name:            "hash",
		Usage:           "add users to a file of NT hashes, and remove them",
		HideHelpCommand: true,
		Subcommands: []*cli.Command{
			t.hashCommand("add", "give USER the password that is asked for, or read from standard input", addUser),
			t.hashCommand("remove", "take USER out of the file", hashes.Remove),
		},
		Action: func(*cli.Context) error {
			return errors.New("say what to do: hash add FILE USER, or hash remove FILE USER")
		},
	}
	return []*cli.Command{hash}
}

func (t *tools) hashCommand(name, usage string, do func(file, user string) error) *cli.Command {
	return &cli.Command{
		Name:            name,
		Usage:           usage,
		ArgsUsage:       "FILE USER",
		HideHelpCommand: true,
		OnUsageError:    func(_ *cli.Context, err error, _ bool) error { return err },
		Action: func(ctx *cli.Context) error {
			if ctx.NArg() != 2 {
				return fmt.Errorf("hash %s takes a file and a user, not %d arguments", name, ctx.NArg())
			}
			if err := do(ctx.Args().Get(0), ctx.Args().Get(1)); err != nil {
				t.status = 1
				say("%v", err)
			}
			return nil
		},
	}
}

// addUser asks for the password first: the file is not kept from others meanwhile.
func addUser(file, user string) error {
	password, err := askPassword(os.Stdin, os.Stderr)
	if err != nil {
		return err
	}
	created, err := hashes.Set(file, user, password)
	if created && err == nil {
		say("%s is new: give it to the group that Squid runs as, mode 0640", file)
	}
	return err
}

// say writes a line for the administrator.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s: %s\n", helper.ProgramName(), fmt.Sprintf(format, args...))
}
