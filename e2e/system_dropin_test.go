//go:build unix

package e2e_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"squidauth/e2e"
)

// A difference is a line that ours answers in another way than the C helper, and why.
type difference struct{ line, theirs, ours, why string }

// cHelpers is where Debian has Squid's helpers.
const cHelpers = "/usr/lib/squid"

// compareHelpers asks the C helper and ours, by its name, the same lines. What is behind
// the last word of a reply does not count.
func compareHelpers(t *testing.T, n *e2e.Namespace, name string, options []string, same []string, differences []difference) {
	t.Helper()
	c := filepath.Join(cHelpers, name)
	if _, err := os.Stat(c); err != nil {
		e2e.Lacking(t, "Squid's own helper is not installed: %v", err)
	}
	start := func(foreign bool, command ...string) *e2e.Peer {
		if n != nil {
			command = n.Command(command...)
		}
		return e2e.StartPeer(t, e2e.PeerConfig{Command: append(command, options...), Env: []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, Foreign: foreign})
	}
	theirs, ours := start(true, c), start(false, programs.As(t, "basic", name))
	ask := func(p *e2e.Peer, line string) string { return strings.TrimRight(p.Ask(t, line), " ") }
	for _, line := range same {
		if a, b := ask(theirs, line), ask(ours, line); a != b {
			t.Errorf("%s %v: %q: theirs says %q, ours %q", name, options, line, a, b)
		}
	}
	for _, d := range differences {
		a, b := ask(theirs, d.line), ask(ours, d.line)
		if match, err := filepath.Match(d.ours, b); a != d.theirs || !match || err != nil {
			t.Errorf("%s %v: %q: theirs says %q, want %q; ours %q, want %q, since %s", name, options, d.line, a, d.theirs, b, d.ours, d.why)
		}
	}
}

// oddLines are requests that nobody should be let in for.
var oddLines = []string{"ALICE alices-secret", "alice ALICES-SECRET", "alice alices-secret%20", "%61lice alices-secre%zz", "alice%00 alices-secret", "al%ffice x", "x y z"}

// oneWord are requests that Squid never sends.
var oneWord = []string{"", "alice", "alice ", "alice\talices-secret", "alice%20alices-secret"}

// carriageReturn is taken for a part of the line's end, as the LDAP helper does.
var carriageReturn = difference{"alice alices-secret\r", "ERR", "OK", "no password ends so"}

func dropInAccounts(t *testing.T) []e2e.UnixAccount {
	user := func(name, setting string) e2e.User { return e2e.CryptUser(t, name, name+"s-secret", setting) }
	accounts := []e2e.UnixAccount{{User: user("alice", "$6$rounds=1000$salt$")}, {User: user("bob", "$y$j75$salt$")}, {User: user("carol", "ab")}, {User: user("dave", "$1$salt$")}}
	locked := user("locked", "$1$salt$")
	locked.Hash = "!" + locked.Hash
	return append(accounts,
		e2e.UnixAccount{User: locked},
		e2e.UnixAccount{User: e2e.User{Name: "daemon", Hash: "*"}},
		e2e.UnixAccount{User: e2e.User{Name: "empty"}},
		e2e.UnixAccount{User: user("expired", "$1$salt$"), Terms: "19000:0:99999:7::19500:"},
		e2e.UnixAccount{User: user("aged", "$1$salt$"), Terms: "19000:0:30:7:::"},
		e2e.UnixAccount{User: user("left", "$1$salt$"), Unlisted: true},
		e2e.UnixAccount{User: e2e.MD5User("hex", "hexs-secret")},
	)
}

func TestGetpwnamDropIn(t *testing.T) {
	t.Parallel()
	accounts := dropInAccounts(t)
	n := e2e.NewNamespace(t, map[string]string{
		"/etc/passwd": e2e.PasswdLines(accounts) + "root:x:0:0:root:/root:/bin/sh\n",
		"/etc/shadow": e2e.ShadowLines(accounts) + "root:*:19000::::::\n",
	})
	cr := carriageReturn
	cr.theirs = "ERR Wrong password"
	compareHelpers(t, n, "basic_getpwnam_auth", nil, append([]string{
		"alice alices-secret", "%61lice alices-secret", "alice x", "alice alices", "bob bobs-secret", "bob x", "dave daves-secret",
		"carol carols-secret", "carol carols-s", "carol carols-secrets of DES", "carol carols", "mallory x", "locked lockeds-secret", "daemon x", "daemon *", "empty x", "hex hexs-secret", "root x",
	}, oddLines...), []difference{
		{"", "ERR No Username", "ERR", "of an incomplete request nothing is said"},
		{"alice", "ERR No Password", "ERR", "of an incomplete request nothing is said"},
		{"alice\talices-secret", "ERR No Password", "ERR", "of an incomplete request nothing is said"},
		cr,
		{"expired expireds-secret", "OK", "ERR Account expired", "it does not look at the account's expiry"},
		{"aged ageds-secret", "OK", "ERR Password must be changed", "it does not look at the password's age"},
		{"expired x", "ERR Wrong password", "ERR Wrong password", "only who knows the password learns more"},
		{"left lefts-secret", "OK", "ERR No such user", "a user who was taken out of passwd is none"},
		{" alice alices-secret", "OK", "ERR", "it skips blanks before the name, which Squid never sends"},
	})
	compareHelpers(t, n, "basic_getpwnam_auth", []string{"ignored"}, []string{"alice alices-secret", "alice x"}, nil)
}

