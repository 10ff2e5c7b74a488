package negotiate_test

import (
	"bytes"
	"errors"
	"testing"

	"squidauth/negotiate"
	"squidauth/negotiate/spnego"
	"squidauth/protocol"
)

// signer is an NTLM that can sign: its MICs name who made them, and quote what for.
type signer struct {
	played
	err error // of MIC
}

func (s *signer) MIC(message []byte) ([]byte, error) {
	return append([]byte("server's: "), message...), s.err
}

func (s *signer) VerifyMIC(message, mic []byte) error {
	if !bytes.Equal(mic, clientMIC(message)) {
		return errors.New("another MIC")
	}
	return nil
}

func clientMIC(message []byte) []byte { return append([]byte("client's: "), message...) }

// TestWrapperUncheckedMIC: with that permission a MIC that nobody can check is passed
// over, and one that somebody can is not.
func TestWrapperUncheckedMIC(t *testing.T) {
	able := &signer{}
	able.step = stepNTLM
	completed := spnego.Resp{State: spnego.AcceptCompleted}.Append(nil)
	for m, want := range map[negotiate.Mechanism]string{able: noLogin, &played{step: stepNTLM}: yesNTLM(completed)} {
		w := &negotiate.Wrapper{Kerberos: &played{step: stepKerberos}, NTLM: m, PermitUncheckedMIC: true, Log: quiet()}
		tell(t, w, yr(initOf(ntlmNegotiate, nil, spnego.NTLM)))
		if got := written(tell(t, w, kk(spnego.Resp{ResponseToken: ntlmMessage(3, "right"), MechListMIC: []byte("mic")}.Append(nil)))); got != want {
			t.Errorf("%T: got %s, want %s", m, got, want)
		}
	}
}

// TestWrapperMIC: a client that vouches for its list is answered in kind, if the list
// is what it was and whoever is asked can sign.
func TestWrapperMIC(t *testing.T) {
	list := []spnego.OID{spnego.NTLM, spnego.NegoEx}
	answer := func(word string, mic []byte) string {
		return kk(spnego.Resp{ResponseToken: ntlmMessage(3, word), MechListMIC: mic}.Append(nil))
	}
	good, bad := clientMIC(listOf(list...)), clientMIC(listOf(spnego.KRB5, spnego.NTLM, spnego.NegoEx))
	able, unable := &signer{}, &signer{err: errors.New("no session key")}
	able.step, unable.step = stepNTLM, stepNTLM
	signed := spnego.Resp{State: spnego.AcceptCompleted, MechListMIC: append([]byte("server's: "), listOf(list...)...)}.Append(nil)
	unsigned := spnego.Resp{State: spnego.AcceptCompleted}.Append(nil)
	for _, tt := range []struct {
		name   string
		ntlm   negotiate.Mechanism
		line   string
		want   string
		reason string
	}{
		{"right", able, answer("right", good), yesNTLM(signed), ""},
		{"not asked", able, answer("right", nil), yesNTLM(unsigned), ""},
		{"not asked of who cannot", unable, answer("right", nil), yesNTLM(unsigned), ""},
		{"changed", able, answer("right", bad), noLogin, string(negotiate.BadMIC)},
		{"empty", able, answer("right", []byte{}), noLogin, string(negotiate.BadMIC)},
		{"fails", unable, answer("right", good), noLogin, string(negotiate.BadMIC)},
		{"nobody signs", &played{step: stepNTLM}, answer("right", good), noLogin, string(negotiate.NoMIC)},
		{"wrong password", able, answer("wrong", good), noNTLM, ""},
		{"wrong password, nobody signs", &played{step: stepNTLM}, answer("wrong", good), noNTLM, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := &negotiate.Wrapper{Kerberos: &played{step: stepKerberos}, NTLM: tt.ntlm, Log: quiet()}
			// A MIC in the first token is nobody's: there is no key yet.
			for _, early := range [][]byte{nil, []byte("early")} {
				if r := tell(t, w, yr(initOf(ntlmNegotiate, early, list...))); r.Outcome() != protocol.Continue {
					t.Fatal(written(r))
				}
				r := tell(t, w, tt.line)
				if got := written(r); got != tt.want || r.Detail().Reason != tt.reason {
					t.Errorf("got %s, %+v, want %s", got, r.Detail(), tt.want)
				}
				if tt.reason != "" && (r.Detail().User != ntlmUser || r.Detail().Cause == nil) {
					t.Errorf("%+v", r.Detail())
				}
			}
		})
	}
}
