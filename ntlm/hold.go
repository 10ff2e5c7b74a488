package ntlm

import (
	"context"
	"time"
)

// A Readier is a Verifier that knows whether it could verify a logon just now.
// Ready returns nil if it could and otherwise why not, at once or when that has
// changed, and in any case when ctx is done.
type Readier interface {
	Ready(ctx context.Context) error
}

// holdPause is how often a Readier is asked that answers at once.
const holdPause = 200 * time.Millisecond

// hold waits until the verifier is ready. The error says why it is not.
func hold(ctx context.Context, v Verifier) error {
	r, ok := v.(Readier)
	if !ok {
		return nil
	}
	for {
		err := r.Ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(holdPause):
		}
	}
}
