//go:build unix

package e2e_test

import (
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"squidauth/e2e"
)

// mechs are the mechanisms of a client, its favourite first.
type mechs []asn1.ObjectIdentifier

// windowsMechs is what Windows offers who is logged in to a domain.
func windowsMechs() mechs { return mechs{e2e.MSKRB5, e2e.KRB5, e2e.NegoEx, e2e.NTLM} }

// A foreigner is a client whose favourite is not Kerberos.
type foreigner struct {
	mechs mechs
	token []byte // of the favourite; nil: it sends none
}

// foreigners are what Windows sends where it is not sure of Kerberos. Of the
// tokens the helper looks at the beginning at most.
func foreigners() map[string]foreigner {
	return map[string]foreigner{
		"NegoEx":           {mechs{e2e.NegoEx, e2e.MSKRB5, e2e.KRB5, e2e.NTLM}, append([]byte("NEGOEXTS"), make([]byte, 88)...)},
		"NTLM":             {mechs{e2e.NTLM, e2e.MSKRB5, e2e.KRB5, e2e.NegoEx}, append([]byte("NTLMSSP\x00\x01\x00\x00\x00"), make([]byte, 28)...)},
		"NegoEx, no token": {mechs{e2e.NegoEx, e2e.MSKRB5, e2e.KRB5, e2e.NTLM}, nil},
	}
}

// kerberosToken begins a handshake and returns the AP-REQ, framed with Kerberos's
// own number as Windows does under either name.
func (d *dialogue) kerberosToken(t *testing.T, service string, mutual bool) []byte {
	t.Helper()
	return decode(t, d.client.Begin(t, service, e2e.BareKerberos, mutual).Token)
}

func decode(t *testing.T, token string) []byte {
	t.Helper()
	octets, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	return octets
}

// goesOn sends the helper a line to which it has to answer TT, and returns the
// token of the answer.
func goesOn(t *testing.T, helper *e2e.Peer, line string) e2e.NegTokenResp {
	t.Helper()
	reply := helper.Ask(t, line)
	token, ok := strings.CutPrefix(reply, "TT ")
	if !ok {
		t.Fatalf("the helper says %q, want TT\n%s", reply, helper.Log())
	}
	return e2e.ParseNegTokenResp(t, token)
}

// letsIn sends the helper a line upon which it has to let alice in, and returns
// the token of the answer.
func letsIn(t *testing.T, helper *e2e.Peer, line string) e2e.NegTokenResp {
	t.Helper()
	reply := helper.Ask(t, line)
	token, rest, ok := splitReply(reply)
	if !ok || rest != "user=alice@EXAMPLE.TEST" {
		t.Fatalf("the helper says %q, want OK for alice\n%s", reply, helper.Log())
	}
	return e2e.ParseNegTokenResp(t, token)
}

// mustBe fails the test unless the answer has the state, and names the mechanism,
// or none.
func mustBe(t *testing.T, r e2e.NegTokenResp, state asn1.Enumerated, mech asn1.ObjectIdentifier) {
	t.Helper()
	if r.State != state || !r.SupportedMech.Equal(mech) {
		t.Errorf("state %d and mechanism %v, want %d and %v", r.State, r.SupportedMech, state, mech)
	}
}

// mustConfirm gives the client the helper's AP-REP, which there has to be if it
// asked for one.
func (d *dialogue) mustConfirm(t *testing.T, apRep []byte, mutual bool) {
	t.Helper()
	if !mutual {
		if apRep != nil {
			t.Errorf("an AP-REP for who asked for none: %x", apRep)
		}
		return
	}
	last := d.client.Step(t, base64.StdEncoding.EncodeToString(apRep))
	if !last.Complete || !last.Mutual || last.Token != "" {
		t.Errorf("the client ends with %+v", last)
	}
}

// mustVerify has the client check the helper's MIC of the list of mechanisms.
func (d *dialogue) mustVerify(t *testing.T, list mechs, mic []byte) {
	t.Helper()
	if err := d.client.VerifyMIC(t, e2e.MechList(t, list), mic); err != nil {
		t.Errorf("the helper's MIC: %v", err)
	}
}

