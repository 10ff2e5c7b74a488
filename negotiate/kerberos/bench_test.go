package kerberos_test

import (
	"fmt"
	"testing"

	"squidauth/negotiate/kerberos/krbtest"
	"squidauth/negotiate/rcache"
)

// BenchmarkAccept is one login with mutual authentication: with a ticket that is
// new each time, and with one that is remembered.
func BenchmarkAccept(b *testing.B) {
	for _, enctype := range krbtest.Enctypes() {
		for _, ticket := range []string{"new", "remembered"} {
			b.Run(fmt.Sprintf("%d/%s", enctype, ticket), func(b *testing.B) {
				a, l := newAcceptor(b), krbtest.NewLogin(enctype)
				l.Options = []int{krbtest.OptionMutual}
				if ticket == "remembered" {
					sealed := l.Ticket.Seal()
					l.Sealed = &sealed
				}
				// More than the cache holds, so that none of them is remembered.
				tokens := make([][]byte, 512)
				for i := range tokens {
					tokens[i] = l.APReq()
				}
				a.Replay = rcache.None{}
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if _, err := a.Accept(b.Context(), tokens[i%len(tokens)]); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
