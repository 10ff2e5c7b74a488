package basic

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"squidauth/helper/doctor"
	"squidauth/protocol"
)

// Texts for the client. They never tell whether a user exists.
const (
	textRefused     = "Wrong user name or password"
	textIncomplete  = "User name or password is missing"
	textUnavailable = "The login service is not available. Please try again later."
)

// Handler answers the request lines of the Basic scheme. Its fields are set
// before it is used; it may be used from several goroutines.
type Handler struct {
	Backend Backend
	Name    string // of the backend, in the audit log

	// KeyExtras is the number of words that squid.conf's key_extras adds.
	KeyExtras int

	// PlainMessages tells the client what the backend says, as the program it
	// replaces does: for instance that there is no such user.
	PlainMessages bool
}

var errOneWord = errors.New("the request is a single word, which Squid never sends: with --concurrency, does squid.conf say concurrency=?")

var errRawBlank = errors.New("the password field holds a blank: if squid.conf has key_extras, this helper needs --key-extras with their number")

// Handle implements helper.Handler.
func (h *Handler) Handle(ctx context.Context, line []byte) protocol.Reply {
	q, err := protocol.ParseBasic(line, h.KeyExtras)
	if err != nil {
		return h.reply(q, Undecided(KeyExtras, err))
	}
	switch {
	case q.OneWord:
		return h.incomplete(q, OneWord)
	case q.User == "":
		return h.incomplete(q, MissingUser)
	case q.Password == "":
		return h.incomplete(q, MissingPassword)
	}
	return h.reply(q, h.Backend.Authenticate(withExtras(ctx, q.Extras), q.User, q.Password))
}

// Reload passes on to the Backend, if that can reload.
func (h *Handler) Reload(ctx context.Context) error { return Reload(ctx, h.Backend) }

// Examine implements doctor.Examiner: the Backend is examined.
func (h *Handler) Examine(ctx context.Context, r *doctor.Report) { Examine(ctx, r, h.Backend) }

// Close closes the Backend, if there is something to close.
func (h *Handler) Close() error { return Close(h.Backend) }

// reply is the one place where a verdict becomes a reply. A wrong password is
// never BH, since Squid would ask again; a dead server is never ERR.
func (h *Handler) reply(q protocol.BasicRequest, v Verdict) protocol.Reply {
	detail := protocol.Detail{User: q.User, Backend: cmp.Or(v.by, h.Name), Reason: string(v.reason), Extras: q.Extras, Cause: v.cause}
	switch v.outcome {
	case protocol.Accepted:
		return protocol.Accept(v.identity, nil, v.pairs...).With(detail)
	case protocol.Denied:
		if isNumber(q.User) { // or it is a channel-ID, and the extras begin with the password
			detail.Extras = ""
		}
		if q.RawBlank {
			detail.Cause = errRawBlank
		}
		return protocol.Deny(h.text(textRefused, v.text)).With(detail)
	}
	return protocol.Broken(textUnavailable).With(detail)
}

func (h *Handler) incomplete(q protocol.BasicRequest, reason Reason) protocol.Reply {
	detail := protocol.Detail{User: q.User, Backend: h.Name, Reason: string(reason), Extras: q.Extras}
	if q.OneWord {
		detail.Cause = errOneWord
	}
	return protocol.Deny(h.text(textIncomplete, "")).With(detail)
}

func (h *Handler) text(neutral, plain string) string {
	if h.PlainMessages {
		return plain
	}
	return neutral
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
