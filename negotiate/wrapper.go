package negotiate

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"slices"

	"squidauth/helper/doctor"
	"squidauth/negotiate/spnego"
	"squidauth/protocol"
)

// A Mechanism answers the request lines of one mechanism's handshakes. It is a
// helper.Handler by shape: a Handler of this package or of package ntlm, or another
// program. YR begins anew whatever was before.
type Mechanism interface {
	Handle(ctx context.Context, line []byte) protocol.Reply
}

// Wrapper answers the request lines of the Negotiate scheme with two Mechanisms. The
// first token of a handshake says which it is for, and to that one go the tokens that
// follow. It keeps the state of one handshake and is used by one goroutine, as Squid
// uses such helpers.
type Wrapper struct {
	// Kerberos is asked wherever the client offers Kerberos, whatever it likes
	// better, and where it is not clear what a token is.
	Kerberos Mechanism

	// NTLM is asked where the client offers no Kerberos. It gets bare NTLM
	// messages: SPNEGO is taken off them and put on the answers. nil: clients of
	// NTLM are refused.
	NTLM Mechanism

	// NTLMTakesSPNEGO is for an NTLM that knows SPNEGO itself and is to get it.
	NTLMTakesSPNEGO bool

	// PermitUncheckedMIC lets clients in that vouch for their list of mechanisms
	// although NTLM is no Signer, and nobody can check that. Whoever is between the
	// client and here can then make it use NTLM where it wanted Kerberos.
	PermitUncheckedMIC bool

	// AuditNTLM warns in the log of each use of NTLM.
	AuditNTLM bool

	// KeyExtras is the number of words that squid.conf's key_extras adds. The
	// mechanisms get them too.
	KeyExtras int

	Log *slog.Logger

	handshake *wrapped // between TT and the next line
}

// wrapped is one handshake.
type wrapped struct {
	mechanism Mechanism
	ntlm      bool
	spnego    *ntlmInSPNEGO // nil: tokens pass as they are
}

// Handle implements helper.Handler. A line that is no request reaches no mechanism.
func (w *Wrapper) Handle(ctx context.Context, line []byte) protocol.Reply {
	q, err := protocol.ParseHandshake(line, w.KeyExtras)
	detail := protocol.Detail{Extras: q.Extras}
	h := w.handshake
	w.handshake = nil
	switch {
	case err != nil:
		return refuseLine(err, detail)
	case len(q.Token) == 0: // to which some programs say nothing
		return reply(&Error{Malformed, "the client sent no token"}, detail)
	case q.Verb == protocol.YR:
		h = w.route(q.Token)
	case h == nil:
		detail.Reason = string(OutOfOrder)
		return protocol.Broken(textUnavailable).With(detail)
	}
	if h.mechanism == nil {
		return reply(&Error{NTLM, adviceNTLM}, detail)
	}
	return w.pass(ctx, h, q, line)
}

// route finds out whose handshake a token begins. A token that cannot be read is for
// Kerberos to refuse.
func (w *Wrapper) route(token []byte) *wrapped {
	switch spnego.Classify(token) {
	case spnego.NTLMSSP:
		return &wrapped{mechanism: w.NTLM, ntlm: true}
	case spnego.Initial:
		init, err := spnego.ParseInit(token)
		if err == nil && !slices.ContainsFunc(init.MechTypes, spnego.OID.IsKerberos) && slices.Contains(init.MechTypes, spnego.NTLM) {
			h := &wrapped{mechanism: w.NTLM, ntlm: true}
			if !w.NTLMTakesSPNEGO {
				h.spnego = &ntlmInSPNEGO{init: init, unchecked: w.PermitUncheckedMIC}
			}
			return h
		}
	}
	return &wrapped{mechanism: w.Kerberos}
}

// pass has the mechanism answer, and keeps the handshake if it goes on.
func (w *Wrapper) pass(ctx context.Context, h *wrapped, q protocol.Handshake, line []byte) protocol.Reply {
	ask := func(verb string, token []byte) protocol.Reply {
		return h.mechanism.Handle(ctx, w.line(verb, token, q.Extras))
	}
	var r protocol.Reply
	switch {
	case h.spnego == nil:
		r = h.mechanism.Handle(ctx, line)
	case q.Verb == protocol.YR:
		r = h.spnego.begin(ask)
	default:
		r = h.spnego.next(h.mechanism, q.Token, ask)
	}
	detail := r.Detail()
	detail.Extras = q.Extras
	if r.Outcome() == protocol.Continue {
		w.handshake = h
	} else if h.ntlm && w.AuditNTLM {
		w.Log.Warn("NTLM is still used", "user", detail.User, "extras", detail.Extras, "reason", detail.Reason)
	}
	return r.With(detail)
}

// line makes a request of a token that was taken out of another.
func (w *Wrapper) line(verb string, token []byte, extras string) []byte {
	line := base64.StdEncoding.AppendEncode([]byte(verb+" "), token)
	if w.KeyExtras > 0 {
		line = append(append(line, ' '), extras...)
	}
	return line
}

// Reload implements helper.Reloader, as far as the mechanisms do. It may run at the
// same time as Handle.
func (w *Wrapper) Reload(ctx context.Context) error {
	return eachOf(w, func(r interface{ Reload(context.Context) error }) error { return r.Reload(ctx) })
}

// Examine implements doctor.Examiner for both mechanisms.
func (w *Wrapper) Examine(ctx context.Context, r *doctor.Report) {
	_ = eachOf(w, func(e doctor.Examiner) error { // which returns none
		e.Examine(ctx, r)
		return nil
	})
	switch {
	case w.NTLM == nil:
		r.Add(doctor.Finding{Severity: doctor.Note, Code: "no-ntlm", What: "clients that offer NTLM only are refused"})
	case w.PermitUncheckedMIC:
		r.Add(doctor.Finding{
			Severity: doctor.Warning, Code: "unchecked-mic", Where: "--permit-unchecked-mic", What: "what clients vouch for is not checked",
			Why: "who is between a client and the proxy can make it use NTLM where it wanted Kerberos", Cure: "have this program check NTLM itself: --domain in place of --ntlm",
		})
	}
}

// Close implements io.Closer, as far as the mechanisms do: other programs end.
func (w *Wrapper) Close() error { return eachOf(w, io.Closer.Close) }

// eachOf calls do with each mechanism that is a T as well.
func eachOf[T any](w *Wrapper, do func(T) error) error {
	var errs []error
	for _, m := range []Mechanism{w.Kerberos, w.NTLM} {
		if as, ok := m.(T); ok {
			errs = append(errs, do(as))
		}
	}
	return errors.Join(errs...)
}
