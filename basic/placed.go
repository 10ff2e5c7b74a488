package basic

import "context"

// Placed is a Backend whose answers depend on more than the user and the password, such
// as on the client's address. Place returns what else of the request that ctx belongs to.
type Placed interface {
	Backend
	Place(ctx context.Context) string
}

// Place returns that of a Backend; empty if there is none.
func Place(ctx context.Context, b Backend) string {
	if p, ok := b.(Placed); ok {
		return p.Place(ctx)
	}
	return ""
}
