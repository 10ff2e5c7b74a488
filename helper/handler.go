// Package helper runs a Handler as a Squid helper: it reads request lines, sees
// to it that each gets exactly one reply, and logs what was decided. What the
// four programs share lives here.
//
// The way of a line: Serve reads it, cuts the channel-ID, and lets the Handler
// answer under a deadline; the reply is encoded in the program's scheme and
// dialect and written with one write. Nothing else is ever written to Squid.
package helper

import (
	"context"

	"squidauth/protocol"
)

// A Handler answers one request line: the line without channel-ID and newline.
// It returns when ctx is done, with a Broken reply if it could not tell by then.
// Serve calls it from several goroutines only when Options.Concurrency is over 1;
// the line belongs to the Handler.
type Handler interface {
	Handle(ctx context.Context, line []byte) protocol.Reply
}

// A Reloader is a Handler that can read its files again. Reload may run at the
// same time as Handle. On an error the old content stays in force.
type Reloader interface {
	Reload(ctx context.Context) error
}
