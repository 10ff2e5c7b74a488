package ntlm

import (
	"context"
	"errors"
	"log/slog"

	"squidauth/helper/identity"
	"squidauth/ntlm/ntlmssp"
	"squidauth/protocol"
)

// Handler answers the request lines of the NTLM scheme. It keeps the state of one
// handshake and is used by one goroutine, as Squid uses such helpers.
type Handler struct {
	Acceptor *Acceptor
	Backend  string // what the Verifier is called in the audit log
	Mode     Mode
	Names    identity.Names
	Groups   identity.Groups
	Log      *slog.Logger

	// KeyExtras is the number of words that squid.conf's key_extras adds. With
	// BindExtras they must be the same in both lines of a handshake.
	KeyExtras  int
	BindExtras bool

	// Hold makes YR wait for a Verifier that is not ready.
	Hold bool

	// DetailedMessages tells clients why an account may not log in.
	DetailedMessages bool

	// Between TT and the next line:
	server *Server
	extras string

	client *Client // who was let in last, until the next line
}

var (
	errNoYR    = errors.New("KK without YR: the helper was started anew, or does not speak to Squid")
	errOther   = errors.New("the key_extras are not those that the handshake began with: it moved to another connection")
	errSilence = errors.New("the client sent no message")
)

// Handle implements helper.Handler. YR begins anew whatever was before, and a
// challenge is answered as often as the Acceptor says.
func (h *Handler) Handle(ctx context.Context, line []byte) protocol.Reply {
	q, err := protocol.ParseHandshake(line, h.KeyExtras)
	detail := protocol.Detail{Backend: h.Backend, Extras: q.Extras}
	server, extras := h.server, h.extras
	h.server, h.extras, h.client = nil, "", nil
	switch {
	case errors.Is(err, protocol.ErrToken):
		h.spend(ctx, server, q.Verb, extras)
		return h.refuse(&Error{Reason: Malformed, cause: err}, detail)
	case errors.Is(err, protocol.ErrExtras):
		return h.refuse(&Error{Reason: KeyExtras, Undecided: true, cause: err}, detail)
	case err != nil: // no client can bring that about
		return h.refuse(&Error{Reason: BadRequest, Undecided: true, cause: err}, detail)
	case h.Mode == Off:
		return h.refuse(&Error{Reason: SwitchedOff, Attempt: hint(q.Token)}, detail)
	case q.Verb == protocol.YR:
		return h.begin(ctx, q, detail)
	case server == nil:
		return h.refuse(&Error{Reason: OutOfOrder, Undecided: true, cause: errNoYR}, detail)
	case h.BindExtras && q.Extras != extras:
		return h.refuse(&Error{Reason: OtherExtras, cause: errOther}, detail)
	case len(q.Token) == 0:
		h.spend(ctx, server, q.Verb, extras)
		return h.refuse(&Error{Reason: Malformed, cause: errSilence}, detail)
	}
	return h.end(ctx, server, q, detail)
}

var errNobody = errors.New("nobody was let in just now")

// MIC signs a message to the client who was let in by the last request. It makes the
// Handler one that SPNEGO can protect its negotiation with.
func (h *Handler) MIC(message []byte) ([]byte, error) {
	if h.client == nil {
		return nil, errNobody
	}
	return h.client.MIC(message)
}

// VerifyMIC checks that client's signature of a message.
func (h *Handler) VerifyMIC(message, mic []byte) error {
	if h.client == nil {
		return errNobody
	}
	return h.client.VerifyMIC(message, mic)
}

// Reload implements helper.Reloader, if the Verifier can reload. It may run at the
// same time as Handle.
func (h *Handler) Reload(ctx context.Context) error {
	if r, ok := h.Acceptor.Verifier.(interface{ Reload(context.Context) error }); ok {
		return r.Reload(ctx)
	}
	return nil
}

