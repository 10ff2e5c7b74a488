package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLDAPAuth has command lines of basic_ldap_auth, and what they mean. Words that
// begin with "note:" are in a note.
func TestLDAPAuth(t *testing.T) {
	t.Setenv("LDAPNOINIT", "1")
	const (
		always = "--plain-messages ldap --insecure --admit-must-change --base=dc=x "
		made   = "--user-attribute=uid --follow-referrals "
		local  = "--url=ldap://localhost:389"
		sub    = " --scope=sub --dereference=never "
		found  = "--filter=uid=%s" + sub
		follow = "--follow-referrals "
	)
	for _, c := range []struct{ args, want, note string }{
		{"-b dc=x", always + made + local, ""},
		{"-bdc=x", always + made + local, ""},
		{"-b dc=x -u cn", always + "--user-attribute=cn " + follow + local, ""},
		{"-b dc=x -f uid=%s", always + found + follow + local, ""},
		{"-b dc=x -f uid=%s -u cn", always + found + follow + local, ""},
		{"-b dc=x -f uid=%s -s one -a always", always + "--filter=uid=%s --scope=one --dereference=always " + follow + local, ""},
		{"-b dc=x -U pw", always + "--user-attribute=uid --compare-attribute=pw " + follow + local, ""},

		// Toggles, and letters behind a letter without value, which do not count.
		{"-R -b dc=x", always + "--user-attribute=uid " + local, ""},
		{"-R -R -b dc=x", always + made + local, ""},
		{"-PR -b dc=x", always + made + local, ""},
		{"-P -O -b dc=x", always + made + local, ""},
		{"-b dc=x -ZZ", always + made + "--start-tls " + local, ""},
		{"-d -b dc=x", "--plain-messages --debug ldap --insecure --admit-must-change --base=dc=x " + made + local, ""},

		// Servers: all that is not an option is one, and all behind it.
		{"-b dc=x -Z a b:390", always + made + "--start-tls --url=ldap://a:389 --url=ldap://b:390", ""},
		{"-b dc=x -Z -p 1389 -h a -H b c -R", always + made + "--start-tls --url=ldap://a:1389 --url=ldap://b:1389 --url=ldap://c:1389 --url=ldap://-R:1389", ""},
		{"-b dc=x -H ldaps://a,ldaps://b/", always + made + "--url=ldaps://a --url=ldaps://b", ""},
		{"-b dc=x ldaps://a/dc=y?x?sub", always + made + "--url=ldaps://a", ""},
		{"-b dc=x -H ldapi:///", always + made + "--url=" + slapdSocket, ""},
		{"-b dc=x -H ldap:///", always + made + "--url=ldap://localhost", ""},
		{"-b dc=x -H ldapi://%2Frun%2Fldapi", always + made + "--url=ldapi://%2Frun%2Fldapi", ""},
		{"-b dc=x -Z [::1]", always + made + "--start-tls --url=ldap://[::1]:389", ""},
		{"-b dc=x ldap1", always + made + "--url=ldap://ldap1:389", "whoever is between here and ldap://ldap1:389 can read passwords: use -Z, or ldaps://"},

		// The search's account.
		{"-b dc=x -f uid=%s -D cn=p -W /s -R", always + found + "--bind-dn=cn=p --bind-password-file=file:/s " + local, ""},
		{"-b dc=x -f uid=%s -D cn=p -w pw -R", always + found + "--bind-dn=cn=p --bind-password-file=given:1 " + local, "everybody on this machine could read the password that -w gives"},
		{"-b dc=x -f uid=%s -D cn=p -w pw -W /s -R", always + found + "--bind-dn=cn=p --bind-password-file=file:/s " + local, "everybody"},
		{"-b dc=x -f uid=%s -D cn=p -R", always + found + local, "searched as nobody"},
		{"-b dc=x -f uid=%s -w pw -R", always + found + local, "everybody"},

		// Times are seconds; what is no number means none, which is not to be had.
		{"-b dc=x -c 2 -t 3", always + made + "--connect-timeout=2s --answer-timeout=3s " + local, ""},
		{"-b dc=x -c 0 -t x", always + made + local, ""},

		{"-b dc=x -v 3", always + made + local, ""},
		{"-b dc=x -v2", always + made + local, "version 3 of LDAP is spoken in place of version 2"},

		// Options of this program before its own.
		{"--concurrency=20 --connections=4 --audit=all --ca=/ca -b dc=x -Z a", "--plain-messages --concurrency=20 --audit=all ldap --insecure --admit-must-change --base=dc=x --connections=4 --ca=/ca " + made + "--start-tls --url=ldap://a:389", ""},
		{"--version", "--version", ""},

		// What that program does not take either.
		{"", errLDAPBase.Error(), ""},
		{"-f uid=%s", errLDAPBase.Error(), ""},
		{"-b", "option -b needs a value", ""},
		{"-b dc=x -x y", "there is no option -x", ""},
		{"-b dc=x -z", "there is no option -z", ""},
		{"-b dc=x -", `there is no option "-"`, ""},
		{"-b dc=x -v 4", `-v "4" is no version of LDAP: there are 2 and 3`, ""},
		{"-b dc=x -E /certs", "-E is for a library that is gone: for TLS, name the server as ldaps://host, or use -Z", ""},
		{"-b dc=x -S /certs", "-S is for a library that is gone: for TLS, name the server as ldaps://host, or use -Z", ""},
	} {
		call, err := byName("basic_ldap_auth", append([]string{"basic_ldap_auth"}, strings.Fields(c.args)...))
		got := strings.Join(call.Args[1:], " ")
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.args, got, c.want)
		}
		notes := strings.Join(call.Notes, "\n")
		if err == nil && (c.note == "" && notes != "" || !strings.Contains(notes, c.note)) || strings.Contains(notes, "pw ") {
			t.Errorf("%s: told %q, want %q", c.args, notes, c.note)
		}
	}
}

