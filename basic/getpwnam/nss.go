package getpwnam

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"squidauth/basic"
	"squidauth/helper/command"
)

// maxAsked is how many getents run at once: each is a process for some milliseconds,
// or for as long as a server does not answer.
const maxAsked = 16

// maxName bounds a name that getent is asked for, in bytes.
const maxName = 255

// noEntry is getent's exit status when there is no such user (getent(1)). A source that
// cannot be reached looks the same.
const noEntry = 2

var (
	errHidden = errors.New("the name service switch knows the user but not the password's hash: either this helper has not the rights to read it, or the source (sssd, winbind) never tells; then 'basic pam' can ask it")
	errBusy   = errors.New("getent was busy with other users all the time: a source of the name service switch is slow")
)

// nss asks the name service switch, by way of its program.
type nss struct {
	getent string
	asked  chan struct{} // a token per getent that runs
}

func newNSS(getent string) *nss { return &nss{getent, make(chan struct{}, maxAsked)} }

// find looks a user up. Unlike a file's, an entry without a hash is no refusal: sources
// have entries for users whose password they keep to themselves.
func (n *nss) find(ctx context.Context, user string) (account, bool, *failure) {
	if !askable(user) {
		return account{}, false, nil
	}
	a, known, err := n.entry(ctx, "passwd", user, passwdLine)
	if err != nil || !known {
		return a, known, err
	}
	if a.state == hashed {
		return a, true, nil
	}
	s, known, err := n.entry(ctx, "shadow", user, shadowLine)
	switch {
	case err != nil:
		return account{}, true, err
	case !known:
		return account{}, true, &failure{basic.ServiceAccount, errHidden}
	}
	return s, true, nil
}

// entry asks for a user's line. getent takes a number for a user's number, and sources
// may take a name for that of somebody else, so the line must begin with the name.
func (n *nss) entry(ctx context.Context, database, user string, read lineReader) (account, bool, *failure) {
	select {
	case n.asked <- struct{}{}:
	case <-ctx.Done():
		return account{}, false, &failure{basic.Overloaded, errBusy}
	}
	defer func() { <-n.asked }()
	said, err := command.Run(ctx, n.getent, database, user)
	switch {
	case err != nil:
		return account{}, false, &failure{basic.Unavailable, fmt.Errorf("asking the name service switch: %w", err)}
	case said.Status == noEntry:
		return account{}, false, nil
	case said.Status != 0:
		return account{}, false, &failure{basic.Unavailable, fmt.Errorf("asking the name service switch: getent %s ended with status %d", database, said.Status)}
	}
	line, _, _ := strings.Cut(said.Output, "\n")
	if !strings.HasPrefix(line, user+":") {
		return account{}, false, nil
	}
	_, a, _, err := read(line)
	if err != nil {
		return account{}, false, &failure{basic.Unavailable, fmt.Errorf("the name service switch has an odd entry for the user: %w", err)}
	}
	return a, true, nil
}

// askable says whether there can be such a user, and getent would take the name for
// one: not for an option, and not for something else than a name.
func askable(user string) bool {
	return user != "" && len(user) <= maxName && user[0] != '-' && user[0] != '+' && !strings.ContainsFunc(user, func(r rune) bool {
		return r == ':' || unicode.IsControl(r)
	})
}
