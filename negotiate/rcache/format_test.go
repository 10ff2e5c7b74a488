package rcache

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// buffer is a file in memory.
type buffer struct{ data []byte }

func (b *buffer) ReadAt(p []byte, at int64) (int, error) {
	if at >= int64(len(b.data)) {
		return 0, io.EOF
	}
	n := copy(p, b.data[at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (b *buffer) WriteAt(p []byte, at int64) (int, error) {
	if missing := at + int64(len(p)) - int64(len(b.data)); missing > 0 {
		b.data = append(b.data, make([]byte, missing)...)
	}
	return copy(b.data[at:], p), nil
}

// present is what File.Seen does with a file.
func present(f storage, tag []byte, now time.Time) (bool, error) {
	a, _ := newAges(lifetime)
	stamp, horizon, err := a.of(now)
	if err != nil {
		return true, err
	}
	t := tables{file: f}
	if err := t.readSeed(); err != nil {
		return true, err
	}
	seen, _, err := t.insert(key(tag), stamp, horizon)
	return seen || err != nil, err
}

// filled returns a file with tags 0 to n-1, presented at the start.
func filled(t testing.TB, n uint64) *buffer {
	t.Helper()
	b := new(buffer)
	b.WriteAt([]byte("a seed of 16 byt"), 0)
	for i := range n {
		if seen, err := present(b, tagOf(i), start); seen || err != nil {
			t.Fatal(i, seen, err)
		}
	}
	return b
}

// places returns where the records of tags 0 to n-1 are.
func places(t testing.TB, b *buffer, n uint64) []int {
	t.Helper()
	var at []int
	for i := range n {
		p := bytes.Index(b.data[seedLen:], tagOf(i))
		if p < 0 || p%recordLen != 0 {
			t.Fatalf("tag %d is at %d", i, p)
		}
		at = append(at, p+seedLen)
	}
	return at
}

func TestLayout(t *testing.T) {
	want := []struct{ at, records int64 }{{16, 1023}, {16384, 2048}, {49152, 4096}, {114688, 8192}}
	at, records := int64(seedLen), int64(firstRecords)
	for _, w := range want {
		if at != w.at || records != w.records {
			t.Errorf("table of %d at %d, want %v", records, at, w)
		}
		at, records = nextTable(at, records)
	}
}

func TestGrowth(t *testing.T) {
	const n = 20_000
	b := filled(t, n)
	if size := len(b.data); size > 2*1024*1024 {
		t.Errorf("%d tags take %d bytes", n, size)
	}
	for i := range uint64(n) {
		if seen, err := present(b, tagOf(i), start.Add(lifetime)); !seen || err != nil {
			t.Fatal(i, seen, err)
		}
	}
}

func TestSlotsAreUsedAgain(t *testing.T) {
	const n = 1000
	b := filled(t, n)
	size := len(b.data)
	for round := range uint64(20) { // each when all before have expired
		now := start.Add(time.Duration(round) * (lifetime + skew + time.Second))
		for i := range uint64(n) {
			if seen, err := present(b, tagOf(round*n+i), now); seen != (round == 0) || err != nil {
				t.Fatal(round, i, seen, err)
			}
		}
	}
	if len(b.data) > 8*size {
		t.Errorf("the file grew from %d to %d bytes", size, len(b.data))
	}
}

// TestRecordLife: a record lives as long as it must, also from the end of a second.
func TestRecordLife(t *testing.T) {
	now := start.Add(time.Second - 1)
	for _, life := range []time.Duration{1, time.Second, time.Second + 1, 3 * time.Second, lifetime} {
		a, err := newAges(life)
		if err != nil {
			t.Fatal(err)
		}
		stamp, _, _ := a.of(now)
		if _, horizon, _ := a.of(now.Add(life)); int64(stamp) < horizon {
			t.Errorf("%v: expired within the lifetime", life)
		}
		// MIT's library, with half the lifetime as clockskew in whole seconds.
		if at := uint32(now.Add(life).Unix()); at > stamp+uint32(a.skew) {
			t.Errorf("%v: MIT's library reuses the slot within the lifetime", life)
		}
		// A record that MIT's library wrote.
		if _, horizon, _ := a.of(now.Add(life)); now.Unix() < horizon {
			t.Errorf("%v: MIT's record expired within the lifetime", life)
		}
	}
}

func TestClockOutOfRange(t *testing.T) {
	for _, when := range []time.Time{{}, time.Unix(0, 0), time.Unix(math.MaxUint32-299, 0), time.Unix(math.MaxInt64/2, 0)} {
		if seen, err := present(new(buffer), tagOf(1), when); err == nil || !seen {
			t.Errorf("%v: %v, %v", when, seen, err)
		}
	}
	if seen, err := present(new(buffer), tagOf(1), time.Unix(math.MaxUint32-300, 0)); err != nil || seen {
		t.Error(seen, err)
	}
}

// TestCutAtEveryLength: what lies wholly in the kept part is not forgotten.
func TestCutAtEveryLength(t *testing.T) {
	const n = 600 // two tables
	full := filled(t, n)
	at := places(t, full, n)
	if len(full.data) < 17_000 {
		t.Fatal("one table only")
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	for length := len(full.data); length >= 0; length-- {
		b := &buffer{data: bytes.Clone(full.data[:length])}
		for range 8 {
			i := rnd.Uint64N(n)
			seen, err := present(b, tagOf(i), start.Add(lifetime))
			if err != nil || !seen && at[i]+recordLen <= length {
				t.Fatalf("cut at %d: tag at %d: %v, %v", length, at[i], seen, err)
			}
			if seen, err := present(b, tagOf(i), start.Add(lifetime)); !seen || err != nil {
				t.Fatalf("cut at %d: accepted twice: %v", length, err)
			}
		}
	}
}

// TestDamage: random bytes over records forget those and no others.
func TestDamage(t *testing.T) {
	const n = 3000
	full := filled(t, n)
	at := places(t, full, n)
	rnd := rand.New(rand.NewPCG(5, 6))
	for range 30 {
		b := &buffer{data: bytes.Clone(full.data)}
		for range 100 {
			p := seedLen + rnd.IntN(len(b.data)-seedLen-40)
			for i := range 1 + rnd.IntN(40) {
				b.data[p+i] = byte(1 + rnd.IntN(255))
			}
		}
		damaged := bytes.Clone(b.data)
		for i, p := range at {
			whole := bytes.Equal(damaged[p:p+recordLen], full.data[p:p+recordLen])
			seen, err := present(b, tagOf(uint64(i)), start.Add(lifetime))
			if err != nil || whole && !seen {
				t.Fatalf("tag at %d: %v, %v", p, seen, err)
			}
		}
	}
}

func TestNoRoom(t *testing.T) {
	full := &endless{}
	seen, err := present(full, tagOf(1), start)
	if !errors.Is(err, errNoRoom) || !seen {
		t.Errorf("%v, %v", seen, err)
	}
	if full.last > maxFile || full.last < 1<<30 {
		t.Errorf("read up to %d", full.last)
	}
}

// endless is a file full of others' records.
type endless struct{ last int64 }

func (e *endless) ReadAt(p []byte, at int64) (int, error) {
	e.last = at
	for i := range p {
		p[i] = 0xff
	}
	return len(p), nil
}

func (e *endless) WriteAt([]byte, int64) (int, error) { return 0, errors.New("written") }

// broken is a file whose n-th operation fails, after half of it was done.
type broken struct {
	buffer
	n int
}

var errBroken = errors.New("broken")

func (b *broken) ReadAt(p []byte, at int64) (int, error) {
	if b.n--; b.n == 0 {
		n, _ := b.buffer.ReadAt(p[:len(p)/2], at)
		return n, errBroken
	}
	return b.buffer.ReadAt(p, at)
}

func (b *broken) WriteAt(p []byte, at int64) (int, error) {
	if b.n--; b.n == 0 {
		n, _ := b.buffer.WriteAt(p[:len(p)/2], at)
		return n, errBroken
	}
	return b.buffer.WriteAt(p, at)
}

// TestFailures: whatever fails is an error, and what was accepted before or is
// accepted after is accepted once.
func TestFailures(t *testing.T) {
	for _, before := range []uint64{0, 1, 2000} {
		for n, failed := 1, true; failed; n++ {
			b := &broken{buffer: *filled(t, before), n: n}
			if before == 0 {
				b.data = nil
			}
			seen, err := present(b, tagOf(before), start)
			failed = err != nil
			if failed && (!errors.Is(err, errBroken) || !seen) || !failed && seen {
				t.Fatalf("failure %d: %v, %v", n, seen, err)
			}
			b.n = 0
			if failed {
				present(b, tagOf(before), start)
			}
			for i := range before + 1 {
				if seen, err := present(b, tagOf(i), start); !seen || err != nil {
					t.Fatalf("failure %d: tag %d: %v, %v", n, i, seen, err)
				}
			}
		}
	}
}

// TestCopyTo: what has not expired goes along, with the time it had.
func TestCopyTo(t *testing.T) {
	const n = 2000
	from, to := filled(t, n), filled(t, 0)
	present(from, tagOf(n), start.Add(skew))
	present(to, tagOf(3), start)
	a, b := tables{file: from}, tables{file: to}
	if err := errors.Join(a.readSeed(), b.readSeed()); err != nil {
		t.Fatal(err)
	}
	end, err := a.copyTo(&b, start.Unix())
	if err != nil || end != int64(len(to.data)) {
		t.Fatal(end, len(to.data), err)
	}
	for i := range uint64(n + 1) {
		if seen, err := present(to, tagOf(i), start.Add(lifetime)); !seen || err != nil {
			t.Fatal(i, seen, err)
		}
	}
	live := filled(t, 0)
	c := tables{file: live}
	c.readSeed()
	if _, err := a.copyTo(&c, start.Add(skew).Unix()+1); err != nil {
		t.Fatal(err)
	}
	p := bytes.Index(live.data, tagOf(n))
	if p < 0 || bytes.Contains(live.data, tagOf(0)) {
		t.Error("the wrong ones went along")
	} else if stamp := binary.BigEndian.Uint32(live.data[p+TagLen:]); int64(stamp) != start.Add(2*skew).Unix() {
		t.Errorf("with the time %d", stamp)
	}
}
