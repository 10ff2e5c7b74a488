// Package nis checks passwords against the hashes in a map of NIS (YP), which the
// program ypmatch looks up. It takes the place of Squid's basic_nis_auth.
package nis

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync/atomic"
	"unicode"

	"squidauth/basic"
	"squidauth/basic/passhash"
	"squidauth/helper/command"
	"squidauth/protocol"
)

// Texts of basic_nis_auth.
const (
	textNoSuchUser    = "No such user"
	textWrongPassword = "Wrong password"
)

// maxAsked is how many ypmatches run at once: each is a process for some milliseconds,
// or for as long as NIS does not answer.
const maxAsked = 16

// maxKey bounds a name in bytes; longer keys are not of NIS (YPMAXRECORD is 1024, for a
// whole line).
const maxKey = 255

// noSuchKey is what ypmatch says last when the map has no such user. The versions agree
// on no more than these words; the exit status is 0 or 1, as for other faults.
const noSuchKey = "no such key in map"

var (
	errBusy   = errors.New("ypmatch was busy with other users all the time: the NIS server is slow")
	errNotSet = errors.New("install it (Debian: yp-tools) and bind this machine to a NIS server")
	errNoHash = errors.New("the map has no password hashes for this helper to see: name the one that has, or let the NIS server tell them to this machine")
	errLine   = errors.New("ypmatch says something that is no line of a passwd map")
)

// Config says what to ask. Program is for tests; empty means ypmatch, of the PATH.
type Config struct {
	Domain, Map string
	Program     string
}

// Backend asks NIS. It may be used from several goroutines.
type Backend struct {
	c     Config
	asked chan struct{} // a token per ypmatch that runs
	queue *passhash.Queue
	last  atomic.Pointer[passhash.Hash] // of a user that there was: the decoy for others
}

var _ basic.Backend = (*Backend)(nil)

// New returns the Backend of a map.
func New(c Config) *Backend {
	if c.Program == "" {
		c.Program = "ypmatch"
	}
	return &Backend{c: c, asked: make(chan struct{}, maxAsked), queue: passhash.NewQueue()}
}

// Authenticate implements basic.Backend.
func (b *Backend) Authenticate(ctx context.Context, user string, password protocol.Secret) basic.Verdict {
	field, known, f := b.find(ctx, user)
	if f != nil {
		return basic.Undecided(f.reason, f.cause)
	}
	h, err := parse(field)
	switch {
	case known && errors.Is(err, errNoHash):
		return basic.Undecided(basic.ServiceAccount, errNoHash)
	case known && err == nil:
		b.last.Store(&h)
	default:
		if last := b.last.Load(); last != nil {
			h = *last
		}
	}
	match, overloaded := b.queue.Verify(ctx, h, []byte(password))
	switch {
	case overloaded != nil:
		return basic.Undecided(basic.Overloaded, overloaded)
	case !known:
		return basic.No(basic.NoSuchUser, textNoSuchUser)
	case err != nil:
		return basic.No(basic.UnusableHash, textWrongPassword)
	case !match:
		return basic.No(basic.WrongPassword, textWrongPassword)
	}
	return basic.Yes(protocol.Identity{User: user})
}

// parse reads a password field. "x", or "##" and a name, stand for a hash elsewhere.
func parse(field string) (passhash.Hash, error) {
	if field == "x" || strings.HasPrefix(field, "##") {
		return passhash.Hash{}, errNoHash
	}
	h, err := passhash.Parse(field)
	if err == nil && !h.IsCrypt() {
		return passhash.Hash{}, errors.New("not of crypt(3)")
	}
	return h, err
}

// failure is why nobody knows whether there is such a user.
type failure struct {
	reason basic.Reason
	cause  error
}

// find returns the second field of a user's line up to a comma, behind which is what
// very old systems knew of a password's age.
func (b *Backend) find(ctx context.Context, user string) (field string, known bool, f *failure) {
	if !askable(user) {
		return "", false, nil
	}
	select {
	case b.asked <- struct{}{}:
	case <-ctx.Done():
		return "", false, &failure{basic.Overloaded, errBusy}
	}
	said, err := command.Run(ctx, b.c.Program, "-t", "-d", b.c.Domain, user, b.c.Map)
	<-b.asked
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "", false, &failure{basic.Unavailable, fmt.Errorf("%w: %w", err, errNotSet)}
	case err != nil:
		return "", false, &failure{basic.Unavailable, fmt.Errorf("asking NIS domain %s: %w", b.c.Domain, err)}
	case said.Output != "" && said.Status == 0:
		return secondField(said.Output, user)
	case unknown(said.Complaint):
		return "", false, nil
	}
	return "", false, &failure{basic.Unavailable, fmt.Errorf("asking NIS domain %s, map %s: ypmatch says %q: is ypbind running, and the server?", b.c.Domain, b.c.Map, without(said.Complaint, user))}
}

// secondField reads a line of a passwd map. A map with other keys than names has lines
// of users under the names of others.
func secondField(output, user string) (string, bool, *failure) {
	line, _, _ := strings.Cut(output, "\n")
	name, rest, found := strings.Cut(line, ":")
	switch {
	case !found:
		return "", false, &failure{basic.Unavailable, errLine}
	case name != user:
		return "", false, nil
	}
	field, _, _ := strings.Cut(rest, ":")
	field, _, _ = strings.Cut(field, ",")
	return field, true, nil
}

// unknown says whether a complaint means that there is no such user. It quotes the name
// further in front, so that only its end counts.
func unknown(complaint string) bool {
	text := strings.ToLower(strings.TrimRight(complaint, ".\n"))
	return strings.HasSuffix(text, noSuchKey)
}

// without returns the last line of a complaint, with no name in it that a client chose.
func without(complaint, user string) string {
	lines := strings.Split(strings.TrimSpace(complaint), "\n")
	return strings.ReplaceAll(lines[len(lines)-1], user, "…")
}

// askable says whether a name can be a key, and ypmatch would take it for one.
func askable(user string) bool {
	return user != "" && len(user) <= maxKey && user[0] != '-' && !strings.ContainsFunc(user, func(r rune) bool {
		return r == ':' || unicode.IsControl(r)
	})
}
