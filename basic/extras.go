package basic

import "context"

// extrasKey is that of the extras in a context.
type extrasKey struct{}

// withExtras keeps the key_extras words of a request for the Backend.
func withExtras(ctx context.Context, extras string) context.Context {
	if extras == "" {
		return ctx
	}
	return context.WithValue(ctx, extrasKey{}, extras)
}

// Extras returns the key_extras words of the request that ctx belongs to, as received,
// with blanks between them.
func Extras(ctx context.Context) string {
	extras, _ := ctx.Value(extrasKey{}).(string)
	return extras
}