// TestNegotiateWindows sends Kerberos as the favourite, under the names and in
// the company that it has with Windows. The name comes back as it was sent
// ([MS-SPNG] 3.2.5).
func TestNegotiateWindows(t *testing.T) {
	t.Parallel()
	for library := range libraries {
		t.Run(library, func(t *testing.T) {
			t.Parallel()
			d := newDialogueOf(t, library, localService)
			helper := d.helper(t)
			for _, list := range []mechs{
				windowsMechs(),
				{e2e.MSKRB5, e2e.KRB5, e2e.NTLM}, // before Windows 7
				{e2e.MSKRB5},
				{e2e.KRB5, e2e.MSKRB5, e2e.NegoEx, e2e.NTLM},
			} {
				for _, mutual := range []bool{false, true} {
					t.Run(fmt.Sprintf("%v mutual=%v", list, mutual), func(t *testing.T) {
						d.mustTakeFavourite(t, helper, list, mutual)
					})
				}
			}
		})
	}
}

func (d *dialogue) mustTakeFavourite(t *testing.T, helper *e2e.Peer, list mechs, mutual bool) {
	t.Helper()
	init := e2e.NegTokenInit{MechTypes: list, MechToken: d.kerberosToken(t, localService, mutual)}
	resp := letsIn(t, helper, "YR "+init.Token(t))
	mustBe(t, resp, e2e.AcceptCompleted, list[0])
	if resp.MechListMIC != nil {
		t.Error("a MIC that nobody asked for")
	}
	d.mustConfirm(t, resp.ResponseToken, mutual)
}

// TestNegotiateWindowsMIC sends the MIC of the list with the first token, which a
// client can that waits for no AP-REP. The helper then answers with its own.
func TestNegotiateWindowsMIC(t *testing.T) {
	t.Parallel()
	d := newDialogue(t, localService)
	helper := d.helper(t)
	list := windowsMechs()
	send := func(t *testing.T, signed mechs) string {
		init := e2e.NegTokenInit{MechTypes: list, MechToken: d.kerberosToken(t, localService, false)}
		init.MechListMIC = d.client.MIC(t, e2e.MechList(t, signed))
		return "YR " + init.Token(t)
	}
	resp := letsIn(t, helper, send(t, list))
	mustBe(t, resp, e2e.AcceptCompleted, e2e.MSKRB5)
	d.mustVerify(t, list, resp.MechListMIC)

	// Somebody on the way has put another mechanism in front.
	mustBeChanged(t, helper, send(t, mechs{e2e.NegoEx, e2e.MSKRB5, e2e.KRB5, e2e.NTLM}))
}

// mustBeChanged sends the helper a line by which it has to find the list of
// mechanisms changed.
func mustBeChanged(t *testing.T, helper *e2e.Peer, line string) {
	t.Helper()
	mustBeERR(t, helper, line, saidNo, "reason=bad-mic", "the list of mechanisms was changed on the way")
}

// TestNegotiateForeigner has the client hope for another mechanism. The helper
// asks for Kerberos, and both must prove that nobody changed the list (RFC 4178
// section 5), with keys of each encryption type.
func TestNegotiateForeigner(t *testing.T) {
	t.Parallel()
	for library := range libraries {
		t.Run(library, func(t *testing.T) {
			t.Parallel()
			d := newDialogueOf(t, library)
			d.addServices(t)
			helper := d.helper(t, "--permit-rc4", "--audit", "all")
			for name, f := range foreigners() {
				for enctype := range enctypes {
					t.Run(name+" "+enctype, func(t *testing.T) { d.mustConvert(t, helper, f, enctype) })
				}
			}
		})
	}
}