// TestLDAPConf reads whom OpenLDAP's library would trust, but only if there is TLS, and
// nothing is said on the command line.
func TestLDAPConf(t *testing.T) {
	conf := filepath.Join(t.TempDir(), "ldap.conf")
	for _, c := range []struct{ content, env, args, want, note string }{
		{"TLS_CACERT /ca.pem\n", "", "-Z -b dc=x", "--ca=/ca.pem", ""},
		{"tls_cacert\t/ca.pem\n", "", "-b dc=x ldaps://a", "--ca=/ca.pem", ""},
		{"TLS_CACERT /ca.pem\n", "", "-b dc=x", "", ""},
		{"TLS_CACERT /ca.pem\n", "", "--ca=/other -Z -b dc=x", "--ca=/other", ""},
		{"TLS_CACERT /ca.pem\n", "LDAPTLS_CACERT=/env.pem", "-Z -b dc=x", "--ca=/env.pem", ""},
		{"#TLS_CACERT /ca.pem\nBASE dc=x\nTLS_CACERT\n", "", "-Z -b dc=x", "", ""},
		{"TLS_CACERT /etc/ssl/certs/ca-certificates.crt\n", "", "-Z -b dc=x", "", ""},
		{"TLS_CACERTDIR /certs\n", "", "-Z -b dc=x", "", "TLS_CACERTDIR"},
		{"TLS_CACERT /ca.pem\nTLS_REQCERT never\n", "", "-Z -b dc=x", "--any-certificate", "accepts servers with whatever certificate"},
		{"", "LDAPTLS_REQCERT=allow", "-Z -b dc=x", "--any-certificate", "whoever is in between can read passwords"},
		{"TLS_REQCERT demand\n", "", "-Z -b dc=x", "", ""},
		{"", "LDAPTLS_CERT=/own.pem", "-Z -b dc=x", "--certificate=/own.pem", ""},
		{strings.Repeat("x", maxConf+10), "", "-Z -b dc=x", "", ""},
	} {
		if err := os.WriteFile(conf, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Run(c.want, func(t *testing.T) {
			t.Setenv("LDAPCONF", conf)
			if name, value, ok := strings.Cut(c.env, "="); ok {
				t.Setenv(name, value)
			}
			call, err := byName("squid_ldap_auth", append([]string{"squid_ldap_auth"}, strings.Fields(c.args)...))
			var trust []string
			for _, word := range call.Args {
				if saysTrust(word) || strings.HasPrefix(word, "--certificate=") {
					trust = append(trust, word)
				}
			}
			if got := strings.Join(trust, " "); err != nil || got != c.want {
				t.Errorf("%q %s: %q, %v", c.content, c.args, got, err)
			}
			if notes := strings.Join(call.Notes, "\n"); c.note == "" && notes != "" || !strings.Contains(notes, c.note) {
				if !strings.Contains(c.args, "ldaps") || c.note != "" {
					t.Errorf("%q: told %q", c.content, notes)
				}
			}
		})
	}
}
