//go:build !nodb

package db

import (
	"context"
	"testing"
	"time"

	"squidauth/basic"
)

// BenchmarkSQLite is one login, with a deadline as every request has.
func BenchmarkSQLite(b *testing.B) {
	backend := openSQLite(b, Options{Forms: Forms{MD5: true}})
	b.ReportAllocs()
	for b.Loop() {
		ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
		if v := backend.Authenticate(ctx, "md5", "secret"); v.Reason() != basic.Authenticated {
			b.Fatal(v.Cause())
		}
		cancel()
	}
}
