package negotiate

import (
	"errors"
	"slices"
	"strings"

	"squidauth/negotiate/kerberos"
	"squidauth/negotiate/spnego"
	"squidauth/protocol"
)

// Reason is the short code of a refusal in the audit log. Those of Kerberos are in
// package kerberos.
type Reason string

// The reasons.
const (
	Malformed    Reason = "malformed-token"
	OutOfOrder   Reason = "out-of-order"
	NTLM         Reason = "client-sent-ntlm"
	Unsupported  Reason = "mechanism-not-supported"
	Rejected     Reason = "client-rejected-kerberos"
	BadMIC       Reason = "bad-mic"
	KeyExtras    Reason = "key-extras"
	BadRequest   Reason = "malformed-request"
	NotInGroup   Reason = "not-in-required-group"
	GroupUnknown Reason = "required-group-unknown" // the directory could not be asked for it
)

// Error says why a token was not accepted, in words for the operator.
type Error struct {
	Reason Reason
	text   string
}

// Error implements error.
func (e *Error) Error() string { return e.text }

const adviceNTLM = "the client sent NTLM instead of Kerberos: it reached the proxy by an address or alias that has no service principal, the keytab's principal is not in the directory, or it is not logged in to the domain; give browsers the proxy's full name"

func refuseMechs(mechs []spnego.OID) *Error {
	if slices.Contains(mechs, spnego.NTLM) {
		return &Error{NTLM, adviceNTLM}
	}
	var names []string
	for _, m := range mechs {
		names = append(names, m.String())
	}
	return &Error{Unsupported, "the client offers no Kerberos, but " + strings.Join(names, ", ")}
}

// Texts for the client.
const (
	textNTLM        = "Your browser did not use Kerberos. Is the proxy set by its full name, and are you logged in to the domain?"
	textClock       = "The clock of your computer and that of the proxy differ. Please tell the administrator."
	textExpired     = "Your ticket is not valid now. Lock and unlock your computer, then try again."
	textRefused     = "The proxy did not accept your Kerberos login."
	textUnavailable = "The login service is not available. Please try again later."
)

// reply turns an error of a handshake into a reply. What another ticket or client
// could mend is a refusal; what only the operator can, is not.
func reply(err error, detail protocol.Detail) protocol.Reply {
	detail.Cause = err
	var own *Error
	if errors.As(err, &own) {
		detail.Reason = string(own.Reason)
		if own.Reason == NTLM {
			return protocol.Deny(textNTLM).With(detail)
		}
		return protocol.Deny(textRefused).With(detail)
	}
	var krb *kerberos.Error
	if !errors.As(err, &krb) {
		return protocol.Broken(textUnavailable).With(detail)
	}
	detail.Reason, detail.User = string(krb.Reason), krb.Client
	switch {
	case krb.ServerFault():
		return protocol.Broken(textUnavailable).With(detail)
	case krb.Reason == kerberos.ClockSkew:
		return protocol.Deny(textClock).With(detail)
	case krb.Reason == kerberos.Expired, krb.Reason == kerberos.NotYetValid:
		return protocol.Deny(textExpired).With(detail)
	}
	return protocol.Deny(textRefused).With(detail)
}

// refuseLine answers a line that ParseHandshake cannot read.
func refuseLine(err error, detail protocol.Detail) protocol.Reply {
	switch {
	case errors.Is(err, protocol.ErrToken):
		return reply(&Error{Malformed, err.Error()}, detail)
	case errors.Is(err, protocol.ErrExtras):
		detail.Reason = string(KeyExtras)
	default: // no client can bring that about
		detail.Reason = string(BadRequest)
	}
	detail.Cause = err
	return protocol.Broken(textUnavailable).With(detail)
}
