package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"
)

// byName returns the arguments of this program that do what the program called
// name does with the arguments args. Squid's own helpers have such names; any
// other name is this program's own.
func byName(name string, args []string) []string {
	switch name {
	case "basic_ncsa_auth", "ncsa_auth":
		return ncsaArgs(args)
	}
	return args
}

func noBackend(c *cli.Context) error {
	if c.NArg() == 0 {
		return errors.New("say which backend to ask, for instance: basic ncsa /etc/squid/passwd")
	}
	return fmt.Errorf("there is no backend %q", c.Args().First())
}
