package netlogon

import (
	"context"
	"errors"
	"net"
	"time"
)

// firstTry is how long a connection may take before another attempt is made; each
// further one has twice as long.
const firstTry = 200 * time.Millisecond

// dial connects to a controller. It tries again sooner than TCP does: where many
// processes connect at once, the first packet of some is dropped.
func (b *builder) dial(ctx context.Context, address string) (net.Conn, error) {
	for patience := firstTry; ; patience *= 2 {
		attempt, cancel := context.WithTimeout(ctx, patience)
		c, err := b.config.Dial(attempt, "tcp", address)
		cancel()
		if err == nil || !isTimeout(err) || ctx.Err() != nil {
			return c, err
		}
	}
}

// isTimeout reports that the time of an attempt was up, by the clock of the context
// or of the connection.
func isTimeout(err error) bool {
	var netError net.Error // which the context's is, too
	return errors.As(err, &netError) && netError.Timeout()
}
