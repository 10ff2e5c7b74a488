package guard

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"squidauth/protocol"
)

// BenchmarkAuthenticate is what the guard costs a login that is accepted, and one that
// is remembered as refused.
func BenchmarkAuthenticate(b *testing.B) {
	for _, folder := range []string{"", b.TempDir()} {
		for _, password := range []protocol.Secret{"right", "wrong"} {
			b.Run(fmt.Sprintf("shared=%v/%s", folder != "", string(password)), func(b *testing.B) {
				g := New(newDirectory(), Options{Remember: time.Hour, Limit: 5, Window: time.Hour, Folder: folder, Log: slog.New(slog.DiscardHandler)})
				defer g.Close()
				for b.Loop() {
					g.Authenticate(b.Context(), "bob", password)
				}
			})
		}
	}
}
