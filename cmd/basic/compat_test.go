package main

import (
	"testing"

	"squidauth/basic/pam"
	"squidauth/cmd/internal/docs/compattest"
)

// TestCompatibility runs the tables of docs/compatibility.md.
func TestCompatibility(t *testing.T) {
	t.Setenv("LDAPNOINIT", "1")
	for _, p := range []compattest.Program{
		{Name: "basic_ncsa_auth"},
		{
			Name:    "basic_ldap_auth",
			Options: []string{"-b", "-f", "-u", "-U", "-s", "-D", "-w", "-W", "-P", "-O", "-R", "-a", "-H", "-h", "-p", "-v", "-Z", "-c", "-t", "-E", "-S", "-d", "-z"},
			Files:   map[string]string{"ldap.secret": "secret\n"},
		},
		{
			Name:    "basic_radius_auth",
			Options: []string{"-f", "-h", "-w", "-p", "-i", "-t", "-d"},
			Files:   map[string]string{"radius.secret": "secret\n", "radius.conf": "server 127.0.0.1\nsecret secret\n"},
		},
		{Name: "basic_smb_auth", Options: []string{"-W", "-w", "-P", "-B", "-U", "-S", "-d"}},
		{Name: "basic_smb_lm_auth"},
		{
			Name:  "basic_msnt_auth",
			Files: map[string]string{"msntauth.conf": "server pdc bdc EXAMPLE\nallowusers /etc/squid/allowed\n"},
		},
		{Name: "basic_msnt_multi_domain_auth"},
		{Name: "ntlm_auth", Section: "ntlm_auth for Basic"},
		{Name: "basic_pam_auth", Options: []string{"-n", "-s", "-t", "-1", "-o", "-r"}},
		{Name: "basic_getpwnam_auth"},
		{Name: "basic_nis_auth"},
		{
			Name: "basic_db_auth",
			Options: []string{
				"--dsn", "--user", "--password", "--table", "--usercol", "--passwdcol", "--cond", "--plaintext", "--md5", "--sha1", "--salt", "--joomla",
				"--persist", "--debug",
			},
			Files: map[string]string{"db.secret": "secret\n"},
		},
		{Name: "basic_fake_auth", Options: []string{"-d", "-h"}},
		{Name: "basic_pop3_auth"},
		{Name: "basic_sasl_auth"},
	} {
		t.Run(p.Name+p.Section, func(t *testing.T) {
			p.Translate = translated
			if p.Name != "basic_pam_auth" || pam.Linked {
				p.Open = opened
			}
			compattest.Run(t, p)
		})
	}
}

func translated(name string, args []string) compattest.Result {
	call, err := byName(name, append([]string{name}, args...))
	return compattest.Result{Words: call.Args[1:], Notes: call.Notes, Err: err}
}

func opened(name string, args []string) error {
	_, _, err := open(append([]string{name}, args...))
	return err
}
