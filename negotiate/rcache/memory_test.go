package rcache

import (
	"testing"
	"time"
)

func newMemory(t testing.TB, limit int) *Memory {
	t.Helper()
	m, err := NewMemory(lifetime, limit)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMemoryModel(t *testing.T) { checkModel(t, newMemory(t, 1<<20), 100_000) }

func TestMemoryLifetime(t *testing.T) {
	m := newMemory(t, 10)
	mustSee(t, m, tagOf(0), start, false)
	for n := uint64(1); n <= 4; n++ { // at the very end of a generation and of the lifetime
		at := start.Add(time.Duration(n) * lifetime)
		mustSee(t, m, tagOf(n), at, false)
		mustSee(t, m, tagOf(n-1), at, true)
	}
	mustSee(t, m, tagOf(1), start.Add(7*lifetime), false)
	if n := len(m.young) + len(m.old); n != 1 {
		t.Errorf("%d entries are left", n)
	}
}

func TestMemoryFull(t *testing.T) {
	m := newMemory(t, 3)
	for n := range uint64(3) {
		mustSee(t, m, tagOf(n), start, false)
	}
	mustFail(t, m, tagOf(3), start.Add(lifetime))
	for n := range uint64(3) { // nobody was pushed out
		mustSee(t, m, tagOf(n), start.Add(lifetime), true)
	}
	mustSee(t, m, tagOf(3), start.Add(2*lifetime+1), false)
}

// TestMemoryWrongDate: what came in at a date far ahead is still known after the
// clock was put right, and does not fill the cache for ever.
func TestMemoryWrongDate(t *testing.T) {
	m := newMemory(t, 2)
	mustSee(t, m, tagOf(0), start.AddDate(4, 0, 0), false)
	mustSee(t, m, tagOf(0), start, true)
	mustSee(t, m, tagOf(1), start, false)
	mustFail(t, m, tagOf(2), start)
	mustSee(t, m, tagOf(2), start.Add(2*lifetime+1), false)
}

func TestBadArguments(t *testing.T) {
	if _, err := NewMemory(lifetime, 0); err == nil {
		t.Error("a cache of no entries")
	}
	for _, bad := range []time.Duration{0, -1, maxLifetime + 1} {
		if _, err := NewMemory(bad, 1); err == nil {
			t.Errorf("a lifetime of %v", bad)
		}
		if _, err := newAges(bad); err == nil {
			t.Errorf("a lifetime of %v", bad)
		}
	}
	for _, n := range []int{0, 11, 13} {
		mustFail(t, newMemory(t, 1), make([]byte, n), start)
	}
}

func TestTag(t *testing.T) {
	cipher := []byte("0123456789abcdefghijklmnopqrstuv")
	for _, c := range []struct {
		length int
		want   string
	}{
		{12, "klmnopqrstuv"}, // AES, SHA-1
		{16, "ghijklmnopqr"}, // AES-128, SHA-256; RC4
		{24, "89abcdefghij"}, // AES-256, SHA-384
		{4, "stuv\x00\x00\x00\x00\x00\x00\x00\x00"},
		{32, "0123456789ab"},
		{33, ""}, {0, ""}, {-1, ""},
	} {
		if got := Tag(cipher, c.length); string(got) != c.want {
			t.Errorf("%d: %q, want %q", c.length, got, c.want)
		}
	}
}

func TestNone(t *testing.T) {
	mustSee(t, None{}, tagOf(1), start, false)
	mustSee(t, None{}, tagOf(1), start, false)
}
