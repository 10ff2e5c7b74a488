//go:build unix

package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"squidauth/e2e"
)

// systemAccounts are alice and bob, and some who may not log in.
func systemAccounts(t *testing.T) (good []e2e.User, all []e2e.UnixAccount) {
	good = []e2e.User{e2e.CryptUser(t, "alice", "alices-secret", "$6$rounds=1000$salt$"), e2e.CryptUser(t, "bob", "bobs-secret", "$5$rounds=1000$salt$")}
	expired, disabled := e2e.CryptUser(t, "carol", "carols-secret", "$1$salt$"), e2e.CryptUser(t, "dave", "daves-secret", "$1$salt$")
	disabled.Hash = "!" + disabled.Hash
	return good, []e2e.UnixAccount{{User: good[0]}, {User: good[1]}, {User: expired, Terms: "19000:0:99999:7::19500:"}, {User: disabled}}
}

// accountFiles writes the two files, of which Squid's user may read both.
func accountFiles(t *testing.T, accounts []e2e.UnixAccount) (passwd, shadow string) {
	t.Helper()
	dir := e2e.Dir(t)
	passwd, shadow = filepath.Join(dir, "passwd"), filepath.Join(dir, "shadow")
	writeAccounts(t, passwd, e2e.PasswdLines(accounts), 0o644)
	writeAccounts(t, shadow, e2e.ShadowLines(accounts), 0o644)
	return passwd, shadow
}

// writeAccounts replaces a file as useradd does.
func writeAccounts(t *testing.T, path, lines string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path+"+", []byte(lines), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path+"+", mode); err != nil { // whatever the umask is
		t.Fatal(err)
	}
	if err := os.Rename(path+"+", path); err != nil {
		t.Fatal(err)
	}
}

func TestGetpwnam(t *testing.T) {
	t.Parallel()
	good, all := systemAccounts(t)
	passwd, shadow := accountFiles(t, all)
	for name, command := range map[string]string{
		"plain":                  programs.Path(t, "basic") + " getpwnam --passwd-file " + passwd + " --shadow-file " + shadow,
		"by the C helper's name": programs.As(t, "basic", "basic_getpwnam_auth") + " --passwd-file=" + passwd + " --shadow-file=" + shadow,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			origin := e2e.StartOrigin(t)
			squid := e2e.Start(t, e2e.Config{Auth: []string{e2e.Basic(command, "2 startup=1")}, Secrets: []string{good[0].Password, good[1].Password, "carols-secret", "daves-secret"}})
			mustFetch(t, origin, squid.Curl(t, right(origin, good[0]), right(origin, good[1])))
			mustRefuse(t, origin, squid.Curl(t,
				wrong(origin, good[0], good[1].Password),
				e2e.Request{URL: origin.URL(), User: "mallory", Password: good[0].Password},
				right(origin, all[2].User), right(origin, all[3].User),
			))
			e2e.Eventually(t, soon, "the reasons are in cache.log", func() bool {
				log := squid.CacheLog()
				return strings.Contains(log, "user=carol scheme=basic backend=getpwnam outcome=ERR reason=account-expired") &&
					strings.Contains(log, "user=dave scheme=basic backend=getpwnam outcome=ERR reason=account-disabled")
			})
		})
	}
}

