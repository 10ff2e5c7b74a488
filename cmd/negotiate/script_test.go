package main

import (
	"fmt"
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
	testscript.Main(m, map[string]func(){"negotiate": main, "negotiate_kerberos_auth": main, authTestName: main})
}

// TestScripts plays testdata/*.txt. Those that need a ticket are in e2e.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"squid": dialoguetest.Squid},
	})
}

func TestByName(t *testing.T) {
	tests := []struct{ name, args, want string }{
		{"negotiate", "--keytab x", "--keytab x"},
		{"negotiate_kerberos_auth", "", ""},
		{"negotiate_kerberos_auth", "-d -i -r", "--debug --audit all --strip-realm"},
		{"squid_kerb_auth", "-dr -s HTTP/proxy.example.org@EXAMPLE.ORG", "--debug --strip-realm --spn HTTP/proxy.example.org@EXAMPLE.ORG"},
		{"negotiate_kerberos_auth", "-s gss_c_no_name -k FILE:/etc/squid/HTTP.keytab", "--keytab /etc/squid/HTTP.keytab"},
		{"negotiate_kerberos_auth", "-t none", "--replay-cache none"},
		{"negotiate_kerberos_auth", "-t dfl", ""},
		{"negotiate_kerberos_auth", "-c /run/rc", fmt.Sprintf("--replay-cache file:/run/rc/krb5_%d.rcache2", os.Geteuid())},
		{"negotiate_kerberos_auth", "--strip-realm --max-skew=10m -k /k", "--strip-realm --max-skew=10m --keytab /k"},
		{"negotiate_kerberos_auth", "-x", "no such option: -x"},
		{"negotiate_kerberos_auth", "-k", "option -k needs a value"},
	}
	for _, c := range tests {
		args, err := byName(c.name, append([]string{c.name}, strings.Fields(c.args)...))
		got := strings.Join(args[1:], " ")
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s %s: got %q, want %q", c.name, c.args, got, c.want)
		}
	}
}
