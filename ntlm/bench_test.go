package ntlm_test

import (
	"encoding/base64"
	"testing"

	"squidauth/protocol"
)

// BenchmarkLogin is a login without the client's share: two lines and their replies.
func BenchmarkLogin(b *testing.B) {
	h, c := newHandler(b), alice()
	negotiate := c.Negotiate()
	yr := []byte(line("YR", negotiate))
	b.ReportAllocs()
	for b.Loop() {
		reply := protocol.AppendReply(nil, h.Handle(b.Context(), yr), protocol.NTLM, protocol.Modern)
		b.StopTimer()
		challenge, err := base64.StdEncoding.DecodeString(string(reply[len("TT "):]))
		if err != nil {
			b.Fatal(err)
		}
		kk := []byte(line("KK", answer(b, c, negotiate, challenge)))
		b.StartTimer()
		if r := h.Handle(b.Context(), kk); r.Outcome() != protocol.Accepted {
			b.Fatal(r.Detail())
		}
	}
}

// BenchmarkChallenge is the first of the two lines.
func BenchmarkChallenge(b *testing.B) {
	h := newHandler(b)
	yr := []byte(line("YR", alice().Negotiate()))
	b.ReportAllocs()
	for b.Loop() {
		h.Handle(b.Context(), yr)
	}
}
