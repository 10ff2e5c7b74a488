package try

import (
	"context"
	"fmt"
	"io"
	"time"

	"squidauth/helper/printable"
	"squidauth/protocol"
)

// maxLegs bounds a handshake: no scheme has more than three round trips.
const maxLegs = 5

// result is how a login ended.
type result struct {
	outcome protocol.Outcome
	took    time.Duration
	said    string
	err     error // nobody said how
}

// run takes a login to its end and tells w of each leg; nil: nobody.
func run(ctx context.Context, p peer, l login, w io.Writer) (r result) {
	began := time.Now()
	defer func() { r.took = time.Since(began) }()
	var server []byte
	for leg := range maxLegs {
		token, err := l.next(server)
		if err != nil {
			return result{err: err}
		}
		sent := time.Now()
		a, err := p.exchange(ctx, leg == 0, token)
		if err != nil {
			return result{err: err}
		}
		if w != nil {
			fmt.Fprintf(w, "leg %d: %d bytes sent, %d received after %v: %s\n", leg+1, len(token), len(a.token), time.Since(sent).Round(10*time.Microsecond), printable.Text(a.said))
		}
		if a.outcome != protocol.Continue {
			return result{outcome: a.outcome, said: a.said}
		}
		server = a.token
	}
	return result{err: errMore}
}
