package passhash

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// A vector is a line of the tables in testdata, which other implementations
// made.
type vector struct {
	scheme   Scheme
	password []byte
	stored   string
}

// loadVectors reads the named tables, and all of them if none is named.
func loadVectors(tb testing.TB, names ...string) []vector {
	tb.Helper()
	if len(names) == 0 {
		var err error
		if names, err = filepath.Glob("testdata/*.txt"); err != nil {
			tb.Fatal(err)
		}
	}
	var vectors []vector
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "#") {
				continue
			}
			field := strings.Fields(line)
			if len(field) != 3 {
				tb.Fatalf("%s: bad line %q", name, line)
			}
			password, err := hex.DecodeString(strings.TrimPrefix(field[1], "-"))
			if err != nil {
				tb.Fatalf("%s: bad password in %q", name, line)
			}
			vectors = append(vectors, vector{Scheme(field[0]), password, field[2]})
		}
	}
	if len(vectors) == 0 {
		tb.Fatal("no vectors")
	}
	return vectors
}

// allSchemes lists every scheme of the package, once.
var allSchemes = []Scheme{DES, BSDi, MD5Crypt, APR1, SHA256Crypt, SHA512Crypt, Bcrypt, Yescrypt,
	Scrypt, SunMD5, SHA1Crypt, NT, MD5Hex, Argon2, SHA1, SSHA}

// TestVectors verifies every stored form with its password.
func TestVectors(t *testing.T) {
	seen := map[Scheme]int{}
	for _, v := range loadVectors(t) {
		h, err := Parse(v.stored)
		if err != nil {
			t.Errorf("Parse(%q): %v", v.stored, err)
			continue
		}
		if h.Scheme() != v.scheme {
			t.Errorf("%q: scheme %q, want %q", v.stored, h.Scheme(), v.scheme)
		}
		if !h.Verify(v.password) {
			t.Errorf("%q does not verify %q", v.stored, v.password)
		}
		seen[v.scheme]++
	}
	for _, scheme := range allSchemes {
		if seen[scheme] < 5 {
			t.Errorf("only %d vectors for %s", seen[scheme], scheme)
		}
	}
	if len(seen) != len(allSchemes) {
		t.Errorf("%d schemes in the tables, want %d", len(seen), len(allSchemes))
	}
}

// samples returns for each scheme the first cheap vector whose password has
// from lo to hi bytes, and the parsed form.
func samples(t *testing.T, lo, hi int) map[Scheme]vector {
	t.Helper()
	found := map[Scheme]vector{}
	for _, v := range loadVectors(t) {
		h, err := Parse(v.stored)
		if _, have := found[v.scheme]; have || err != nil || !cheap(h) {
			continue
		}
		if lo <= len(v.password) && len(v.password) <= hi {
			found[v.scheme] = v
		}
	}
	if len(found) != len(allSchemes) {
		t.Fatalf("samples for %d schemes, want %d", len(found), len(allSchemes))
	}
	return found
}

// cheap reports whether a verification takes some milliseconds at most.
func cheap(h Hash) bool {
	switch h.Scheme() {
	case Bcrypt:
		return h.log2 <= 5
	case Yescrypt, Scrypt:
		return blockMemory(uint32(h.log2), h.block)*uint64(max(h.lanes, 1)) <= 2<<20
	case Argon2:
		return uint64(h.block)*uint64(h.rounds) <= 2048
	}
	return h.rounds <= 20000
}

// TestChangedPassword changes each byte that counts, and the length.
func TestChangedPassword(t *testing.T) {
	for scheme, v := range samples(t, 8, 20) {
		h, err := Parse(v.stored)
		if err != nil {
			t.Fatal(err)
		}
		counting := len(v.password)
		if n := h.Significant(); n > 0 {
			counting = min(counting, n)
		}
		for i := range counting {
			for _, bit := range []byte{1, 0x10, 0x40} {
				wrong := append([]byte(nil), v.password...)
				wrong[i] ^= bit
				if h.Verify(wrong) {
					t.Errorf("%s: verifies with byte %d changed", scheme, i)
				}
			}
		}
		for n := range counting {
			if h.Verify(v.password[:n]) {
				t.Errorf("%s: verifies %d of %d bytes", scheme, n, len(v.password))
			}
		}
		if counting == len(v.password) && counting != h.Significant() && h.Verify(append(v.password, 'x')) {
			t.Errorf("%s: verifies with a byte more", scheme)
		}
	}
}

