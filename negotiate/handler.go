package negotiate

import (
	"context"
	"log/slog"

	"squidauth/helper/identity"
	"squidauth/negotiate/kerberos"
	"squidauth/protocol"
)

// Handler answers the request lines of the Negotiate scheme. It keeps the state of
// one handshake and is used by one goroutine, as Squid uses such helpers.
type Handler struct {
	Kerberos *kerberos.Acceptor
	Keytab   *Keytab // to reload; may be nil
	Names    identity.Names
	Groups   identity.Groups
	Log      *slog.Logger

	// KeyExtras is the number of words that squid.conf's key_extras adds.
	KeyExtras int

	handshake *Handshake // between TT and the next line
}

// Handle implements helper.Handler. YR begins anew whatever was before, any final
// answer ends the handshake.
func (h *Handler) Handle(ctx context.Context, line []byte) protocol.Reply {
	q, err := protocol.ParseHandshake(line, h.KeyExtras)
	detail := protocol.Detail{Backend: "kerberos", Extras: q.Extras}
	handshake := h.handshake
	h.handshake = nil
	switch {
	case err != nil:
		return refuseLine(err, detail)
	case q.Verb == protocol.YR:
		handshake = NewHandshake(h.Kerberos)
	case handshake == nil:
		detail.Reason = string(OutOfOrder)
		return protocol.Broken(textUnavailable).With(detail)
	}
	step, err := handshake.Next(ctx, q.Token)
	switch {
	case err != nil:
		return reply(err, detail)
	case step.Context == nil:
		h.handshake = handshake
		return protocol.Challenge(step.Token).With(detail)
	}
	return h.accept(ctx, step, detail)
}

// Reload implements helper.Reloader. It may run at the same time as Handle.
func (h *Handler) Reload(ctx context.Context) error {
	if h.Keytab == nil {
		return nil
	}
	return h.Keytab.Reload(ctx)
}

func (h *Handler) accept(ctx context.Context, step Step, detail protocol.Detail) protocol.Reply {
	client := vouch(step.Context, h.Kerberos.Realms)
	detail.User = client.account.Name + "@" + client.account.Realm
	if client.err != nil && h.Groups.Wanted() {
		h.Log.Warn("the ticket's groups are not used, or not all", "user", detail.User, "problem", client.err.Error())
	}
	groups, admitted, err := h.Groups.Admit(ctx, client.groups)
	switch {
	case err != nil:
		detail.Reason, detail.Cause = string(GroupUnknown), err
		return protocol.Broken(textUnavailable).With(detail)
	case !admitted:
		detail.Reason = string(NotInGroup)
		return protocol.Deny(textRefused).With(detail)
	}
	if groups.LeftOut > 0 {
		h.Log.Warn("not all groups fit into the reply", "user", detail.User, "left_out", groups.LeftOut)
	}
	detail.Reason = "authenticated"
	return protocol.Accept(protocol.Identity{User: h.Names.Of(client.account)}, step.Token, groups.Pairs...).With(detail)
}
