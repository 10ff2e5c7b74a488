package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"squidauth/cmd/internal/program"
)

// A kind of backend is a command of this program, and takes the place of others.
type kind struct {
	command func(*config) *cli.Command // nil: that of a kind above
	names   []string                   // of the programs whose place it takes

	// translate returns the command line of this program that does what one of
	// names does with the arguments args. own holds the program's name.
	translate func(own program.Call, args []string) (program.Call, error)
}

var kinds = []kind{
	{ncsaCommand, []string{"basic_ncsa_auth", "ncsa_auth"}, ncsaAuth},
	{command: kerberosCommand},
	{windowsCommand, []string{"ntlm_auth"}, sambaAuth},
	{nil, []string{"basic_smb_auth", "smb_auth"}, smbAuth},
	{nil, []string{"basic_smb_lm_auth"}, smbLMAuth},
	{nil, []string{"basic_msnt_auth", "msnt_auth"}, msntAuth},
	{nil, []string{"basic_msnt_multi_domain_auth"}, multiDomainAuth},
	{radiusCommand, []string{"basic_radius_auth", "squid_radius_auth"}, radiusAuth},
	{ldapCommand, []string{"basic_ldap_auth", "squid_ldap_auth"}, ldapAuth},
	{getpwnamCommand, []string{"basic_getpwnam_auth", "getpwnam_auth"}, getpwnamAuth},
	{pamCommand, []string{"basic_pam_auth", "pam_auth"}, pamAuth},
	{nisCommand, []string{"basic_nis_auth", "yp_auth"}, nisAuth},
	{fakeCommand, []string{"basic_fake_auth"}, fakeAuth},
	{dbCommand, []string{"basic_db_auth", "squid_db_auth"}, dbAuth},
	{denyCommand, nil, nil},
	{pop3Command, []string{"basic_pop3_auth", "pop3.pl"}, pop3Auth},
	{imapCommand, nil, nil},
	{smtpCommand, nil, nil},
	{saslCommand, []string{"basic_sasl_auth", "squid_sasl_auth"}, saslAuth},
}

// commands returns those of all kinds.
func commands(c *config) (all []*cli.Command) {
	for _, k := range kinds {
		if k.command != nil {
			all = append(all, k.command(c))
		}
	}
	return all
}

// byName returns the command line of this program that does what the program called
// name does with the same arguments. Squid's helpers have such names; any other name
// is this program's own.
func byName(name string, args []string) (program.Call, error) {
	for _, k := range kinds {
		if slices.Contains(k.names, name) {
			return k.translate(program.Call{Args: args[:1:1]}, args[1:])
		}
	}
	return program.Call{Args: args}, nil
}

// noBackend is what is left when the command line names no backend.
func noBackend(c *cli.Context) error {
	if c.NArg() == 0 {
		return errors.New("say which backend to ask, for instance: basic ncsa /etc/squid/passwd")
	}
	return fmt.Errorf("there is no backend %q", c.Args().First())
}
