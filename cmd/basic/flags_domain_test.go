package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"squidauth/cmd/internal/program"
)

// TestWindowsNames translates command lines of the programs whose place this one takes.
func TestWindowsNames(t *testing.T) {
	const machine = "--machine-account=PROXY$ --machine-secret=/s"
	for _, c := range []struct{ name, args, want, note string }{
		{"ntlm_auth", "--helper-protocol=squid-2.5-basic --domain=EXAMPLE " + machine, "windows --domain=EXAMPLE " + machine, ""},
		{"ntlm_auth", "--helper-protocol squid-2.4-basic --timeout 5s --domain EXAMPLE --concurrency=9", "--timeout 5s --concurrency=9 windows --domain EXAMPLE", ""},
		{"ntlm_auth", "--diagnostics --helper-protocol=squid-2.5-basic -d3 --require-membership-of=S-1-5-32-544", "--debug windows --require-group S-1-5-32-544", "--diagnostics"},
		{"ntlm_auth", "--helper-protocol=squid-2.5-ntlmssp", `--helper-protocol="squid-2.5-ntlmssp" is not that of auth_param basic, which is squid-2.5-basic: use the program ntlm or negotiate`, ""},
		{"ntlm_auth", "", `--helper-protocol="" is not that of auth_param basic, which is squid-2.5-basic: use the program ntlm or negotiate`, ""},
		{"ntlm_auth", "--help", "--help windows", ""},

		{"basic_smb_lm_auth", "EXAMPLE/dc1 example/dc2", "windows --domain example --dc dc1,dc2", noteNetlogon},
		{"basic_smb_lm_auth", "--concurrency=9 " + machine + " EXAMPLE/dc1", "--concurrency=9 windows " + machine + " --domain EXAMPLE --dc dc1", noteNetlogon},
		{"basic_smb_lm_auth", "EXAMPLE/dc1 OTHER/dc2", errTwoDomains.Error(), ""},
		{"basic_smb_lm_auth", "EXAMPLE/", `"EXAMPLE/" is not DOMAIN/DC`, ""},
		{"basic_smb_lm_auth", "EXAMPLE", `"EXAMPLE" is not DOMAIN/DC`, ""},
		{"basic_smb_lm_auth", "", errNoController.Error(), ""},
		{"basic_smb_lm_auth", "--help", "--help windows --domain  --dc ", ""},

		{"basic_smb_auth", "--require-group=S-1-5-32-544 -W EXAMPLE", "windows --require-group=S-1-5-32-544 --domain EXAMPLE --user-domain EXAMPLE --permit-domain EXAMPLE=EXAMPLE", noteNetlogon},
		{"smb_auth", "--permit-all-users -d -W EXAMPLE -w ex -U 10.1.2.3 -W OTHER -S share/file -B 10.255.255.255", "--debug windows --domain EXAMPLE --user-domain EXAMPLE --permit-domain ex=EXAMPLE --permit-domain OTHER=OTHER", ""},
		{"basic_smb_auth", "--allow-users=/f -W USERS -P MACHINES", "windows --allow-users=/f --domain MACHINES --user-domain USERS --permit-domain USERS=USERS", ""},
		{"basic_smb_auth", "--permit-all-users -w x odd -W EXAMPLE -S", "windows --domain EXAMPLE --user-domain EXAMPLE --permit-domain EXAMPLE=EXAMPLE", ""},
		{"basic_smb_auth", "-W EXAMPLE -S share/file", errFileRule.Error(), ""},
		{"basic_smb_auth", "--permit-all-users -d", errNoDomain.Error(), ""},
		{"basic_smb_auth", "--version", "--version windows", ""},

		{"basic_msnt_multi_domain_auth", "--domain=EXAMPLE -w 10.1.2.3 -d", "windows --domain=EXAMPLE --name-form domain", noteNetlogon},
		{"msnt_auth", machine + " msntauth.conf", "windows " + machine + " --domain example --dc pdc,bdc,other --allow-users /allowed --deny-users /denied", noteNetlogon},
		{"basic_msnt_auth", "two.conf", "two.conf: " + errTwoDomains.Error(), ""},
		{"basic_msnt_auth", "none.conf", `none.conf: it has no line "server PDC BDC DOMAIN"`, ""},
		{"basic_msnt_auth", "missing.conf", "open missing.conf: no such file or directory", ""},
	} {
		t.Chdir(msntFolder(t))
		call, err := byName(c.name, append([]string{c.name}, strings.Fields(c.args)...))
		got := strings.TrimPrefix(strings.Join(call.Args, " "), c.name+" --plain-messages ")
		got = strings.Replace(got, "windows --group-format none", "windows", 1)
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s %s: got %q, want %q", c.name, c.args, got, c.want)
		}
		var told strings.Builder
		call.Tell(&told)
		if c.note != "" && err == nil && !strings.Contains(told.String(), c.note+"\n") {
			t.Errorf("%s %s: told %q, want %q", c.name, c.args, &told, c.note)
		}
	}
}

// msntFolder returns a folder with configurations of msnt_auth.
func msntFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"msntauth.conf": "# comment\n\nserver  pdc\tbdc EXAMPLE\nSERVER other pdc example\nserver lacking\nallowUsers /allowed\ndenyusers /denied\nodd line\n",
		"two.conf":      "server pdc bdc EXAMPLE\nserver pdc bdc OTHER\n",
		"none.conf":     "# server pdc bdc EXAMPLE\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestMSNTPlaces has no msntauth.conf in any place.
func TestMSNTPlaces(t *testing.T) {
	for _, path := range msntFiles {
		if _, err := os.Stat(path); err == nil {
			t.Fatalf("this machine has %s", path)
		}
	}
	if _, err := msntAuth(program.Call{}, nil); err == nil || !strings.Contains(err.Error(), "there is no msntauth.conf: /etc/squid/") {
		t.Error(err)
	}
}