// mustConvert negotiates in every order of MICs.
func (d *dialogue) mustConvert(t *testing.T, helper *e2e.Peer, f foreigner, enctype string) {
	t.Helper()
	// The client's MIC goes with the token …
	resp := d.askFor(t, helper, f, serviceOf(enctype), false)
	resp.MechListMIC = d.client.MIC(t, e2e.MechList(t, f.mechs))
	answer := letsIn(t, helper, "KK "+resp.Token(t))
	mustBe(t, answer, e2e.AcceptCompleted, nil)
	d.mustConfirm(t, answer.ResponseToken, false)
	d.mustVerify(t, f.mechs, answer.MechListMIC)

	// … or follows the helper's.
	for _, mutual := range []bool{false, true} {
		resp := d.askFor(t, helper, f, serviceOf(enctype), mutual)
		answer := goesOn(t, helper, "KK "+resp.Token(t))
		mustBe(t, answer, e2e.AcceptIncomplete, nil)
		d.mustConfirm(t, answer.ResponseToken, mutual)
		d.mustVerify(t, f.mechs, answer.MechListMIC)

		mic := e2e.NegTokenResp{State: e2e.AcceptCompleted, MechListMIC: d.client.MIC(t, e2e.MechList(t, f.mechs))}
		last := letsIn(t, helper, "KK "+mic.Token(t))
		mustBe(t, last, e2e.AcceptCompleted, nil)
		if last.ResponseToken != nil || last.MechListMIC != nil {
			t.Errorf("the helper goes on after the end: %+v", last)
		}
	}
	d.mustHaveUsed(t, enctype)
}

// askFor begins a negotiation in which the helper has to ask for Kerberos and for
// a MIC, and returns what the client answers.
func (d *dialogue) askFor(t *testing.T, helper *e2e.Peer, f foreigner, service string, mutual bool) e2e.NegTokenResp {
	t.Helper()
	resp := goesOn(t, helper, "YR "+e2e.NegTokenInit{MechTypes: f.mechs, MechToken: f.token}.Token(t))
	mustBe(t, resp, e2e.RequestMIC, e2e.MSKRB5)
	if resp.ResponseToken != nil || resp.MechListMIC != nil {
		t.Errorf("an answer to a foreign token: %+v", resp)
	}
	return e2e.NegTokenResp{State: e2e.AcceptIncomplete, ResponseToken: d.kerberosToken(t, service, mutual)}
}

// TestNegotiateForeignerChanged has somebody on the way change the list of a
// client that hopes for another mechanism: the MICs betray it, and what the
// client proved of itself up to then does not count.
func TestNegotiateForeignerChanged(t *testing.T) {
	t.Parallel()
	sent, arrived := mechs{e2e.NTLM, e2e.MSKRB5, e2e.KRB5}, foreigners()["NegoEx"]
	for library := range libraries {
		t.Run(library, func(t *testing.T) {
			t.Parallel()
			d := newDialogueOf(t, library, localService)
			for _, mutual := range []bool{false, true} {
				helper := d.helper(t)
				resp := d.askFor(t, helper, arrived, localService, mutual)
				answer := goesOn(t, helper, "KK "+resp.Token(t))
				d.mustConfirm(t, answer.ResponseToken, mutual)
				if d.client.VerifyMIC(t, e2e.MechList(t, sent), answer.MechListMIC) == nil {
					t.Errorf("mutual=%v: the client believes the helper's MIC", mutual)
				}
				mic := e2e.NegTokenResp{State: e2e.AcceptCompleted, MechListMIC: d.client.MIC(t, e2e.MechList(t, sent))}
				mustBeChanged(t, helper, "KK "+mic.Token(t))
			}
		})
	}
}

// TestNegotiateForeignerWithoutMIC has the client send no MIC where it must.
func TestNegotiateForeignerWithoutMIC(t *testing.T) {
	t.Parallel()
	d := newDialogue(t, localService)
	helper := d.helper(t)
	resp := d.askFor(t, helper, foreigners()["NTLM"], localService, false)
	goesOn(t, helper, "KK "+resp.Token(t))
	none := e2e.NegTokenResp{State: e2e.AcceptCompleted}
	mustBeChanged(t, helper, "KK "+none.Token(t))
}

// TestNegotiateOnlyNTLM has Windows without a ticket offer what it has left.
func TestNegotiateOnlyNTLM(t *testing.T) {
	t.Parallel()
	d := newDialogue(t, localService)
	helper := d.helper(t)
	for name, f := range foreigners() {
		t.Run(name, func(t *testing.T) {
			isKerberos := func(m asn1.ObjectIdentifier) bool { return m.Equal(e2e.MSKRB5) || m.Equal(e2e.KRB5) }
			init := e2e.NegTokenInit{MechTypes: slices.DeleteFunc(f.mechs, isKerberos), MechToken: f.token}
			mustBeERR(t, helper, "YR "+init.Token(t), "did not use Kerberos", "reason=client-sent-ntlm", "full name")
		})
	}
}
