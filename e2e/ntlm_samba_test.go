//go:build unix

package e2e_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"squidauth/e2e"
)

// TestSambaNTLM asks Samba's ntlm_auth, by way of winbindd, and ours by its name the same,
// of the same domain. Each makes challenges of its own, which a client answers.
func TestSambaNTLM(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	secret := e2e.Dir(t) + "/secret"
	writeSecret(t, secret, e2e.AccountOf(t, "PROXY$").Password)
	helpers := func(more ...string) (theirs, our *e2e.Peer) {
		theirs = e2e.StartPeer(t, e2e.PeerConfig{Foreign: true, Command: append(ad.Inside(t,
			e2e.Need(t, "ntlm_auth"), "--diagnostics", "--helper-protocol=squid-2.5-ntlmssp", "--configfile="+ad.Config()), more...), Env: ad.Env()})
		our = e2e.StartPeer(t, e2e.PeerConfig{Command: append([]string{
			programs.As(t, "ntlm", "ntlm_auth"), "--diagnostics", "--helper-protocol=squid-2.5-ntlmssp", "--domain=" + e2e.ADDomain, "--realm=" + e2e.ADRealm,
			"--dc=" + ad.Address(), "--machine-account=PROXY$", "--machine-secret=" + secret, "--state-dir=" + ad.StateDir(),
		}, more...), Env: []string{"PATH=/usr/bin:/bin"}})
		return theirs, our
	}
	theirs, our := helpers()
	for name, messages := range map[string]e2e.NTLMMessages{
		"right":                ours(e2e.ADDomain, adUser(t, "alice")),
		"right, small letters": ours(strings.ToLower(e2e.ADDomain), adUser(t, "alice")),
		"beyond ASCII":         ours(e2e.ADDomain, adUser(t, "jürgen")),
		"another's client":     byAzure(e2e.ADDomain, adUser(t, "bob")),
		"wrong password":       ours(e2e.ADDomain, e2e.NTUser("bob", "not-a-secret")),
		"nobody":               ours(e2e.ADDomain, e2e.NTUser("nobody", "not-a-secret")),
		"disabled":             ours(e2e.ADDomain, adUser(t, "disabled")),
		"locked out":           ours(e2e.ADDomain, adUser(t, "locked-out")),
		"must change":          ours(e2e.ADDomain, adUser(t, "must-change")),
	} {
		want, got := ntlmAnswer(t, theirs, messages), ntlmAnswer(t, our, messages)
		if strings.HasPrefix(want, "NA ") && strings.HasPrefix(got, "NA ") {
			continue // ours has no codes of Windows in its texts
		}
		if want != got || want == "" {
			t.Errorf("%s: Samba says %q, ours %q", name, want, got)
		}
	}
	for _, q := range []struct{ line, want, got, why string }{
		{line: "KK", want: "BH", got: "BH"},
		{line: "XX", want: "BH", got: "BH"},
		{line: "YR AAAA", want: "NA", got: "NA"},
		{"KK AAAA", "NA", "BH", "no login has begun, which is no user's fault"},
	} {
		want, _, _ := strings.Cut(theirs.Ask(t, q.line), " ")
		got, _, _ := strings.Cut(our.Ask(t, q.line), " ")
		if want != q.want || got != q.got {
			t.Errorf("%q: Samba says %q, ours %q; want %q and %q: %s", q.line, want, got, q.want, q.got, q.why)
		}
	}

	theirs, our = helpers("--require-membership-of=" + ad.SID(t, "ProxyUsers").Text)
	for user, word := range map[string]string{"alice": "AF ", "mallory": "NA "} {
		messages := ours(e2e.ADDomain, adUser(t, user))
		want, got := ntlmAnswer(t, theirs, messages), ntlmAnswer(t, our, messages)
		if !strings.HasPrefix(want, word) || !strings.HasPrefix(got, word) || word == "AF " && want != got {
			t.Errorf("%s, who must be a member: Samba says %q, ours %q", user, want, got)
		}
	}
}

// ntlmAnswer is what a helper says in the end to a client.
func ntlmAnswer(t *testing.T, helper *e2e.Peer, messages e2e.NTLMMessages) string {
	t.Helper()
	first, err := messages(nil)
	if err != nil {
		t.Fatal(err)
	}
	challenge, found := strings.CutPrefix(helper.Ask(t, "YR "+base64.StdEncoding.EncodeToString(first)), "TT ")
	if !found {
		t.Fatalf("no challenge: %q", challenge)
	}
	token, err := base64.StdEncoding.DecodeString(challenge)
	if err != nil {
		t.Fatal(err)
	}
	last, err := messages(token)
	if err != nil {
		t.Fatal(err)
	}
	return helper.Ask(t, "KK "+base64.StdEncoding.EncodeToString(last))
}
