package windows

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"strings"

	"squidauth/helper/watch"
)

// UserList is a file of users, one a line, in upper or lower case, as msnt_auth has
// them. It is read again when it changes. It may be used from several goroutines; nil is
// an empty list.
type UserList struct{ file *watch.File[users] }

// users is the content of a list.
type users struct {
	names map[string]bool // in lower case
	key   [sha256.Size]byte
}

var errEmptied = errors.New("is empty now, and was not before: if that is meant, start the helper again")

// OpenUserList returns the list at path. It never fails: a file that cannot be read is
// logged, and nobody is let in until it can.
func OpenUserList(path string, log *slog.Logger) *UserList {
	wasFull := false // watch reads one at a time
	return &UserList{watch.Open(watch.Config[users]{
		Path: path, Kind: "list of users", Make: "write users into it, one a line",
		Parse: func(content []byte) (*users, error) {
			list := users{names: map[string]bool{}, key: sha256.Sum256(content)}
			for line := range bytes.Lines(content) {
				if user := strings.TrimSpace(string(line)); user != "" {
					list.names[strings.ToLower(user)] = true
				}
			}
			if len(list.names) == 0 && wasFull {
				return nil, errEmptied // somebody is writing it, and an empty list admits everybody
			}
			wasFull = len(list.names) > 0
			return &list, nil
		},
		Log: log,
	})}
}

func (l *UserList) reload(ctx context.Context) error {
	if l == nil {
		return nil
	}
	return l.file.Reload(ctx)
}

func (l *UserList) current(ctx context.Context) (users, error) {
	if l == nil {
		return users{}, nil
	}
	list, err := l.file.Current(ctx)
	if list == nil {
		return users{}, err
	}
	return *list, nil
}

// version is another when the content of the file is.
func (l *UserList) version(ctx context.Context) string {
	list, _ := l.current(ctx)
	return string(list.key[:])
}

func (l *UserList) isEmpty(ctx context.Context) (bool, error) {
	list, err := l.current(ctx)
	return len(list.names) == 0, err
}

// has reports whether the user is listed, with or without the domain.
func (l *UserList) has(ctx context.Context, n name) (bool, error) {
	list, err := l.current(ctx)
	user := strings.ToLower(n.user)
	return list.names[user] || list.names[strings.ToLower(n.domain)+`\`+user], err
}
