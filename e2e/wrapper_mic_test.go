//go:build unix

package e2e_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"squidauth/e2e"
	"squidauth/ntlm/ntlmssp"
	"squidauth/ntlm/ntlmssp/ntlmtest"
)

// TestWrapperMIC has a client of NTLM within SPNEGO vouch for its list of mechanisms,
// and the helper do the same, before and after somebody changed the list on the way.
func TestWrapperMIC(t *testing.T) {
	t.Parallel()
	users := ntlmUsers()
	helper := e2e.StartPeer(t, e2e.PeerConfig{
		Command: []string{programs.Path(t, "wrapper"), "--keytab", "/nonexistent", "--hashes", e2e.PasswordFile(t, users), "--domain", "EXAMPLE"},
		Env:     []string{"PATH=/usr/bin:/bin"},
		AsProxy: true,
	})
	sent := mechs{e2e.NTLM, e2e.NegoEx}
	for _, list := range []mechs{sent, {e2e.NTLM}} {
		client := ntlmtest.Client{
			Domain: "EXAMPLE", User: "alice", Password: users[0].Password, SessionKey: ntlmssp.Key{1, 2, 3},
			Flags: ntlmtest.DefaultFlags | ntlmssp.NegotiateSign | ntlmssp.NegotiateKeyExch,
		}
		challenge := goesOn(t, helper, "YR "+e2e.NegTokenInit{MechTypes: list, MechToken: client.Negotiate()}.Token(t)).ResponseToken
		token, err := client.Authenticate(client.Negotiate(), challenge)
		if err != nil {
			t.Fatal(err)
		}
		sign := func(side ntlmssp.Side, list mechs) []byte {
			mic, err := client.SessionKey.FirstSignature(side, client.Flags, e2e.MechList(t, list))
			if err != nil {
				t.Fatal(err)
			}
			return mic[:]
		}
		reply := helper.Ask(t, "KK "+e2e.NegTokenResp{State: e2e.AcceptIncomplete, ResponseToken: token, MechListMIC: sign(ntlmssp.ClientSide, sent)}.Token(t))
		if len(list) != len(sent) {
			if !strings.HasPrefix(reply, "ERR ") {
				t.Errorf("the helper says %q to a list that was changed", reply)
			}
			e2e.Eventually(t, soon, "the reason in the log", func() bool { return hasLine(helper.Log(), "reason=bad-mic", `EXAMPLE\alice`) })
			continue
		}
		word, rest, ok := strings.Cut(strings.TrimPrefix(reply, "OK token="), " ")
		if !ok || rest != "user=EXAMPLE%5Calice" {
			t.Fatalf("the helper says %q\n%s", reply, helper.Log())
		}
		if _, err := base64.StdEncoding.DecodeString(word); err != nil {
			t.Fatal(err)
		}
		last := e2e.ParseNegTokenResp(t, word)
		if last.State != e2e.AcceptCompleted || !bytes.Equal(last.MechListMIC, sign(ntlmssp.ServerSide, list)) {
			t.Errorf("the last token is %+v", last)
		}
	}
}
