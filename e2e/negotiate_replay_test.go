//go:build unix

package e2e_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"squidauth/e2e"
)

// cKerberosPath is Squid's own helper for Kerberos.
const cKerberosPath = "/usr/lib/squid/negotiate_kerberos_auth"

// cHelper starts Squid's own helper on the keytab, as the same user as ours.
func (d *dialogue) cHelper(t *testing.T, options ...string) *e2e.Peer {
	t.Helper()
	if _, err := os.Stat(cKerberosPath); err != nil {
		e2e.Lacking(t, "Squid's own helper is not installed: %v", err)
	}
	return e2e.StartPeer(t, e2e.PeerConfig{
		Command: append([]string{cKerberosPath, "-k", d.keytab}, options...),
		Env:     d.kdc.Env("KRB5RCACHEDIR=" + d.rcache),
		AsProxy: true,
		Foreign: true,
	})
}

func mustBeOK(t *testing.T, who *e2e.Peer, reply string) {
	t.Helper()
	if !strings.HasPrefix(reply, "OK token=") || !strings.Contains(reply, " user=alice@EXAMPLE.TEST") {
		t.Errorf("%v: %q, want alice to be let in\n%s", who, reply, who.Log())
	}
}

// mustBeReplay fails the test unless our helper refused a token for its being
// known already, so many times by now.
func mustBeReplay(t *testing.T, helper *e2e.Peer, reply string, times int) {
	t.Helper()
	if !strings.HasPrefix(reply, "ERR ") {
		t.Errorf("%v lets a token in again: %q", helper, reply)
	}
	e2e.Eventually(t, soon, "reason=replay in the log", func() bool {
		return strings.Count(helper.Log(), "reason=replay ") == times
	})
}

// TestNegotiateReplay sends tokens again: to the process that had them before,
// and to others of the same user.
func TestNegotiateReplay(t *testing.T) {
	t.Parallel()
	d := newDialogue(t, localService)
	one, two := d.helper(t), d.helper(t)
	for n := range 3 {
		token := d.token(t, localService)
		mustBeOK(t, one, one.Ask(t, "YR "+token))
		mustBeReplay(t, one, one.Ask(t, "YR "+token), n+1)
		mustBeReplay(t, two, two.Ask(t, "YR "+token), n+1)
	}
	// A process that starts later knows what the others saw.
	token := d.token(t, localService)
	mustBeOK(t, two, two.Ask(t, "YR "+token))
	late := d.helper(t)
	mustBeReplay(t, late, late.Ask(t, "YR "+token), 1)
	mustBeOK(t, late, late.Ask(t, "YR "+d.token(t, localService)))

	// The same authenticator as SPNEGO has it inside.
	inside := d.client.Begin(t, localService, e2e.SPNEGO, true).Token
	mustBeOK(t, one, one.Ask(t, "YR "+inside))
	mustBeReplay(t, two, two.Ask(t, "YR "+inside), 4)

	forgetful := d.helper(t, "--replay-cache", "none")
	mustBeOK(t, forgetful, forgetful.Ask(t, "YR "+token))
}

// TestNegotiateReplayShared has our helper and Squid's own share the file in
// which MIT's library remembers tokens.
func TestNegotiateReplayShared(t *testing.T) {
	t.Parallel()
	d := newDialogue(t, localService)
	ours, theirs := d.helper(t), d.cHelper(t, "-s", "GSS_C_NO_NAME")
	for range 3 {
		token := d.token(t, localService)
		mustBeOK(t, ours, ours.Ask(t, "YR "+token))
		if reply := theirs.Ask(t, "YR "+token); !strings.HasPrefix(reply, "BH ") || !strings.Contains(reply, "replay") {
			t.Errorf("Squid's own helper lets our token in again: %q", reply)
		}
	}
	for n := range 3 {
		token := d.token(t, localService)
		mustBeOK(t, theirs, theirs.Ask(t, "YR "+token))
		mustBeReplay(t, ours, ours.Ask(t, "YR "+token), n+1)
	}
}

// TestNegotiateOldToken presents a token when it is older than clocks may
// differ.
func TestNegotiateOldToken(t *testing.T) {
	t.Parallel()
	d := newDialogue(t, localService)
	helper := d.helper(t, "--max-skew", "1s")
	made := time.Now()
	token := d.token(t, localService)
	e2e.Eventually(t, soon, "the token is old", func() bool { return time.Since(made) > 1500*time.Millisecond })
	if reply := helper.Ask(t, "YR "+token); !strings.HasPrefix(reply, "ERR ") {
		t.Errorf("the helper says %q", reply)
	}
	mustExplain(t, helper, "reason=clock-skew", "behind ours")
	mustBeOK(t, helper, helper.Ask(t, "YR "+d.token(t, localService)))
}
