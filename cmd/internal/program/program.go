// Package program is what the command lines of the four helpers have in common:
// their shared flags, their version, and how they refuse a wrong command line.
package program

import (
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"squidauth/helper"
)

// Version is set by the linker.
var Version = "devel"

// New returns an application without commands. It prints nothing on standard
// output, which belongs to Squid.
func New(name, usage string, common *Common) *cli.App {
	return &cli.App{
		Name:            name,
		Usage:           usage,
		Version:         Version,
		Flags:           common.flags(),
		Writer:          os.Stderr,
		ErrWriter:       os.Stderr,
		HideHelpCommand: true,
		// A comma may be part of a name.
		DisableSliceFlagSeparator: true,
		// The caller prints the error, once and on one line.
		ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError:   func(_ *cli.Context, err error, _ bool) error { return err },
	}
}

// Run runs the application and returns the exit status: 1, with one line on
// standard error, if the command line is impossible.
func Run(app *cli.App, args []string) int {
	helper.Prepare()
	app.Commands = append(app.Commands, manualCommands(app)...)
	err := Act(app, args)
	if err == nil {
		return 0
	}
	msg := strings.Join(strings.Fields(err.Error()), " ")
	fmt.Fprintf(os.Stderr, "%s: %s; '%s --help' tells more\n", helper.ProgramName(), msg, app.Name)
	return 1
}

// Act does what a command line says, and returns what is wrong with it.
func Act(app *cli.App, args []string) error {
	for _, c := range app.Commands {
		c.HideHelpCommand = true // "help" may be the name of a file
		c.OnUsageError = app.OnUsageError
	}
	return app.Run(args)
}
