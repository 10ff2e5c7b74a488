//go:build unix

package e2e_test

import (
	"os"
	"strings"
	"testing"

	"squidauth/e2e"
)

// mustBeLetIn waits until alice gets in, with a fresh token for each try.
func (d *dialogue) mustBeLetIn(t *testing.T, helper *e2e.Peer) {
	t.Helper()
	e2e.Eventually(t, soon, "alice is let in", func() bool {
		return strings.HasPrefix(helper.Ask(t, "YR "+d.token(t, localService)), "OK ")
	})
}

// mustBeUnavailable fails the test unless the helper says that it cannot tell,
// and tells the operator about the keytab in these words.
func (d *dialogue) mustBeUnavailable(t *testing.T, helper *e2e.Peer, words ...string) {
	t.Helper()
	if reply := helper.Ask(t, "YR "+d.token(t, localService)); !strings.HasPrefix(reply, "BH ") {
		t.Errorf("the helper says %q, want BH", reply)
	}
	mustExplain(t, helper, append(words, d.keytab, "reason=no-keytab")...)
}

// TestNegotiateKeytabMissing starts the helper before there is a keytab, and
// lets it come.
func TestNegotiateKeytabMissing(t *testing.T) {
	t.Parallel()
	d := newDialogue(t, localService)
	if err := os.Rename(d.keytab, d.keytab+".later"); err != nil {
		t.Fatal(err)
	}
	helper := d.helper(t)
	d.mustBeUnavailable(t, helper, "no such file")
	if err := os.Rename(d.keytab+".later", d.keytab); err != nil {
		t.Fatal(err)
	}
	d.mustBeLetIn(t, helper)
}

// TestNegotiateKeytabUnreadable has a keytab that user proxy may not read, the
// most frequent mistake there is, and then may.
func TestNegotiateKeytabUnreadable(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		e2e.Lacking(t, "only root can become another user")
	}
	d := newDialogue(t, localService)
	if err := os.Chmod(d.keytab, 0); err != nil {
		t.Fatal(err)
	}
	helper := d.helper(t)
	d.mustBeUnavailable(t, helper, "permission denied", "uid 13")
	if err := os.Chmod(d.keytab, 0o644); err != nil {
		t.Fatal(err)
	}
	d.mustBeLetIn(t, helper)

	// Who has keys keeps them, whatever becomes of the file.
	if err := os.Chmod(d.keytab, 0); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		mustBeOK(t, helper, helper.Ask(t, "YR "+d.token(t, localService)))
	}
}

// TestNegotiateKeytabBroken writes nonsense over a good keytab: the keys that
// were read go on to count, and the log says what is wrong.
func TestNegotiateKeytabBroken(t *testing.T) {
	t.Parallel()
	d := newDialogue(t, localService)
	good, err := os.ReadFile(d.keytab)
	if err != nil {
		t.Fatal(err)
	}
	helper := d.helper(t)
	mustBeOK(t, helper, helper.Ask(t, "YR "+d.token(t, localService)))
	for name, content := range map[string][]byte{
		"empty":         {},
		"text":          []byte("this is no keytab\n"),
		"half":          good[:len(good)/2],
		"half, version": good[:2],
	} {
		t.Run(name, func(t *testing.T) {
			before := strings.Count(helper.Log(), d.keytab)
			if err := os.WriteFile(d.keytab, content, 0o644); err != nil {
				t.Fatal(err)
			}
			e2e.Eventually(t, soon, "a complaint in the log", func() bool {
				mustBeOK(t, helper, helper.Ask(t, "YR "+d.token(t, localService)))
				return t.Failed() || strings.Count(helper.Log(), d.keytab) > before
			})
			if err := os.WriteFile(d.keytab, good, 0o644); err != nil {
				t.Fatal(err)
			}
			mustBeOK(t, helper, helper.Ask(t, "YR "+d.token(t, localService)))
		})
	}
}

// TestNegotiateNewKey gives the service new keys and has a client come with a
// ticket for them at once, before anybody looked at the keytab: it is good, and an
// older ticket is good all the time.
func TestNegotiateNewKey(t *testing.T) {
	t.Parallel()
	d := newDialogue(t, localService)
	helper := d.helper(t)
	old := d.token(t, localService)
	for range 5 {
		d.kdc.Rotate(t, d.keytab, localService)
		d.tickets.Renew(t, kerberosUsers()[0])
		mustBeOK(t, helper, helper.Ask(t, "YR "+d.token(t, localService)))
	}
	mustBeOK(t, helper, helper.Ask(t, "YR "+old))
	if log := helper.Log(); strings.Contains(log, "cannot be used") {
		t.Errorf("the helper complains of a good keytab:\n%s", log)
	}
}

// TestNegotiateRotation gives the service new keys again and again while
// clients are at work. The tickets that they hold are for older keys, which the
// keytab keeps; those who log in after a rotation get tickets for the newest.
func TestNegotiateRotation(t *testing.T) {
	t.Parallel()
	const rotations = 4
	n := newNegotiation(t)
	squid, origin := n.start(t, "")
	// Before the first rotation, or the tickets would not be old.
	mustFetch(t, origin, squid.Curl(t, by(origin, n.alice, "")))
	mustFetch(t, origin, squid.Curl(t, by(origin, n.bob, "")))
	load := squid.StartLoad(t, loadClients, func(client, _ int) e2e.Request {
		tickets := n.alice
		if client%2 == 1 {
			tickets = n.bob
		}
		r := by(origin, tickets, "")
		r.Alone = true
		return r
	})
	for range rotations {
		count := load.Count()
		n.kdc.Rotate(t, n.keytab, localService)
		late := n.kdc.Login(t, n.users[0])
		e2e.Eventually(t, soon, "a ticket for the new key is good", func() bool {
			return squid.Curl(t, by(origin, late, ""))[0].Fetched()
		})
		e2e.Eventually(t, soon, "answers after the rotation", func() bool { return load.Count() >= count+loadClients*2 })
	}
	answers := load.Stop(t)
	mustFetch(t, origin, answers)
	mustLogAll(t, squid, answers)
	t.Logf("%d requests meanwhile", load.Count())
}
