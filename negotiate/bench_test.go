package negotiate_test

import (
	"fmt"
	"testing"

	"squidauth/negotiate/kerberos/krbtest"
	"squidauth/negotiate/pac/pactest"
	"squidauth/negotiate/rcache"
	"squidauth/negotiate/spnego"
	"squidauth/protocol"
)

// BenchmarkHandshake is what a helper does for one request, from the line to the
// reply: a user in 200 groups, with a ticket that is new or remembered.
func BenchmarkHandshake(b *testing.B) {
	for _, enctype := range krbtest.Enctypes() {
		for _, ticket := range []string{"new", "remembered"} {
			b.Run(fmt.Sprintf("%d/%s", enctype, ticket), func(b *testing.B) {
				h, l := newHandler(b), login(enctype)
				l.Ticket.AuthData = krbtest.WithPAC(pactest.Build(specOf(l.Ticket, 200)))
				if ticket == "remembered" {
					sealed := l.Ticket.Seal()
					l.Sealed = &sealed
				}
				// More than are remembered.
				lines := make([][]byte, 512)
				for i := range lines {
					lines[i] = []byte(line("YR", l.Init(spnego.KRB5)))
				}
				h.Kerberos.Replay = rcache.None{}
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					r := h.Handle(b.Context(), lines[i%len(lines)])
					if r.Outcome() != protocol.Accepted {
						b.Fatal(r.Detail())
					}
					protocol.AppendReply(nil, r, protocol.Negotiate, protocol.Modern)
				}
			})
		}
	}
}