// begin answers YR. Only with Hold does that depend on anybody else.
func (h *Handler) begin(ctx context.Context, q protocol.Handshake, detail protocol.Detail) protocol.Reply {
	if h.Hold {
		if err := hold(ctx, h.Acceptor.Verifier); err != nil {
			return h.refuse(&Error{Reason: NotReady, Undecided: true, cause: err}, detail)
		}
	}
	server := NewServer(h.Acceptor)
	step, err := server.Next(ctx, q.Token)
	if err != nil {
		return h.refuse(err, detail)
	}
	h.server, h.extras = server, q.Extras
	return protocol.Challenge(step.Token).With(detail)
}

// spend takes what is no message at all for one answer to the challenge, which
// others may still answer.
func (h *Handler) spend(ctx context.Context, server *Server, verb protocol.Verb, extras string) {
	if verb != protocol.KK || server == nil {
		return
	}
	_, _ = server.Next(ctx, nil) // no token is always an error
	if server.open() {
		h.server, h.extras = server, extras
	}
}

// end answers KK.
func (h *Handler) end(ctx context.Context, server *Server, q protocol.Handshake, detail protocol.Detail) protocol.Reply {
	step, err := server.Next(ctx, q.Token)
	if server.open() {
		h.server, h.extras = server, q.Extras
	}
	if err != nil {
		return h.refuse(err, detail)
	}
	return h.accept(ctx, step.Client, detail)
}

func (h *Handler) accept(ctx context.Context, c *Client, detail protocol.Detail) protocol.Reply {
	detail.User, detail.Client, detail.Version = h.Names.Of(c.Account.Account), c.Attempt.client(), c.Attempt.version()
	groups, admitted, err := h.Groups.Admit(ctx, identity.Membership{Own: c.Own, SIDs: c.Groups})
	switch {
	case err != nil:
		return h.refuse(&Error{Reason: NoDirectory, Attempt: c.Attempt, Undecided: true, cause: err}, detail)
	case !admitted:
		return h.refuse(&Error{Reason: NotInGroup, Attempt: c.Attempt}, detail)
	}
	if groups.LeftOut > 0 {
		h.Log.Warn("not all groups fit into the reply", "user", detail.User, "left_out", groups.LeftOut)
	}
	h.client = c
	detail.Reason = string(Authenticated)
	h.trace(c.Attempt, detail)
	return protocol.Accept(protocol.Identity{User: detail.User}, nil, groups.Pairs...).With(detail)
}

// refuse turns an error of a handshake into a reply. What another password or
// client could mend is a refusal; what only the operator can, is not.
func (h *Handler) refuse(err error, detail protocol.Detail) protocol.Reply {
	e := &Error{Undecided: true, cause: err}
	errors.As(err, &e)
	detail.Reason, detail.Client, detail.Version = string(e.Reason), e.Attempt.client(), e.Attempt.version()
	if detail.User == "" && e.Attempt.User != "" {
		detail.User = e.Attempt.String()
	}
	if e.cause != nil {
		detail.Cause = e
	}
	h.trace(e.Attempt, detail)
	if e.Undecided {
		return protocol.Broken(textUnavailable).With(detail)
	}
	return protocol.Deny(h.text(e.Reason)).With(detail)
}

// trace logs who still uses NTLM, from where, and which version of it.
func (h *Handler) trace(a Attempt, detail protocol.Detail) {
	level := slog.LevelDebug
	if h.Mode != On {
		level = slog.LevelWarn
	}
	if a == (Attempt{}) || !h.Log.Enabled(context.Background(), level) {
		return
	}
	h.Log.Log(context.Background(), level, "NTLM is still used",
		"user", detail.User, "workstation", a.Workstation, "version", a.Form.String(), "extras", detail.Extras, "reason", detail.Reason)
}

// hint returns what a NEGOTIATE message says about the client's machine.
func hint(token []byte) Attempt {
	n, err := ntlmssp.ParseNegotiate(token)
	if err != nil {
		return Attempt{}
	}
	return Attempt{Domain: n.Domain, Workstation: n.Workstation}
}
