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
	programs := map[string]func(){"basic": main, "basic_ncsa_auth": main, "ncsa_auth": main}
	for _, k := range kinds {
		for _, name := range k.names {
			programs[name] = main
		}
	}
	testscript.Main(m, programs)
}

// TestScripts plays testdata/*.txt.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup:               startKDC,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"squid": dialoguetest.Squid},
	})
}
