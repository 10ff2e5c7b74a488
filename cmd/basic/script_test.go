package main

import (
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"squidauth/cmd/internal/dialogue/dialoguetest"
)

func TestMain(m *testing.M) {
	if strings.HasPrefix(os.Args[0], "(") { // started by the command squid
		main()
	}
	testscript.Main(m, map[string]func(){
		"basic": main, "basic_ncsa_auth": main, "ncsa_auth": main,
		"basic_radius_auth": main, "squid_radius_auth": main,
		"basic_pop3_auth": main, "pop3.pl": main,
		"basic_sasl_auth": main, "squid_sasl_auth": main,
	})
}

// TestScripts plays testdata/*.txt.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"squid": dialoguetest.Squid, "pop3d": pop3d, "saslauthd": saslauthd,
		},
	})
}
