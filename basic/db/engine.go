//go:build !nodb

package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"io/fs"
	"strings"
)

// An engine is one database, of some kind.
type engine interface {
	// Connect implements driver.Connector; ctx bounds all of it.
	driver.Connector

	dialect() dialect

	// prepares reports whether a statement is to be prepared by who uses it; or
	// else the driver does so by itself.
	prepares() bool

	// queryContext returns the context for one query.
	queryContext(context.Context) context.Context

	// file returns what tells one SQLite file from the next under its name, and why
	// it cannot be read. Of servers it returns nothing.
	file() (fs.FileInfo, error)

	// fault says whose fault an error is.
	fault(err error) fault

	// words is what an error says, for the operator.
	words(err error) string

	// String says where the database is, for the operator.
	String() string
}

// A fault says what an error of a database means.
type fault int

const (
	faultServer  fault = iota // it is gone, or says what we do not understand
	faultStale                // a connection or statement of old no longer works
	faultQuery                // it does not take the query: a table or column is not there, or not for us
	faultAccount              // it does not let us in
	faultBusy                 // somebody writes into the file of SQLite
	faultName                 // the user's name is none that the column can hold
)

// errConnect wraps why there is no connection, so that it is not tried twice.
type errConnect struct{ cause error }

func (e errConnect) Error() string { return e.cause.Error() }
func (e errConnect) Unwrap() error { return e.cause }

// isConnect reports whether there was no connection.
func isConnect(err error) bool { return errors.As(err, new(errConnect)) }

// errPassword wraps why the helper's own password is not there.
type errPassword struct{ cause error }

func (e errPassword) Error() string { return e.cause.Error() }

// oneLine makes a text fit for a log line.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
