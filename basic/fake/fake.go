// Package fake believes everybody, to try out a squid.conf. It takes the place of
// Squid's basic_fake_auth.
package fake

import (
	"context"

	"squidauth/basic"
	"squidauth/protocol"
)

// Backend lets in whoever names a user and any password. It may be used from several
// goroutines.
type Backend struct{}

var _ basic.Versioned = Backend{}

// Authenticate implements basic.Backend.
func (Backend) Authenticate(_ context.Context, user string, _ protocol.Secret) basic.Verdict {
	return basic.Yes(protocol.Identity{User: user})
}

// Version implements basic.Versioned: there is one.
func (Backend) Version(context.Context) string { return "" }
