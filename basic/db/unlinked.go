//go:build nodb

package db

import (
	"context"
	"errors"
	"fmt"

	"squidauth/basic"
	"squidauth/protocol"
)

// Linked says whether this program has the drivers of databases.
const Linked = false

var errNotLinked = errors.New("this program is built without the drivers of databases, by the tag nodb")

// Backend lets nobody in.
type Backend struct{}

var _ basic.Backend = Backend{}

// Open checks the options.
func Open(opt Options) (Backend, error) {
	if _, err := parseSource(opt.DSN); err != nil {
		return Backend{}, fmt.Errorf("--dsn: %w", err)
	}
	_, err := opt.Table.statement(dialect{quote: '"', placeholder: "?"})
	return Backend{}, err
}

// Authenticate implements basic.Backend.
func (Backend) Authenticate(context.Context, string, protocol.Secret) basic.Verdict {
	return basic.Undecided(basic.Unavailable, errNotLinked)
}
