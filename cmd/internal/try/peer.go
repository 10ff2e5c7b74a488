package try

import (
	"context"

	"squidauth/protocol"
)

// A peer is whom a client logs in to: a helper, or a proxy. It is used by one goroutine.
type peer interface {
	// exchange sends a client's token and returns what comes back.
	exchange(ctx context.Context, first bool, token []byte) (answer, error)
	close()
}

// answer is what a peer said to a token.
type answer struct {
	outcome protocol.Outcome
	token   []byte // the server's
	said    string // in the peer's own words, without tokens
}
