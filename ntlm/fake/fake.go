// Package fake answers requests of the NTLM scheme without verifying anything: every
// client is who it says it is. It takes the place of Squid's ntlm_fake_auth, which
// shows whether a squid.conf and a browser go together.
package fake

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"
	"unicode"

	"squidauth/ntlm"
	"squidauth/ntlm/ntlmssp"
	"squidauth/protocol"
)

// Domain is how the helper calls itself, as ntlm_fake_auth does.
const Domain = "WORKGROUP"

// Texts of ntlm_fake_auth.
const (
	textNoData    = "received KK with no data! user="
	textWrongType = "wrong packet type! user="
	textNoUser    = "invalid credentials, user="
)

const textUnavailable = "The login service is not available. Please try again later."

// Reasons in the audit log.
const (
	notVerified = "not-verified"
	malformed   = "malformed-token"
	badRequest  = "malformed-request"
)

// Handler believes everybody. Its fields are set before it is used; it may be used
// from several goroutines.
type Handler struct {
	StripDomain bool          // report user, not DOMAIN\user
	Delay       time.Duration // before each reply
	KeyExtras   int           // words that squid.conf's key_extras adds

	Now  func() time.Time
	Rand io.Reader
}

// Handle implements helper.Handler. Like the program that it replaces it takes any
// token behind YR, and KK at any time.
func (h *Handler) Handle(ctx context.Context, line []byte) protocol.Reply {
	if h.Delay > 0 {
		select {
		case <-time.After(h.Delay):
		case <-ctx.Done():
			return protocol.Broken(textUnavailable).With(protocol.Detail{Backend: "fake", Reason: "timeout", Cause: ctx.Err()})
		}
	}
	q, err := protocol.ParseHandshake(line, h.KeyExtras)
	detail := protocol.Detail{Backend: "fake", Extras: q.Extras, Cause: err}
	switch {
	case err != nil && !errors.Is(err, protocol.ErrToken):
		detail.Reason = badRequest
		return protocol.Broken(textUnavailable).With(detail)
	case q.Verb == protocol.YR:
		return h.challenge(ctx, q.Token, detail)
	case err == nil && len(q.Token) == 0:
		detail.Reason = malformed
		return protocol.Broken(textNoData).With(detail)
	}
	a, err := ntlmssp.ParseAuthenticate(q.Token)
	if err != nil {
		detail.Reason, detail.Cause = malformed, err
		return protocol.Broken(textWrongType).With(detail)
	}
	return h.believe(&a, detail)
}

func (h *Handler) challenge(ctx context.Context, token []byte, detail protocol.Detail) protocol.Reply {
	a := &ntlm.Acceptor{Target: ntlm.Target{Computer: Domain, Domain: Domain}, Now: h.Now, Rand: h.Rand}
	step, err := ntlm.NewServer(a).Next(ctx, token)
	if err != nil {
		step, err = ntlm.NewServer(a).Next(ctx, nil)
	}
	if err != nil {
		detail.Reason, detail.Cause = string(ntlm.NoRandom), err
		return protocol.Broken(textUnavailable).With(detail)
	}
	return protocol.Challenge(step.Token).With(detail)
}

func (h *Handler) believe(a *ntlmssp.Authenticate, detail protocol.Detail) protocol.Reply {
	user := strings.ToLower(a.User)
	if a.Domain != "" && !h.StripDomain {
		user = a.Domain + `\` + user
	}
	detail.User, detail.Reason = user, notVerified
	if a.User == "" || strings.ContainsFunc(user, unicode.IsControl) {
		detail.Reason = string(ntlm.IllegalName)
		return protocol.Deny(textNoUser).With(detail)
	}
	return protocol.Accept(protocol.Identity{User: user}, nil).With(detail)
}
