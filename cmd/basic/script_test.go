package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"squidauth/basic/pam"
	"squidauth/cmd/internal/dialogue/dialoguetest"
)

func TestMain(m *testing.M) {
	if strings.HasPrefix(os.Args[0], "(") { // started by the command squid
		main()
	}
	programs := map[string]func(){"basic": main}
	for _, k := range kinds {
		for _, name := range k.names {
			programs[name] = main
		}
	}
	testscript.Main(m, programs)
}

// TestScripts plays testdata/*.txt.
func TestScripts(t *testing.T) {
	ldap := ldapServer(t)
	testscript.Run(t, testscript.Params{
		Setup: func(e *testscript.Env) error {
			e.Setenv("LDAP", ldap)
			return startKDC(e)
		},
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"squid": dialoguetest.Squid, "pop3d": pop3d, "saslauthd": saslauthd,
			"sqlite": sqlite,
		},
		Condition: condition,
	})
}

// condition knows whether the programs are built with PAM: [pam], [!pam].
func condition(name string) (bool, error) {
	if name != "pam" {
		return false, fmt.Errorf("there is no condition %q", name)
	}
	return pam.Linked, nil
}
