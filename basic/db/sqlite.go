//go:build !nodb

package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteCache is the page cache of a connection in KiB.
const sqliteCache = 256

// sqliteEngine is a file of SQLite.
type sqliteEngine struct {
	driver.Connector
	path string
}

func newSQLite(s source) (*sqliteEngine, error) {
	path, err := filepath.Abs(s.database)
	if err != nil {
		return nil, err
	}
	c, err := sqlite.NewConnector(sqliteURI(path))
	if err != nil {
		return nil, err
	}
	return &sqliteEngine{c, path}, nil
}

// sqliteURI opens a file for reading. It is opened for writing too, where that is
// permitted, or else the journal that a crashed writer left behind could not be undone;
// but no statement may write, and no file is made.
func sqliteURI(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") { // a drive of Windows
		path = "/" + path
	}
	u := url.URL{Scheme: "file", Path: path}
	return fmt.Sprintf("file://%s?mode=rw&_query_only=1&_pragma=cache_size(-%d)", u.EscapedPath(), sqliteCache)
}

// Connect implements driver.Connector.
func (e *sqliteEngine) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := e.Connector.Connect(ctx)
	if err != nil {
		return nil, errConnect{err}
	}
	return c, nil
}

func (e *sqliteEngine) dialect() dialect { return dialect{quote: '`', placeholder: "?"} }

func (e *sqliteEngine) prepares() bool { return true }

// queryContext is without an end. A query takes no time to speak of, unless a writer
// holds the lock, which SQLite says at once; to watch over the context would cost the
// driver more than the query.
func (e *sqliteEngine) queryContext(ctx context.Context) context.Context {
	return context.WithoutCancel(ctx)
}

// file tells a file from one that is put in its place: an open connection would go on
// reading the old one, users who are gone included.
func (e *sqliteEngine) file() (fs.FileInfo, error) {
	info, err := os.Stat(e.path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "open", Path: e.path, Err: errors.New("it is not a regular file")}
	}
	return info, nil
}

// fault goes by SQLite's primary result codes.
func (e *sqliteEngine) fault(err error) fault {
	var coded *sqlite.Error
	if !errors.As(err, &coded) {
		return faultServer
	}
	switch coded.Code() & 0xff {
	case sqlite3.SQLITE_ERROR:
		return faultQuery
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return faultBusy
	}
	return faultServer
}

func (e *sqliteEngine) words(err error) string { return err.Error() }

func (e *sqliteEngine) String() string { return "SQLite's file " + e.path }
