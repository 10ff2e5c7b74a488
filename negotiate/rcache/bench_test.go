//go:build unix

package rcache

import (
	"fmt"
	"os"
	"testing"
)

// BenchmarkSeen presents new tags to caches that hold some already.
func BenchmarkSeen(b *testing.B) {
	for _, held := range []uint64{0, 10_000, 100_000} {
		b.Run(fmt.Sprintf("file/%d", held), func(b *testing.B) {
			path := newPath(b)
			if err := os.WriteFile(path, filled(b, held).data, 0o600); err != nil {
				b.Fatal(err)
			}
			benchmark(b, open(b, path), held)
		})
	}
	b.Run("memory", func(b *testing.B) { benchmark(b, newMemory(b, 1<<30), 0) })
}

func benchmark(b *testing.B, c Cache, next uint64) {
	tag := make([]byte, TagLen)
	b.ReportAllocs()
	for b.Loop() {
		copy(tag, tagOf(next))
		next++
		if seen, err := c.Seen(tag, start); seen || err != nil {
			b.Fatal(seen, err)
		}
	}
}
