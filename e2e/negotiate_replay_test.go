//go:build unix

package e2e_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
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
		Env:     d.kdc.Env(d.rcache),
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

// theirReplay fails the test unless Squid's own helper refused a token for its
// being known already.
func theirReplay(t *testing.T, reply string) {
	t.Helper()
	if !strings.HasPrefix(reply, "BH ") || !strings.Contains(reply, "replay") {
		t.Errorf("Squid's own helper lets a token in again: %q", reply)
	}
}

// TestNegotiateReplayShared has our helper and Squid's own share the file in which
// MIT's library remembers tokens. What it remembers of a token depends on the
// encryption type.
func TestNegotiateReplayShared(t *testing.T) {
	t.Parallel()
	d := newDialogue(t)
	d.addServices(t)
	ours, theirs := d.helper(t, "--permit-rc4"), d.cHelper(t, "-s", "GSS_C_NO_NAME")
	for enctype := range enctypes {
		t.Run(enctype, func(t *testing.T) {
			d.mustShare(t, ours, theirs, serviceOf(enctype))
			d.mustHaveUsed(t, enctype)
		})
	}
}

// mustShare sends tokens to one helper and then to the other, both ways.
func (d *dialogue) mustShare(t *testing.T, ours, theirs *e2e.Peer, service string) {
	t.Helper()
	for range 2 {
		token := d.token(t, service)
		mustBeOK(t, ours, ours.Ask(t, "YR "+token))
		theirReplay(t, theirs.Ask(t, "YR "+token))

		token = d.token(t, service)
		mustBeOK(t, theirs, theirs.Ask(t, "YR "+token))
		before := strings.Count(ours.Log(), "reason=replay ")
		mustBeReplay(t, ours, ours.Ask(t, "YR "+token), before+1)
	}
}

// TestNegotiateReplayPlaces shares the file where an option, or a variable of
// MIT's, says.
func TestNegotiateReplayPlaces(t *testing.T) {
	t.Parallel()
	d := newDialogue(t, localService)
	t.Run("-c", func(t *testing.T) {
		options := []string{"-s", "GSS_C_NO_NAME", "-c", e2e.ProxyDir(t)}
		ours := d.asC(t, append([]string{"-k", d.keytab}, options...)...)
		d.mustShare(t, ours, d.cHelper(t, options...), localService)
	})
	t.Run("KRB5RCACHENAME", func(t *testing.T) {
		file := filepath.Join(e2e.ProxyDir(t), "tokens")
		d.rcache = "KRB5RCACHENAME=file2:" + file
		d.mustShare(t, d.helper(t), d.cHelper(t, "-s", "GSS_C_NO_NAME"), localService)
		if _, err := os.Stat(file); err != nil {
			t.Error(err)
		}
	})
}

// TestNegotiateReplayFraming sends an authenticator again with something else
// around it, as one can who read it on the way.
func TestNegotiateReplayFraming(t *testing.T) {
	t.Parallel()
	d := newDialogue(t, localService)
	ours, theirs := d.helper(t), d.cHelper(t, "-s", "GSS_C_NO_NAME")
	framings := map[string]func(t *testing.T, apReq []byte) string{
		"bare": func(_ *testing.T, apReq []byte) string { return base64.StdEncoding.EncodeToString(apReq) },
		"SPNEGO": func(t *testing.T, apReq []byte) string {
			return e2e.NegTokenInit{MechTypes: mechs{e2e.KRB5}, MechToken: apReq}.Token(t)
		},
		"Windows": func(t *testing.T, apReq []byte) string {
			return e2e.NegTokenInit{MechTypes: windowsMechs(), MechToken: apReq}.Token(t)
		},
	}
	refused := 0
	for first, frame := range framings {
		t.Run(first, func(t *testing.T) {
			apReq := d.kerberosToken(t, localService, true)
			mustBeOK(t, ours, ours.Ask(t, "YR "+frame(t, apReq)))
			for _, another := range framings {
				refused++
				mustBeReplay(t, ours, ours.Ask(t, "YR "+another(t, apReq)), refused)
				theirReplay(t, theirs.Ask(t, "YR "+another(t, apReq)))
			}
		})
	}
	t.Run("broken off", func(t *testing.T) {
		resp := d.askFor(t, ours, foreigners()["NegoEx"], localService, true)
		goesOn(t, ours, "KK "+resp.Token(t))
		refused++
		mustBeReplay(t, ours, ours.Ask(t, "YR "+framings["bare"](t, resp.ResponseToken)), refused)
		theirReplay(t, theirs.Ask(t, "YR "+framings["Windows"](t, resp.ResponseToken)))
	})
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
