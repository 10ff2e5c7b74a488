package basic

import (
	"context"
	"io"
)

// Reload has a Backend read its files again, if it can. On an error the old content
// stays in force.
func Reload(ctx context.Context, b Backend) error {
	if r, ok := b.(interface{ Reload(context.Context) error }); ok {
		return r.Reload(ctx)
	}
	return nil
}

// Close closes a Backend that has something to close. It is not used afterwards.
func Close(b Backend) error {
	if c, ok := b.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
