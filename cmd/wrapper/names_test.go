package main

import (
	"fmt"
	"strings"
	"testing"
)

// TestByName: how command lines are taken apart, as "own words | Kerberos | NTLM".
func TestByName(t *testing.T) {
	const usage, own, c = "usage", "wrapper", "negotiate_wrapper_auth"
	for _, tt := range []struct{ name, args, want string }{
		{own, "", "||"},
		{own, "--keytab /k --debug", "--keytab /k --debug||"},
		{own, "--debug --kerberos /k -r -s x --ntlm /n -d", "--debug|/k -r -s x|/n -d"},
		{own, "--ntlm /n --kerberos /k", "|/k|/n"},
		{own, "--ntlm /n a b", "||/n a b"},
		{own, "--ntlm-mode off --hashes /h", "--ntlm-mode off --hashes /h||"},
		{own, "--ntlm /n --ntlm-mode off", "||/n --ntlm-mode off"}, // behind the options: the program's
		{own, "--ntlm /1 --ntlm /2", "||/2"},
		{own, "--NTLM /n", "--NTLM /n||"},
		{own, "--ntlm", "--ntlm names no program"},
		{own, "--kerberos --ntlm /n", "--kerberos names no program"},
		{own, "--ntlm ntlm_auth --helper-protocol=x", `--ntlm "ntlm_auth": give the whole path, as programs are not looked for`},

		{c, "--ntlm /n --kerberos /k", "|/k|/n"},
		{c, "--kerberos /k --ntlm /n", "|/k|/n"},
		{"negotiate_wrapper", "-d --ntlm /n -x --kerberos /k -y", "--debug|/k -y|/n -x"},
		{c, "-d --ntlm /usr/bin/ntlm_auth --diagnostics --helper-protocol=squid-2.5-ntlmssp --domain=EXAMPLE" +
			" --kerberos /usr/lib/squid/negotiate_kerberos_auth -d -s GSS_C_NO_NAME -k /etc/squid/HTTP.keytab -t none -r",
			"--debug|/usr/lib/squid/negotiate_kerberos_auth -d -s GSS_C_NO_NAME -k /etc/squid/HTTP.keytab -t none -r" +
				"|/usr/bin/ntlm_auth --diagnostics --helper-protocol=squid-2.5-ntlmssp --domain=EXAMPLE"},
		{c, "-debug --ntlm /n --kerberos /k", "--debug|/k|/n"},
		{c, "-D --NTLMssp /n --Kerberos5 /k", "--debug|/k|/n"},
		{c, "-d -h --ntlm /n --kerberos /k", "--debug|/k|/n"}, // -h only counts as the first
		{c, "x -d y --ntlm /n --kerberos /k", "|/k|/n"},
		{c, "--ntlm /1 --ntlm /2 --kerberos /k", "|/k|/2"},
		{c, "--kerberos /k --ntlm /1 --ntlm /2", "|/k --ntlm /1|/2"},
		{c, "--ntlm /n --kerberos /k --ntlm-x /m", "|/k|/m"}, // a child's own argument
		{c, "--ntlm /n --kerberos /1 -r --kerberos /2", "|/2|/n --kerberos /1 -r"},
		{c, "--timeout=5s --dialect=legacy -d --ntlm /n --kerberos /k", "--timeout=5s --dialect=legacy --debug|/k|/n"},
		{c, "--ntlm n --kerberos /k", `--ntlm "n": give the whole path, as programs are not looked for`},
		{c, "", usage},
		{c, "-h", usage},
		{c, "-help --ntlm /n --kerberos /k", usage},
		{c, "-H", usage},
		{c, "-d", usage},
		{c, "--ntlm /n", usage},
		{c, "--kerberos /k", usage},
		{c, "--ntlm /n --kerberos", usage},
		{c, "--ntlm --kerberos /k", usage},
		{c, "/n /k", usage},
	} {
		call, err := byName(tt.name, append([]string{tt.name}, strings.Fields(tt.args)...))
		got := usage
		switch {
		case err != nil:
			got = err.Error()
		case !call.usage:
			got = fmt.Sprint(strings.Join(call.args[1:], " "), "|", strings.Join(call.commands.kerberos, " "), "|", strings.Join(call.commands.ntlm, " "))
		}
		if got != tt.want {
			t.Errorf("%s %s: got %q, want %q", tt.name, tt.args, got, tt.want)
		}
	}
}

func TestTakesSPNEGO(t *testing.T) {
	for command, want := range map[string]bool{
		"/usr/bin/ntlm_auth --helper-protocol=gss-spnego":         true,
		"/usr/bin/ntlm_auth -d 3 --helper-protocol gss-spnego":    true,
		"/usr/bin/ntlm_auth --helper-protocol=squid-2.5-ntlmssp":  false,
		"/usr/bin/ntlm_auth --helper-protocol=gss-spnego-client":  false,
		"/usr/bin/ntlm_auth --domain gss-spnego":                  false,
		"/usr/bin/ntlm_auth gss-spnego --helper-protocol":         false,
		"/usr/lib/squid/ntlm_fake_auth":                           false,
		"/usr/bin/ntlm_auth --helper-protocol --helper-protocol=": false,
	} {
		if takesSPNEGO(strings.Fields(command)) != want {
			t.Errorf("%s: not %v", command, want)
		}
	}
}
