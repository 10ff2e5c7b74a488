package ntlm_test

import (
	"bytes"
	"testing"

	"squidauth/ntlm/ntlmssp"
	"squidauth/ntlm/ntlmssp/ntlmtest"
)

// TestHandlerSigns: after a login, and until the next line, the Handler signs as the
// server and knows the client's signature.
func TestHandlerSigns(t *testing.T) {
	const signing = ntlmssp.NegotiateSign | ntlmssp.NegotiateKeyExch
	message := []byte("the list of mechanisms")
	for flags, signs := range map[ntlmssp.Flags]bool{
		ntlmtest.DefaultFlags | signing:                                               true,
		ntlmtest.DefaultFlags | ntlmssp.NegotiateSign:                                 true,
		ntlmtest.DefaultFlags:                                                         false,
		(ntlmtest.DefaultFlags | signing) &^ ntlmssp.NegotiateExtendedSessionSecurity: false,
	} {
		c := alice()
		c.Flags, c.SessionKey = flags, ntlmssp.Key{1, 2, 3}
		var session ntlmssp.Key
		h := newHandler(t)
		negotiate := c.Negotiate()
		challenge := h.Handle(t.Context(), []byte(line("YR", negotiate))).Token()
		token := answer(t, c, negotiate, challenge)
		if _, err := h.MIC(message); err == nil {
			t.Error("signed before the login")
		}
		h.Handle(t.Context(), []byte(line("KK", token)))
		a, err := ntlmssp.ParseAuthenticate(token)
		if err != nil {
			t.Fatal(err)
		}
		session = ntlmssp.NTOWFv1(c.Password).NTOWFv2(c.User, c.Domain).SessionBaseKeyV2(ntlmssp.Key(a.NTResponse[:16]))
		if a.Flags.Has(ntlmssp.NegotiateKeyExch) {
			session = c.SessionKey
		}
		client, _ := session.FirstSignature(ntlmssp.ClientSide, a.Flags, message)
		server, _ := session.FirstSignature(ntlmssp.ServerSide, a.Flags, message)
		mic, err := h.MIC(message)
		if (err == nil) != signs || signs && !bytes.Equal(mic, server[:]) {
			t.Errorf("flags %x: %x, %v", flags, mic, err)
		}
		if err := h.VerifyMIC(message, client[:]); (err == nil) != signs {
			t.Errorf("flags %x: %v", flags, err)
		}
		for _, wrong := range [][]byte{nil, server[:], client[:15], append(client[:], 0)} {
			if h.VerifyMIC(message, wrong) == nil {
				t.Errorf("flags %x: %x was believed", flags, wrong)
			}
		}
		h.Handle(t.Context(), []byte("KK"))
		if h.VerifyMIC(message, client[:]) == nil {
			t.Error("believed after the next line")
		}
	}
}
