package negotiate

import (
	"squidauth/negotiate/spnego"
	"squidauth/protocol"
)

// A Signer is a Mechanism that knows the session key of the login that it accepted
// last, until its next request: MIC signs as the server and VerifyMIC checks what the
// client signed, each for the first time ([MS-NLMP] section 3.4.4.2, [MS-SPNG]
// section 3.2.5.1). Both have errors where the client negotiated no signing.
type Signer interface {
	MIC(message []byte) ([]byte, error)
	VerifyMIC(message, mic []byte) error
}

// The reasons that only a Wrapper has.
const (
	NoMIC        Reason = "mic-not-available" // the NTLM mechanism is no Signer
	RejectedNTLM Reason = "client-rejected-ntlm"
)

const adviceNoMIC = "the client asks for a MIC of its list of mechanisms, for which one must know NTLM's session key: only our own NTLM does, and a program that takes SPNEGO itself, such as ntlm_auth with --helper-protocol=gss-spnego; --permit-unchecked-mic does without"

// ntlmInSPNEGO is the acceptor's side of a negotiation that chose NTLM. It takes
// SPNEGO off the client's tokens and puts it on the answers (RFC 4178 section 4.2).
type ntlmInSPNEGO struct {
	init      spnego.Init
	unchecked bool // as Wrapper.PermitUncheckedMIC
	begun     bool // the mechanism had its first token
	answered  bool // the client has been told what was chosen
}

// asker hands a bare NTLM message to the mechanism.
type asker func(verb string, token []byte) protocol.Reply

// begin answers the NegTokenInit. Where it holds no NTLM message, since the client
// hoped for another mechanism or sent none yet, the client is asked for one.
//
// A client that preferred another mechanism should prove that nobody took others
// from its list (RFC 4178 section 5). It is not made to: who can take from the list
// can put NTLM first as well.
func (n *ntlmInSPNEGO) begin(ask asker) protocol.Reply {
	if spnego.Classify(n.init.MechToken) != spnego.NTLMSSP {
		return protocol.Challenge(n.respond(spnego.AcceptIncomplete, nil, nil))
	}
	return n.pass(n.init.MechToken, ask)
}

// next answers a NegTokenResp.
func (n *ntlmInSPNEGO) next(m Mechanism, token []byte, ask asker) protocol.Reply {
	r, err := spnego.ParseResp(token)
	switch {
	case err != nil:
		return refuseNTLM(&Error{Malformed, err.Error()}, protocol.Detail{})
	case r.State == spnego.Reject:
		return refuseNTLM(&Error{RejectedNTLM, "the client does not want NTLM"}, protocol.Detail{})
	case spnego.Classify(r.ResponseToken) != spnego.NTLMSSP:
		return refuseNTLM(&Error{Malformed, "the client sent no NTLM message when it was asked to"}, protocol.Detail{})
	}
	answer := n.pass(r.ResponseToken, ask)
	if answer.Outcome() == protocol.Accepted && r.MechListMIC != nil {
		return n.sign(m, answer, r.MechListMIC)
	}
	return answer
}

// pass asks the mechanism, whose handshake begins with the client's first NTLM
// message, which need not be in the first token.
func (n *ntlmInSPNEGO) pass(token []byte, ask asker) protocol.Reply {
	verb := "KK"
	if !n.begun {
		verb = "YR"
	}
	n.begun = true
	r := ask(verb, token)
	switch r.Outcome() {
	case protocol.Continue:
		return r.WithToken(n.respond(spnego.AcceptIncomplete, r.Token(), nil))
	case protocol.Accepted:
		return r.WithToken(n.respond(spnego.AcceptCompleted, nil, nil))
	}
	return r
}

// sign answers a client that vouches for its list of mechanisms in the same way, if
// the list is the one that came here. Otherwise the login does not count.
func (n *ntlmInSPNEGO) sign(m Mechanism, accepted protocol.Reply, mic []byte) protocol.Reply {
	signer, ok := m.(Signer)
	switch {
	case !ok && n.unchecked:
		return accepted
	case !ok:
		return refuseNTLM(&Error{NoMIC, adviceNoMIC}, accepted.Detail())
	}
	list := n.init.MechTypeList()
	if err := signer.VerifyMIC(list, mic); err != nil {
		return refuseNTLM(&Error{BadMIC, "the list of mechanisms was changed on the way: " + err.Error()}, accepted.Detail())
	}
	own, err := signer.MIC(list)
	if err != nil {
		return refuseNTLM(&Error{BadMIC, err.Error()}, accepted.Detail())
	}
	return accepted.WithToken(n.respond(spnego.AcceptCompleted, nil, own))
}

const textRefusedNTLM = "The proxy did not accept your login."

// refuseNTLM refuses what no mechanism was asked about, or had nothing against.
func refuseNTLM(e *Error, detail protocol.Detail) protocol.Reply {
	detail.Reason, detail.Cause = string(e.Reason), e
	return protocol.Deny(textRefusedNTLM).With(detail)
}

// respond makes a NegTokenResp. Only the first names the mechanism (RFC 4178
// section 4.2.2).
func (n *ntlmInSPNEGO) respond(s spnego.State, token, mic []byte) []byte {
	r := spnego.Resp{State: s, ResponseToken: token, MechListMIC: mic}
	if !n.answered {
		r.SupportedMech = spnego.NTLM
		n.answered = true
	}
	return r.Append(nil)
}
