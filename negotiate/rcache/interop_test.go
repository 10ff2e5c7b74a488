//go:build linux

package rcache

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"
)

// need finds a program that a test cannot do without.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		missing(t, err.Error())
	}
	return path
}

// missing ends a test that lacks something: as a failure where all must be there.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// mit is MIT's library at work on a cache file. Its clockskew is the default of
// 300 seconds.
type mit struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Scanner
}

func startMIT(t *testing.T, path string) *mit {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), need(t, "python3"), "testdata/mit.py", "file2:"+path)
	cmd.Env = append(os.Environ(), "KRB5_CONFIG=/dev/null")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	m := &mit{t: t, in: in, out: bufio.NewScanner(out)}
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	if first := m.line(); first != "ready" {
		missing(t, "libkrb5: "+first)
	}
	return m
}

func (m *mit) line() string {
	if !m.out.Scan() {
		m.t.Fatal("MIT's library has gone: ", m.out.Err())
	}
	return m.out.Text()
}

// seen presents an authenticator to MIT's library.
func (m *mit) seen(enctype int, cipher []byte, now time.Time) bool {
	fmt.Fprintf(m.in, "%d %d %x\n", now.Unix(), enctype, cipher)
	answer := m.line()
	if answer != "new" && answer != "replay" {
		m.t.Fatalf("MIT's library: %s", answer)
	}
	return answer == "replay"
}

// enctypes are the encryption types and the lengths of their checksums.
var enctypes = []struct{ number, checksum int }{
	{17, 12}, {18, 12}, {19, 16}, {20, 24}, {23, 16},
}

func randomCipher(rnd *rand.Rand) []byte {
	cipher := make([]byte, 40+rnd.IntN(200))
	for i := range cipher {
		cipher[i] = byte(rnd.Uint32())
	}
	return cipher
}

// TestInteropMIT presents authenticators to MIT's library and to ours, on one
// file, in turns: what one accepted is a replay for the other.
func TestInteropMIT(t *testing.T) {
	path := newPath(t)
	theirs, ours := startMIT(t, path), open(t, path)
	rnd := rand.New(rand.NewPCG(9, 10))
	now := start
	for n := range 4000 {
		now = now.Add(time.Duration(rnd.IntN(300)) * time.Millisecond)
		e, cipher := enctypes[n%len(enctypes)], randomCipher(rnd)
		asked := []func() bool{
			func() bool { return theirs.seen(e.number, cipher, now) },
			func() bool {
				seen, err := ours.Seen(Tag(cipher, e.checksum), now)
				if err != nil {
					t.Fatal(err)
				}
				return seen
			},
		}
		first := rnd.IntN(2)
		if asked[first]() {
			t.Fatalf("%d (type %d): a false replay (ours: %d)", n, e.number, first)
		}
		if !asked[1-first]() || !asked[first]() {
			t.Fatalf("%d (type %d): a replay passed (first: %d)", n, e.number, first)
		}
	}
}

// TestInteropLifetime: MIT's library keeps our records for the whole lifetime,
// which is longer than it keeps its own; and we keep its records so long.
func TestInteropLifetime(t *testing.T) {
	const n = 1500
	path := newPath(t)
	theirs, ours := startMIT(t, path), open(t, path)
	rnd := rand.New(rand.NewPCG(11, 12))
	for i := range uint64(n) {
		mustSee(t, ours, tagOf(i), start, false)
	}
	late := start.Add(lifetime)
	for range n {
		theirs.seen(18, randomCipher(rnd), late)
	}
	for i := range uint64(n) {
		mustSee(t, ours, tagOf(i), late, true)
	}
	for i := range uint64(n) { // 12 bytes are a ciphertext, too
		mustSeeMIT(t, theirs, tagOf(n+i), late.Add(time.Second), false)
	}
	late = late.Add(lifetime + time.Second)
	for i := range uint64(n) {
		mustSee(t, ours, tagOf(2*n+i), late, false)
	}
	for i := range uint64(n) {
		mustSeeMIT(t, theirs, tagOf(n+i), late, true)
	}
}

func mustSeeMIT(t *testing.T, m *mit, tag []byte, now time.Time, want bool) {
	t.Helper()
	if seen := m.seen(18, tag, now); seen != want {
		t.Fatalf("MIT's library: seen is %v", seen)
	}
}
