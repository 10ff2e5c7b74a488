//go:build !nodb

package db

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// idleTime is how long a connection is kept that nobody uses.
	idleTime = 5 * time.Minute
	// lifeTime is how long any is kept, so that one day they go where the server's
	// name says now.
	lifeTime = time.Hour
	// busyWait is how often a file of SQLite is tried that somebody writes into.
	busyWait = 10 * time.Millisecond
	// farewell is how long closing may take at the end.
	farewell = time.Second
)

var errSlots = errors.New("no connection was free in time")

// A finder looks up what is stored for a user. It may be used from several goroutines.
type finder struct {
	engine engine
	query  string
	slots  chan struct{} // a token per lookup that is under way

	mu      sync.Mutex // held to replace current
	current atomic.Pointer[generation]
}

func newFinder(e engine, query string, connections int) *finder {
	return &finder{engine: e, query: query, slots: make(chan struct{}, connections)}
}

// A generation is the connections since the last that failed.
type generation struct {
	db        *sql.DB
	file      fs.FileInfo // of SQLite
	statement atomic.Pointer[sql.Stmt]
}

// find returns the stored passwords of a user; of more than two, two. A query that
// fails on a connection of old is tried once again on a new one.
func (f *finder) find(ctx context.Context, user string) ([]sql.NullString, error) {
	select {
	case f.slots <- struct{}{}:
		defer func() { <-f.slots }()
	case <-ctx.Done():
		return nil, errSlots
	}
	for retried := false; ; {
		g, err := f.generation()
		if err != nil {
			return nil, err
		}
		found, err := g.find(ctx, f, user)
		if err == nil || ctx.Err() != nil {
			return found, err
		}
		switch fault := f.engine.fault(err); {
		case fault == faultBusy:
			wait(ctx)
		case fault != faultServer && fault != faultStale, isConnect(err):
			return nil, err
		case retried:
			f.retire(g)
			return nil, err
		default:
			f.retire(g)
			retried = true
		}
	}
}

// wait lets a writer finish.
func wait(ctx context.Context) {
	t := time.NewTimer(busyWait)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// generation returns the connections of today.
func (f *finder) generation() (*generation, error) {
	file, err := f.engine.file()
	if err != nil {
		return nil, err
	}
	if g := f.current.Load(); g.serves(file) {
		return g, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	old := f.current.Load()
	if old.serves(file) {
		return old, nil
	}
	g := &generation{db: sql.OpenDB(f.engine), file: file}
	g.db.SetMaxOpenConns(cap(f.slots))
	g.db.SetMaxIdleConns(cap(f.slots))
	g.db.SetConnMaxIdleTime(idleTime)
	g.db.SetConnMaxLifetime(lifeTime)
	f.current.Store(g)
	old.close()
	return g, nil
}

// serves reports whether g has connections to that file, or to a server.
func (g *generation) serves(file fs.FileInfo) bool {
	return g != nil && (file == nil || os.SameFile(file, g.file))
}

// retire puts g out of use. Lookups that are under way end with it.
func (f *finder) retire(g *generation) {
	if f.current.CompareAndSwap(g, nil) {
		g.close()
	}
}

// renew has the next lookup make new connections.
func (f *finder) renew() {
	if g := f.current.Load(); g != nil {
		f.retire(g)
	}
}

// close closes all connections, if that does not take long: a server that hangs does
// not answer a goodbye.
func (f *finder) close() error {
	g := f.current.Swap(nil)
	if g == nil {
		return nil
	}
	closed := make(chan error, 1)
	go func() { closed <- g.db.Close() }()
	select {
	case err := <-closed:
		return err
	case <-time.After(farewell):
		return nil
	}
}

// close closes the connections that are idle now, and the others when they are idle.
// It does not wait: saying goodbye to a server may take long.
func (g *generation) close() {
	if g != nil {
		go g.db.Close()
	}
}

func (g *generation) find(ctx context.Context, f *finder, user string) ([]sql.NullString, error) {
	rows, err := g.ask(f.engine.queryContext(ctx), f, user)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []sql.NullString
	for len(found) < 2 && rows.Next() {
		var stored sql.NullString
		if err := rows.Scan(&stored); err != nil {
			return nil, err
		}
		found = append(found, stored)
	}
	return found, rows.Err()
}

func (g *generation) ask(ctx context.Context, f *finder, user string) (*sql.Rows, error) {
	if !f.engine.prepares() {
		return g.db.QueryContext(ctx, f.query, user)
	}
	s := g.statement.Load()
	if s == nil {
		var err error
		if s, err = g.db.PrepareContext(ctx, f.query); err != nil {
			return nil, err
		}
		if !g.statement.CompareAndSwap(nil, s) { // somebody was faster
			defer s.Close()
		}
	}
	return s.QueryContext(ctx, user)
}
