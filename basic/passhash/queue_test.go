package passhash

import (
	"context"
	"crypto/sha256"
	"fmt"
	"testing"
)

func parsed(t *testing.T, stored string) Hash {
	t.Helper()
	h, err := Parse(stored)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestQueue(t *testing.T) {
	q := NewQueue()
	h := parsed(t, "5ebe2294ecd0e0f08eab7690d2a6ee69") // secret
	for password, want := range map[string]bool{"secret": true, "guess": false} {
		if got, err := q.Verify(t.Context(), h, []byte(password)); got != want || err != nil {
			t.Errorf("%s: %v, %v", password, got, err)
		}
	}
	if len(q.tokens) > 0 {
		t.Error("a token was kept")
	}
}

// TestQueueFull: whoever has no turn in time is told so, right password or not.
func TestQueueFull(t *testing.T) {
	q := NewQueue()
	h := parsed(t, "5ebe2294ecd0e0f08eab7690d2a6ee69")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 { // a free token and a context that is done are both ready
		if match, err := q.Verify(ctx, h, []byte("secret")); match || err != ErrOverloaded {
			t.Fatalf("%v, %v", match, err)
		}
	}
	for range cap(q.tokens) {
		q.tokens <- struct{}{}
	}
	if match, err := q.Verify(ctx, h, []byte("secret")); match || err != ErrOverloaded {
		t.Errorf("%v, %v", match, err)
	}
}

func TestDecoy(t *testing.T) {
	if Decoy(nil, [sha256.Size]byte{}, "bob").Verify(nil) {
		t.Error("a decoy of nothing lets in")
	}
	var hashes []Hash
	for i := range 50 {
		hashes = append(hashes, parsed(t, fmt.Sprintf("%032x", i)))
	}
	key, other := sha256.Sum256([]byte("a file")), sha256.Sum256([]byte("another"))
	seen, moved := map[Hash]bool{}, 0
	for i := range 500 {
		user := fmt.Sprint("nobody", i)
		d := Decoy(hashes, key, user)
		if d != Decoy(hashes, key, user) {
			t.Fatal("another decoy the second time")
		}
		if d != Decoy(hashes, other, user) {
			moved++
		}
		seen[d] = true
	}
	if len(seen) < 45 || moved < 450 {
		t.Errorf("%d of 50 hashes serve as decoys; another key moves %d of 500", len(seen), moved)
	}
}

func TestIsCrypt(t *testing.T) {
	for stored, want := range map[string]bool{
		"ab4dOxiiWAuPc":                                                             true,
		"$1$benchsl5$DHqfpyddLIm36a2dnt4I5/":                                        true,
		"$apr1$bnch5$Xr/ElQpWQezSIxfR3ckC/1":                                        false,
		"5ebe2294ecd0e0f08eab7690d2a6ee69":                                          false,
		"{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=":                                         false,
		"$2y$05$pC/1dJMQhGOoWi3iGK9a8Oo2Bf4Fh5rEpnA9ySMFOGv4xaSnJmUvW":              true,
		"$y$j9T$In.n1uNajSrQKvrLC9yka1$Z2MWoGuZx8Q913difjkyBKfpPust6Uy8qkwgzGM0aM0": true,
	} {
		if got := parsed(t, stored).IsCrypt(); got != want {
			t.Errorf("%s: %v", stored, got)
		}
	}
	if (Hash{}).IsCrypt() {
		t.Error("the zero Hash is of crypt(3)")
	}
}
