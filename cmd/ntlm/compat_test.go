package main

import (
	"testing"

	"squidauth/cmd/internal/docs/compattest"
)

// TestCompatibility runs the tables of docs/compatibility.md.
func TestCompatibility(t *testing.T) {
	for _, p := range []compattest.Program{
		{
			Name: "ntlm_auth", Section: "ntlm_auth",
			Options: []string{
				"--helper-protocol", "--domain", "--username", "--workstation", "--password", "--require-membership-of", "--diagnostics", "--configfile", "-s",
				"--option", "-d", "--debuglevel", "--debug-stdout", "-V", "--help", "--challenge", "--request-lm-key", "--request-nt-key", "--allow-mschapv2",
				"--use-cached-creds", "--offline-logon", "--pam-winbind-conf", "--target-service", "--target-hostname", "-l",
			},
		},
		{Name: "ntlm_smb_lm_auth", Options: []string{"-b", "-f", "-d", "-l"}},
		{Name: "ntlm_fake_auth", Options: []string{"-d", "-v", "-S", "-t", "-h", "-l"}},
	} {
		t.Run(p.Name, func(t *testing.T) {
			p.Translate = func(name string, args []string) compattest.Result {
				call, err := byName(name, append([]string{name}, args...))
				return compattest.Result{Words: call.Args[1:], Notes: call.Notes, Err: err}
			}
			p.Open = func(name string, args []string) error {
				_, _, err := open(append([]string{name}, args...))
				return err
			}
			compattest.Run(t, p)
		})
	}
}