// TestGetpwnamFiles: what the administrator does to the files while Squid runs. A
// shadow file that may not be read refuses nobody.
func TestGetpwnamFiles(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		e2e.Lacking(t, "only root can make a file that Squid's user may not read")
	}
	good, all := systemAccounts(t)
	passwd, shadow := accountFiles(t, all[:1])
	writeAccounts(t, shadow, e2e.ShadowLines(all[:1]), 0o600)
	origin := e2e.StartOrigin(t)
	squid := e2e.Start(t, e2e.Config{Auth: []string{e2e.Basic(programs.Path(t, "basic")+" getpwnam --passwd-file "+passwd+" --shadow-file "+shadow, "1 startup=1")}, Secrets: e2e.Secrets(good)})
	mustRefuse(t, origin, squid.Curl(t, right(origin, good[0])))
	before := squid.Helpers()
	e2e.Eventually(t, soon, "the cause is in cache.log", func() bool {
		return strings.Contains(squid.CacheLog(), "outcome=BH reason=no-password-file") && strings.Contains(squid.CacheLog(), "permission denied: its mode is 0600") && strings.Contains(squid.CacheLog(), "usermod -aG shadow")
	})
	if strings.Contains(squid.CacheLog(), "outcome=ERR") {
		t.Error("somebody was refused")
	}
	if err := os.Chmod(shadow, 0o644); err != nil {
		t.Fatal(err)
	}
	e2e.Eventually(t, soon, "alice is let in", func() bool { return squid.Curl(t, right(origin, good[0]))[0].Fetched() })
	writeAccounts(t, passwd, e2e.PasswdLines(all[:2]), 0o644) // useradd bob
	writeAccounts(t, shadow, e2e.ShadowLines(all[:2]), 0o644)
	e2e.Eventually(t, soon, "bob is let in", func() bool { return squid.Curl(t, right(origin, good[1]))[0].Fetched() })
	locked := all[0]
	locked.Hash = "!" + locked.Hash
	writeAccounts(t, shadow, e2e.ShadowLines([]e2e.UnixAccount{locked, all[1]}), 0o644) // usermod -L alice
	mustRefuse(t, origin, squid.Curl(t, wrong(origin, good[0], "x")))                   // Squid forgets the right one
	e2e.Eventually(t, soon, "alice is refused", func() bool { return squid.Curl(t, right(origin, good[0]))[0].Refused() })
	if after := squid.Helpers(); len(after) != 1 || after[0].PID != before[0].PID {
		t.Errorf("helpers before %v, now %v", before, after)
	}
}

// TestGetpwnamNSS: users of a source beside the files, by way of the real getent.
func TestGetpwnamNSS(t *testing.T) {
	t.Parallel()
	good, all := systemAccounts(t)
	n := e2e.NewNamespace(t, map[string]string{
		"/etc/passwd":          e2e.PasswdLines(all[:1]) + "root:x:0:0:root:/root:/bin/sh\n",
		"/etc/shadow":          e2e.ShadowLines(all[:1]) + "root:*:19000::::::\n",
		"/etc/nsswitch.conf":   "passwd: files extrausers\nshadow: files extrausers\ngroup: files\n",
		"/var/lib/extrausers/": "-- passwd --\n" + e2e.PasswdLines(all[1:]) + "-- shadow --\n" + e2e.ShadowLines(all[1:]),
	})
	for option, bob := range map[string]string{"--nss=auto": "OK", "--nss=on": "OK", "--nss=off": "ERR No such user"} {
		p := e2e.StartPeer(t, e2e.PeerConfig{Command: n.Command(programs.As(t, "basic", "basic_getpwnam_auth"), option), Env: []string{"PATH=/usr/bin:/bin"}})
		for line, want := range map[string]string{
			"alice " + good[0].Password: "OK",
			"bob " + good[1].Password:   bob,
			"mallory x":                 "ERR No such user",
			"0 x":                       "ERR No such user",
		} {
			if got := p.Ask(t, line); got != want {
				t.Errorf("%s: %s: %q, want %q\n%s", option, line, got, want, p.Log())
			}
		}
		if option == "--nss=off" {
			continue
		}
		for line, want := range map[string]string{"bob x": "ERR Wrong password", "carol carols-secret": "ERR Account expired", "dave daves-secret": "ERR Wrong password"} {
			if got := p.Ask(t, line); got != want {
				t.Errorf("%s: %s: %q, want %q\n%s", option, line, got, want, p.Log())
			}
		}
	}
}

// TestFakeAndDeny: the two that ask nobody.
func TestFakeAndDeny(t *testing.T) {
	t.Parallel()
	origin := e2e.StartOrigin(t)
	anybody := e2e.User{Name: "anybody", Password: "whatever-it-is"}
	for _, command := range []string{programs.Path(t, "basic") + " fake", programs.As(t, "basic", "basic_fake_auth")} {
		squid := e2e.Start(t, e2e.Config{Auth: []string{e2e.Basic(command, "1 startup=1")}, Secrets: []string{anybody.Password}})
		mustFetch(t, origin, squid.Curl(t, right(origin, anybody), wrong(origin, anybody, "not-a-secret")))
		if !strings.Contains(squid.CacheLog(), "verifies nothing") {
			t.Error("cache.log does not warn")
		}
	}
	squid := e2e.Start(t, e2e.Config{Auth: []string{e2e.Basic(programs.Path(t, "basic")+` deny --text "closed until 8:00"`, "1 startup=1")}, Secrets: []string{anybody.Password}})
	answers := squid.Curl(t, right(origin, anybody))
	mustRefuse(t, origin, answers)
	if text := answers[0].DenyText(); text != "closed until 8:00" {
		t.Errorf("the client is told %q", text)
	}
}
