package main

import (
	"errors"
	"strings"
	"testing"

	"squidauth/cmd/internal/samba"
)

// TestBasic: a command line that is the program basic's. Who only looks at one goes on.
func TestBasic(t *testing.T) {
	for _, protocol := range []string{"squid-2.5-basic", "squid-2.4-basic"} {
		_, err := byName("ntlm_auth", []string{"ntlm_auth", "--helper-protocol=" + protocol})
		if !errors.Is(err, errBasic) || !strings.Contains(err.Error(), protocol) {
			t.Errorf("%s: %v", protocol, err)
		}
	}
}

func TestByName(t *testing.T) {
	const smb = "--dialect legacy --lower-case "
	tests := []struct{ name, args, want, note string }{
		{"ntlm", "--hashes x", "--hashes x", ""},

		{"ntlm_auth", "--helper-protocol=squid-2.5-ntlmssp", "--dialect legacy", ""},
		{"ntlm_auth", "--helper-protocol squid-2.5-ntlmssp --domain=EXAMPLE --diagnostics", "--dialect legacy --domain=EXAMPLE", "--diagnostics"},
		{"ntlm_auth", "--diagnostics --configfile /etc/samba/smb.conf --helper-protocol=squid-2.5-ntlmssp -d 0 --domain EXAMPLE --require-membership-of=S-1-5-21-1-2-3-513",
			"--dialect legacy --domain EXAMPLE --require-group S-1-5-21-1-2-3-513", "--diagnostics, --configfile"},
		{"ntlm_auth", `--helper-protocol=squid-2.5-ntlmssp --require-membership-of EXAMPLE\Staff -d3`, `--dialect legacy --require-group EXAMPLE\Staff --debug`, ""},
		{"ntlm_auth", "--hashes /etc/squid/hashes --key-extras=1 --helper-protocol=squid-2.5-ntlmssp --dialect modern", "--dialect legacy --hashes /etc/squid/hashes --key-extras=1 --dialect modern", ""},
		{"ntlm_auth", "-s/etc/smb.conf -l /var/log --option=a=b --helper-protocol=squid-2.5-ntlmssp -d=2", "--dialect legacy --debug", "-s, -l, --option"},
		{"ntlm_auth", "--help", "--dialect legacy --help", ""},
		{"ntlm_auth", "-V", "--dialect legacy --version", ""},
		{"ntlm_auth", "", "only --helper-protocol=squid-2.5-ntlmssp is served", ""},
		{"ntlm_auth", "--helper-protocol", "option --helper-protocol needs a value", ""},
		{"ntlm_auth", "--helper-protocol=gss-spnego", "--helper-protocol=gss-spnego is that of auth_param negotiate: use the program negotiate", ""},
		{"ntlm_auth", "--helper-protocol=ntlm-server-1", `--helper-protocol="ntlm-server-1" is not one of Squid's: only --helper-protocol=squid-2.5-ntlmssp is served`, ""},
		{"ntlm_auth", "--username=bob --challenge=00", samba.ErrOneShot.Error(), "--username"},
		{"ntlm_auth", "--helper-protocol=squid-2.5-ntlmssp --password=secret", samba.ErrPassword.Error(), ""},

		{"ntlm_auth", `EXAMPLE\dc1 example/dc2`, smb + "--domain EXAMPLE --dc dc1,dc2", noteSMB},
		{"ntlm_smb_lm_auth", `-b -f -d EXAMPLE\dc1`, smb + "--debug --domain EXAMPLE --dc dc1", noteSMB},
		{"ntlm_smb_lm_auth", `--machine-account=PROXY$ --machine-secret=/s EXAMPLE/dc1`, smb + "--machine-account=PROXY$ --machine-secret=/s --domain EXAMPLE --dc dc1", noteSMB},
		{"ntlm_smb_lm_auth", `EXAMPLE\dc1 OTHER\dc1`, errTwoDomains.Error(), noteSMB},
		{"ntlm_smb_lm_auth", `EXAMPLE`, `"EXAMPLE" is not DOMAIN\DC`, noteSMB},
		{"ntlm_smb_lm_auth", `EXAMPLE\`, `"EXAMPLE\\" is not DOMAIN\DC`, noteSMB},
		{"ntlm_smb_lm_auth", `-b`, errNoController.Error(), noteSMB},
		{"ntlm_smb_lm_auth", `-l EXAMPLE\dc1`, "no such option: -l", noteSMB},

		{"ntlm_fake_auth", "", "--dialect legacy fake", ""},
		{"ntlm_fake_auth", "-d -S -t 250", "--dialect legacy --debug fake --strip-domain --delay 250ms", ""},
		{"fakeauth_auth", "--dialect=modern -vS", "--dialect legacy --dialect=modern --debug fake --strip-domain", ""},
		{"ntlm_fake_auth", "-h", "--dialect legacy fake --help", ""},
		{"ntlm_fake_auth", "-l", "no such option: -l", ""},
		{"ntlm_fake_auth", "-t soon", `-t "soon" is not a number of milliseconds`, ""},
	}
	for _, c := range tests {
		call, err := byName(c.name, append([]string{c.name}, strings.Fields(c.args)...))
		got := strings.Join(call.Args[1:], " ")
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s %s: got %q, want %q", c.name, c.args, got, c.want)
		}
		var told strings.Builder
		call.Tell(&told)
		if c.note != "" && err == nil && !strings.Contains(told.String(), c.note+"\n") || strings.Count(told.String(), "\n") > 1 {
			t.Errorf("%s %s: told %q, want %q", c.name, c.args, &told, c.note)
		}
	}
}
