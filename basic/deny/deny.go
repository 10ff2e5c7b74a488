// Package deny refuses everybody: to close a proxy, or to see what users are told.
package deny

import (
	"context"

	"squidauth/basic"
	"squidauth/protocol"
)

// Backend refuses everybody. It may be used from several goroutines.
type Backend struct {
	Text string // for the client, where plain messages are wanted
}

var _ basic.Versioned = Backend{}

// Authenticate implements basic.Backend.
func (b Backend) Authenticate(context.Context, string, protocol.Secret) basic.Verdict {
	return basic.No(basic.LogonRefused, b.Text)
}

// Version implements basic.Versioned: there is one.
func (Backend) Version(context.Context) string { return "" }
