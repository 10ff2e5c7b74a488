package child

import "time"

// The pauses between the starts of a program that fails again and again. The first
// start follows at once, as one failure may have had a cause of its own; the longest
// pause is short, as it may be one client whose requests the program does not survive.
const (
	firstPause = 250 * time.Millisecond
	mostPause  = 5 * time.Second
)

// backoff says when a program that failed may be started again.
type backoff struct {
	now      func() time.Time
	failures int // since it last was of use
	until    time.Time
}

func (b *backoff) failed() {
	b.failures++
	b.until = b.now().Add(pause(b.failures))
}

func (b *backoff) worked() { b.failures, b.until = 0, time.Time{} }

// left returns how long the program must not be started yet. A clock that was set
// back does not make that longer than any pause is.
func (b *backoff) left() time.Duration {
	return min(max(b.until.Sub(b.now()), 0), mostPause)
}

// pause is 0 after the first failure, then doubles.
func pause(failures int) time.Duration {
	if failures <= 1 {
		return 0
	}
	return min(firstPause<<min(failures-2, 10), mostPause)
}
