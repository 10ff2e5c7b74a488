//go:build unix

package e2e_test

import (
	"strings"
	"testing"

	"squidauth/e2e"
)

// asC starts our helper by the name, and with the command line, of Squid's own.
// Its replay cache is another than theirs, or the same token would be a replay.
func (d *dialogue) asC(t *testing.T, options ...string) *e2e.Peer {
	t.Helper()
	path := programs.As(t, "negotiate", "negotiate_kerberos_auth")
	return e2e.StartPeer(t, e2e.PeerConfig{
		Command: append([]string{path}, options...),
		Env:     d.kdc.Env("KRB5RCACHEDIR=" + e2e.ProxyDir(t)),
		AsProxy: true,
	})
}

// TestNegotiateDropIn gives the same tokens to Squid's own helper and to ours,
// with the same command lines.
func TestNegotiateDropIn(t *testing.T) {
	t.Parallel()
	d := newDialogue(t, localService, namedService)
	cache := e2e.ProxyDir(t)
	for name, variant := range map[string]struct {
		options string
		user    string // empty: nobody gets in
	}{
		"any name":      {"-s GSS_C_NO_NAME", "alice@EXAMPLE.TEST"},
		"in small":      {"-s gss_c_no_name", "alice@EXAMPLE.TEST"},
		"strip":         {"-r -s GSS_C_NO_NAME", "alice"},
		"bundled":       {"-irsGSS_C_NO_NAME", "alice"},
		"name":          {"-s HTTP/" + localService, "alice@EXAMPLE.TEST"},
		"name, realm":   {"-s HTTP/" + localService + "@EXAMPLE.TEST", "alice@EXAMPLE.TEST"},
		"no replays":    {"-s GSS_C_NO_NAME -t none", "alice@EXAMPLE.TEST"},
		"replays here":  {"-s GSS_C_NO_NAME -c " + cache, "alice@EXAMPLE.TEST"},
		"verbose":       {"-i -s GSS_C_NO_NAME", "alice@EXAMPLE.TEST"},
		"another name":  {"-s HTTP/" + namedService, ""},
		"another realm": {"-s HTTP/" + localService + "@OTHER.TEST", ""},
	} {
		t.Run(name, func(t *testing.T) {
			options := strings.Fields(variant.options)
			theirs := d.cHelper(t, options...)
			if strings.Contains(variant.options, "-c ") {
				options[len(options)-1] = e2e.ProxyDir(t)
			}
			ours := d.asC(t, append([]string{"-k", d.keytab}, options...)...)
			d.compare(t, theirs, ours, variant.user)
			if strings.Contains(variant.options, "-t none") {
				d.mustForget(t, theirs, ours)
			}
		})
	}
	t.Run("keytab with type", func(t *testing.T) {
		ours := d.asC(t, "-k", "FILE:"+d.keytab, "-s", "GSS_C_NO_NAME")
		mustBeOK(t, ours, ours.Ask(t, "YR "+d.token(t, localService)))
	})
}

// compare asks both about the same tokens. The tokens that they answer differ
// where they hold times and random numbers.
func (d *dialogue) compare(t *testing.T, theirs, ours *e2e.Peer, user string) {
	t.Helper()
	for _, kind := range []string{e2e.BareKerberos, e2e.SPNEGO} {
		for _, mutual := range []bool{false, true} {
			leg := d.client.Begin(t, localService, kind, mutual)
			a, b := theirs.Ask(t, "YR "+leg.Token), ours.Ask(t, "YR "+leg.Token)
			if strings.HasPrefix(a, "BH hostname error") {
				e2e.Lacking(t, "Squid's own helper does not work on a machine without a full name")
			}
			tokenA, restA, okA := splitReply(a)
			tokenB, restB, okB := splitReply(b)
			switch {
			case okA != (user != "") || okB != okA:
				t.Errorf("%s mutual=%v: theirs says %q, ours %q, want user %q\n%s", kind, mutual, a, b, user, ours.Log())
			case !okA:
			case restA != restB || restB != "user="+user:
				t.Errorf("%s mutual=%v: theirs says %q, ours %q, want user %q", kind, mutual, restA, restB, user)
			case !mutual && tokenA != tokenB:
				t.Errorf("%s mutual=%v: theirs answers token %q, ours %q", kind, mutual, tokenA, tokenB)
			}
		}
	}
}

// splitReply takes OK token=TOKEN REST apart. Squid's own helper names a group
// even if there is none.
func splitReply(reply string) (token, rest string, ok bool) {
	reply, ok = strings.CutPrefix(reply, "OK token=")
	token, rest, _ = strings.Cut(reply, " ")
	return token, strings.TrimSuffix(rest, " group="), ok
}

// mustForget asks both about a token again.
func (d *dialogue) mustForget(t *testing.T, helpers ...*e2e.Peer) {
	t.Helper()
	token := d.token(t, localService)
	for _, helper := range helpers {
		mustBeOK(t, helper, helper.Ask(t, "YR "+token))
		mustBeOK(t, helper, helper.Ask(t, "YR "+token))
	}
}

// TestNegotiateDropInSquid has Squid run our helper by the C helper's name.
func TestNegotiateDropInSquid(t *testing.T) {
	t.Parallel()
	n := newNegotiation(t)
	command := programs.As(t, "negotiate", "negotiate_kerberos_auth") + " -r -k " + n.keytab + " -s GSS_C_NO_NAME"
	origin := e2e.StartOrigin(t)
	squid := e2e.Start(t, e2e.Config{
		Auth:    []string{e2e.Negotiate(command, "5 startup=2 idle=1")},
		Env:     n.env,
		Secrets: e2e.Secrets(n.users),
	})
	answers := squid.Curl(t, by(origin, n.alice, "alice"))
	mustFetch(t, origin, answers)
	mustLogAll(t, squid, answers)
}
