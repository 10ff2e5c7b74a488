package rcache

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"
)

// skew is that of the tests; lifetime is what a caller makes of it.
const (
	skew     = 300 * time.Second
	lifetime = 2 * skew
)

// start is when the tests begin.
var start = time.Unix(1_800_000_000, 0)

// tagOf returns the n-th of many different tags.
func tagOf(n uint64) []byte {
	tag := make([]byte, TagLen)
	binary.BigEndian.PutUint64(tag, (n+1)*0x9e3779b97f4a7c15)
	binary.BigEndian.PutUint32(tag[8:], uint32(n))
	return tag
}

// mustSee presents a tag and checks the answer.
func mustSee(t testing.TB, c Cache, tag []byte, now time.Time, want bool) {
	t.Helper()
	seen, err := c.Seen(tag, now)
	if err != nil || seen != want {
		t.Fatalf("Seen(%x) = %v, %v, want %v", tag, seen, err, want)
	}
}

// mustFail presents a tag, which must give an error that refuses.
func mustFail(t testing.TB, c Cache, tag []byte, now time.Time) error {
	t.Helper()
	seen, err := c.Seen(tag, now)
	if err == nil || !seen {
		t.Fatalf("Seen(%x) = %v, %v, want an error", tag, seen, err)
	}
	return err
}

// model says what a cache may answer.
type model struct {
	accepted map[uint64]time.Time
	latest   time.Time // the latest that the clock ever said
}

// check presents tag n. What was accepted must be known for its lifetime, what
// never was must not; in between both is right.
func (m *model) check(t *testing.T, c Cache, n uint64, now time.Time) {
	t.Helper()
	if now.After(m.latest) {
		m.latest = now
	}
	seen, err := c.Seen(tagOf(n), now)
	if err != nil {
		t.Fatal(err)
	}
	when, known := m.accepted[n]
	switch {
	case seen && !known:
		t.Fatalf("tag %d is taken for a replay, and was never presented", n)
	case !seen && known && !m.latest.After(when.Add(lifetime)):
		t.Fatalf("tag %d is accepted again after %v", n, now.Sub(when))
	case !seen:
		m.accepted[n] = now
	}
}

// checkModel runs a cache through random presentations, by a clock that mostly
// goes forward.
func checkModel(t *testing.T, c Cache, rounds int) {
	rnd := rand.New(rand.NewPCG(1, 2))
	m := model{accepted: make(map[uint64]time.Time)}
	now, next := start, uint64(0)
	for range rounds {
		switch p := rnd.IntN(1000); {
		case p < 300:
			now = now.Add(time.Duration(rnd.Int64N(int64(time.Second))))
		case p < 301:
			now = now.Add(time.Duration(rnd.Int64N(int64(lifetime))))
		case p < 302:
			now = now.Add(-time.Duration(rnd.Int64N(int64(skew))))
		}
		n := next
		if rnd.IntN(2) == 0 {
			next++
		} else {
			n -= min(n, rnd.Uint64N(5000))
		}
		m.check(t, c, n, now)
	}
	for n, when := range m.accepted {
		if !m.latest.After(when.Add(lifetime)) {
			mustSee(t, c, tagOf(n), now, true)
		}
	}
}