// TestTruncatedStored cuts each stored form everywhere.
func TestTruncatedStored(t *testing.T) {
	for scheme, v := range samples(t, 8, 20) {
		for n := range len(v.stored) {
			if h, err := Parse(v.stored[:n]); err == nil && h.Verify(v.password) {
				t.Errorf("%s: verifies with %d of %d bytes stored", scheme, n, len(v.stored))
			}
		}
	}
}

// TestChangedDigest changes each character of the digest. It holds for the
// spare bits of the last one too, since crypt(3) compares text.
func TestChangedDigest(t *testing.T) {
	for scheme, v := range samples(t, 8, 20) {
		whole, err := Parse(v.stored)
		if err != nil {
			t.Fatal(err)
		}
		start := strings.LastIndex(v.stored, whole.digest)
		for i := start; i < len(v.stored); i++ {
			for _, c := range []byte("./z!") {
				changed := v.stored[:i] + string(c) + v.stored[i+1:]
				if changed == v.stored {
					continue
				}
				if h, err := Parse(changed); err == nil && h.Verify(v.password) {
					t.Errorf("%s: verifies with stored byte %d changed to %q", scheme, i, c)
				}
			}
		}
	}
}

// TestSignificant checks that the bytes beyond those that count do not.
func TestSignificant(t *testing.T) {
	want := map[Scheme]int{DES: 8, Bcrypt: 72}
	for scheme, v := range samples(t, 200, 255) {
		h, err := Parse(v.stored)
		if err != nil {
			t.Fatal(err)
		}
		n := h.Significant()
		if n != want[scheme] {
			t.Errorf("%s: %d bytes significant, want %d", scheme, n, want[scheme])
		}
		if n > 0 && (!h.Verify(v.password[:n]) || h.Verify(v.password[:n-1])) {
			t.Errorf("%s: not %d bytes count", scheme, n)
		}
	}
}

// TestDESSevenBits checks that DES drops the eighth bit, as in libxcrypt.
func TestDESSevenBits(t *testing.T) {
	h, err := Parse("abxxB7HlIeckU") // "a"
	if err != nil {
		t.Fatal(err)
	}
	if !h.Verify([]byte("a")) || !h.Verify([]byte{'a' | 0x80}) || h.Verify([]byte{'a', 0x01}) {
		t.Error("not the low seven bits of each byte count")
	}
}

// TestZeroHash checks that a Hash nobody parsed lets nobody in.
func TestZeroHash(t *testing.T) {
	var h Hash
	for _, password := range []string{"", "a", "password", "\x00"} {
		if h.Verify([]byte(password)) {
			t.Errorf("the zero Hash verifies %q", password)
		}
	}
	if h.Verify(nil) || h.Scheme() != "" || h.Significant() != 0 {
		t.Error("the zero Hash is not nothing")
	}
	for k, m := range methods {
		empty := Hash{kind: kind(k), log2: 2, lanes: 1, rounds: 1, block: 8}
		if m.verify != nil && (empty.Verify(nil) || empty.Verify([]byte("a"))) {
			t.Errorf("a %s Hash without a digest verifies", m.scheme)
		}
	}
}

// TestCStrings checks the passwords that crypt(3) can not take: those with a
// NUL, which would be cut there or padded with it, and those too long.
func TestCStrings(t *testing.T) {
	for scheme, v := range samples(t, 8, 20) {
		h, err := Parse(v.stored)
		if err != nil {
			t.Fatal(err)
		}
		for _, tail := range []string{"\x00", "\x00" + string(v.password), "\x00x"} {
			if h.Verify(append(append([]byte(nil), v.password...), tail...)) {
				t.Errorf("%s: verifies with %q appended", scheme, tail)
			}
		}
	}
	long := strings.Repeat("a", maxPassword)
	h, err := Parse("$1$a$yVb889XkWT8EVhwmj9sEK/") // 511 times "a", by libxcrypt
	if err != nil {
		t.Fatal(err)
	}
	if !h.Verify([]byte(long)) || h.Verify([]byte(long+"a")) {
		t.Errorf("not %d bytes at most", maxPassword)
	}
}

// TestConcurrent verifies the same hashes from many goroutines, from the first
// use of the DES tables on; it is for the race detector.
func TestConcurrent(t *testing.T) {
	var wg sync.WaitGroup
	for _, v := range samples(t, 8, 20) {
		h, err := Parse(v.stored)
		if err != nil {
			t.Fatal(err)
		}
		for range 4 {
			wg.Go(func() {
				if !h.Verify(v.password) || h.Verify([]byte("wrong")) {
					t.Errorf("%s: wrong answer", v.scheme)
				}
			})
		}
	}
	wg.Wait()
}
