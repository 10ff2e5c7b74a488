package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"squidauth/cmd/internal/program"
)

// machineApp runs a command line with the commands of machine accounts.
func machineApp(args ...string) error {
	var t tools
	var common program.Common
	app := program.New("ntlm", "", &common)
	app.Commands = t.machineCommands()
	return app.Run(append([]string{"ntlm"}, args...))
}

// TestMachineRefused has command lines that cannot be meant.
func TestMachineRefused(t *testing.T) {
	dir := t.TempDir()
	noPEM := filepath.Join(dir, "pem")
	if err := os.WriteFile(noPEM, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"join": "join needs --realm REALM --secret FILE --keytab FILE",
		"join --realm EXAMPLE.ORG --secret s --keytab k x":                                        `join takes no argument: "x"`,
		"join --realm EXAMPLE.ORG --secret s --keytab k --host a.b --ldap-seal --ldap-start-tls":  "exclude each other",
		"join --realm EXAMPLE.ORG --secret s --keytab k --host a.b --account A.B":                 "not the name of a computer's account",
		"join --realm EXAMPLE.ORG --secret s --keytab k --host a.b --ldap-ca " + dir + "/nowhere": "--ldap-ca: open",
		"join --realm EXAMPLE.ORG --secret s --keytab k --host a.b --ldap-ca " + noPEM:            "holds no certificate in PEM",
		"join --realm EXAMPLE.ORG --secret s --keytab k --host sixteen-letters-.example.org":      "at most 15",
		"rotate":                                         "rotate needs --secret FILE",
		"rotate --secret s":                              "say whose password it is",
		"rotate --secret s --admin a":                    "--admin goes with --reset",
		"rotate --secret s --ldap-seal":                  "--ldap-seal goes with --reset",
		"rotate --secret s --keytab " + dir + "/nowhere": "--keytab: open",
		"rotate --secret s --keytab " + noPEM:            "say whose password it is",
		"rotate --secret s --realm EXAMPLE.ORG --account A$ --if-older-than 0d": "not a length of time",
		"rotate --secret s --realm EXAMPLE.ORG --account A$ --if-older-than x":  "not a length of time",
		"rotate --secret s --realm EXAMPLE.ORG --account A$ more":               `rotate takes no argument: "more"`,
	} {
		if err := machineApp(strings.Fields(args)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", args, err, want)
		}
	}
}

func TestParseAge(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 0, "30d": 720 * time.Hour, "12h": 12 * time.Hour, "1h30m": 90 * time.Minute} {
		if got, err := parseAge(text); got != want || err != nil {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"d", "-1d", "0d", "-1h", "1", "70000d", "1.5d"} {
		if got, err := parseAge(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}