func TestPAMDropIn(t *testing.T) {
	t.Parallel()
	programs.WithPAM(t)
	accounts := dropInAccounts(t)
	n := e2e.NewNamespace(t, map[string]string{
		"/etc/passwd": e2e.PasswdLines(accounts) + "root:x:0:0:root:/root:/bin/sh\n",
		"/etc/shadow": e2e.ShadowLines(accounts) + "root:*:19000::::::\n",
		"/etc/pam.d/": `-- squid --
auth required pam_unix.so nullok nodelay
account required pam_unix.so
-- permit --
auth required pam_permit.so
account required pam_permit.so
-- deny --
auth required pam_deny.so
account required pam_permit.so
-- talk --
auth required pam_echo.so hello
auth required pam_unix.so nodelay
account required pam_unix.so
-- broken --
auth required pam_nonesuch.so
-- expired --
auth required pam_permit.so
account required pam_debug.so acct=acct_expired
-- down --
auth required pam_debug.so auth=authinfo_unavail
-- other --
auth required pam_deny.so
account required pam_deny.so
`,
	})
	unix := append([]string{
		"alice alices-secret", "%61lice alices-secret", "alice x", "bob bobs-secret", "bob x", "carol carols-secret", "dave daves-secret", "mallory x", "locked lockeds-secret",
		"daemon x", "left lefts-secret", "hex hexs-secret", "root x", "expired expireds-secret", "expired x", "aged ageds-secret",
	}, slices.Concat(oddLines, oneWord)...)
	empty := []difference{{"empty x", "OK", "ERR", "an account without a password must not take any"}, carriageReturn}
	compareHelpers(t, n, "basic_pam_auth", nil, unix, empty)
	compareHelpers(t, n, "basic_pam_auth", []string{"-1"}, unix, empty)
	compareHelpers(t, n, "basic_pam_auth", []string{"-t", "3600"}, unix, empty)
	compareHelpers(t, n, "basic_pam_auth", []string{"-o"}, []string{"expired expireds-secret", "aged ageds-secret", "locked lockeds-secret", "alice x"}, nil)
	compareHelpers(t, n, "basic_pam_auth", []string{"-r"}, []string{
		"alice@EXAMPLE.COM alices-secret", `EXAMPLE\alice alices-secret`, `EXAMPLE\alice@x alices-secret`, `A\B\alice alices-secret`, "alice@a@b alices-secret", "@x alices-secret",
	}, nil)
	compareHelpers(t, n, "basic_pam_auth", []string{"-npermit"}, []string{"alice x", "mallory x", "alice"}, nil)
	compareHelpers(t, n, "basic_pam_auth", []string{"-n", "deny"}, []string{"alice alices-secret"}, nil)
	compareHelpers(t, n, "basic_pam_auth", []string{"-n", "expired"}, []string{"root x"}, nil)
	compareHelpers(t, n, "basic_pam_auth", []string{"-on", "expired"}, []string{"root x"}, nil)
	compareHelpers(t, n, "basic_pam_auth", []string{"-n", "nonesuch"}, []string{"alice alices-secret"}, nil) // other
	compareHelpers(t, n, "basic_pam_auth", []string{"-n", "talk"}, []string{"alice x", "alice alices-secret"}, nil)
	compareHelpers(t, n, "basic_pam_auth", []string{"-n", "broken"}, nil, []difference{
		{"alice alices-secret", "ERR", "BH *", "nobody can tell whether the password is right"},
	})
	compareHelpers(t, n, "basic_pam_auth", []string{"-n", "down"}, nil, []difference{
		{"root x", "ERR", "BH *", "nobody can tell whether the password is right"},
	})
}

func TestFakeDropIn(t *testing.T) {
	t.Parallel()
	compareHelpers(t, nil, "basic_fake_auth", nil, []string{"alice x", "x y z", "%61 b", "ALICE \t", "alice alices-secret\r"}, []difference{
		{"", "OK", "ERR", "nobody is not somebody"},
		{"alice", "OK", "ERR", "Squid refuses an empty password itself"},
		{" x", "OK", "ERR", "nobody is not somebody"},
	})
	compareHelpers(t, nil, "basic_fake_auth", []string{"-d"}, []string{"alice x"}, nil)
}
