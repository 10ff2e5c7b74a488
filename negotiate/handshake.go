package negotiate

import (
	"context"

	"squidauth/negotiate/kerberos"
	"squidauth/negotiate/spnego"
)

// Handshake is the acceptor's side of one negotiation: tokens in, tokens out. It
// is used by one goroutine, and once.
type Handshake struct {
	kerberos *kerberos.Acceptor
	state    state

	// Of a SPNEGO negotiation:
	mechs    []byte     // the list that the MICs are for
	mech     spnego.OID // what was chosen of it, as the client spelled it
	mustMIC  bool       // it is not the client's favourite (RFC 4178 section 5)
	answered bool       // the client has been told what was chosen

	established *kerberos.Context
}

type state byte

const (
	waitsForStart state = iota
	waitsForToken       // SPNEGO: the mechanism's token
	waitsForMIC         // SPNEGO: the client's MIC
	ended
)

// Step is what a token led to. The zero Step lets nobody in.
type Step struct {
	Token   []byte            // for the client; may be empty at the end
	Context *kerberos.Context // set when the client is authenticated, nil if it is to go on
}

// NewHandshake returns a Handshake that accepts what the acceptor accepts.
func NewHandshake(a *kerberos.Acceptor) *Handshake { return &Handshake{kerberos: a} }

// Next takes a token of the client's. After an error, or a Step with a Context,
// the handshake is over. The error is an *Error or a *kerberos.Error.
func (h *Handshake) Next(ctx context.Context, token []byte) (Step, error) {
	was := h.state
	h.state = ended // until something better is known
	switch was {
	case waitsForStart:
		return h.start(ctx, token)
	case waitsForToken:
		return h.second(ctx, token)
	case waitsForMIC:
		return h.last(token)
	}
	return Step{}, &Error{OutOfOrder, "a token after the end of the handshake"}
}

func (h *Handshake) start(ctx context.Context, token []byte) (Step, error) {
	switch spnego.Classify(token) {
	case spnego.Kerberos:
		return h.bare(ctx, token)
	case spnego.Initial:
		return h.negotiate(ctx, token)
	case spnego.NTLMSSP:
		return Step{}, &Error{NTLM, adviceNTLM}
	case spnego.Response:
		return Step{}, &Error{OutOfOrder, "the client goes on with a negotiation that it did not begin here"}
	}
	if len(token) == 0 {
		return Step{}, &Error{Malformed, "the client sent no token"}
	}
	return Step{}, &Error{Malformed, "the token is neither SPNEGO nor Kerberos"}
}

// bare takes a Kerberos token without SPNEGO around it.
func (h *Handshake) bare(ctx context.Context, token []byte) (Step, error) {
	established, reply, err := h.accept(ctx, token)
	if err != nil {
		return Step{}, err
	}
	return Step{Token: reply, Context: established}, nil
}

// accept verifies a Kerberos token (RFC 4121 section 4.1) and frames the answer
// as the client framed it.
func (h *Handshake) accept(ctx context.Context, token []byte) (*kerberos.Context, []byte, error) {
	m, err := spnego.ParseMechToken(token)
	if err != nil {
		return nil, nil, &Error{Malformed, err.Error()}
	}
	if !m.Mech.IsKerberos() || m.ID != spnego.APReq {
		return nil, nil, &Error{Unsupported, "the token is of " + m.Mech.String() + ", " + m.ID.String()}
	}
	established, err := h.kerberos.Accept(ctx, m.Body)
	if err != nil {
		return nil, nil, err
	}
	if established.APRep == nil {
		return established, nil, nil
	}
	return established, spnego.MechToken{Mech: m.Mech, ID: spnego.APRep, Body: established.APRep}.Append(nil), nil
}

// negotiate takes a NegTokenInit (RFC 4178 section 4.2.1).
func (h *Handshake) negotiate(ctx context.Context, token []byte) (Step, error) {
	init, err := spnego.ParseInit(token)
	if err != nil {
		return Step{}, &Error{Malformed, err.Error()}
	}
	if !h.choose(init) {
		return Step{}, refuseMechs(init.MechTypes)
	}
	h.mechs = init.MechTypeList()
	// A token of another mechanism, which the client hoped for, is passed over.
	if spnego.Classify(init.MechToken) == spnego.Kerberos {
		return h.mechToken(ctx, init.MechToken, init.MechListMIC)
	}
	h.state = waitsForToken
	state := spnego.AcceptIncomplete
	if h.mustMIC {
		state = spnego.RequestMIC
	}
	return Step{Token: h.respond(state, nil, nil)}, nil
}

// choose takes the first Kerberos of the client's list, under the name that it
// has there ([MS-SPNG] 3.2.5: Windows insists on its own).
func (h *Handshake) choose(init spnego.Init) bool {
	for i, mech := range init.MechTypes {
		if mech.IsKerberos() {
			h.mech, h.mustMIC = mech, !onlyKerberos(init.MechTypes[:i])
			return true
		}
	}
	return false
}

// onlyKerberos says whether nothing but Kerberos was preferred.
func onlyKerberos(mechs []spnego.OID) bool {
	for _, m := range mechs {
		if !m.IsKerberos() {
			return false
		}
	}
	return true
}

// second takes the NegTokenResp with the token of the chosen mechanism.
func (h *Handshake) second(ctx context.Context, token []byte) (Step, error) {
	r, err := h.response(token)
	if err != nil {
		return Step{}, err
	}
	switch {
	case r.ResponseToken == nil:
		return Step{}, &Error{Malformed, "the client sent no Kerberos token when it was asked to"}
	case spnego.Classify(r.ResponseToken) == spnego.NTLMSSP:
		return Step{}, &Error{NTLM, adviceNTLM}
	}
	return h.mechToken(ctx, r.ResponseToken, r.MechListMIC)
}

// mechToken authenticates the client, and exchanges MICs where the choice of the
// mechanism must be protected or the client wishes it (RFC 4178 section 5).
func (h *Handshake) mechToken(ctx context.Context, token, clientMIC []byte) (Step, error) {
	established, reply, err := h.accept(ctx, token)
	if err != nil {
		return Step{}, err
	}
	if clientMIC == nil && !h.mustMIC {
		return Step{Token: h.respond(spnego.AcceptCompleted, reply, nil), Context: established}, nil
	}
	if clientMIC != nil {
		if err := h.verifyMIC(established, clientMIC); err != nil {
			return Step{}, err
		}
	}
	mic, err := established.MIC(h.mechs)
	if err != nil {
		return Step{}, &Error{BadMIC, err.Error()}
	}
	if clientMIC != nil {
		return Step{Token: h.respond(spnego.AcceptCompleted, reply, mic), Context: established}, nil
	}
	h.established, h.state = established, waitsForMIC
	return Step{Token: h.respond(spnego.AcceptIncomplete, reply, mic)}, nil
}

// last takes the NegTokenResp with the client's MIC.
func (h *Handshake) last(token []byte) (Step, error) {
	r, err := h.response(token)
	if err != nil {
		return Step{}, err
	}
	if err := h.verifyMIC(h.established, r.MechListMIC); err != nil {
		return Step{}, err
	}
	return Step{Token: h.respond(spnego.AcceptCompleted, nil, nil), Context: h.established}, nil
}

func (h *Handshake) verifyMIC(c *kerberos.Context, mic []byte) error {
	if err := c.VerifyMIC(h.mechs, mic); err != nil {
		return &Error{BadMIC, "the list of mechanisms was changed on the way: " + err.Error()}
	}
	return nil
}

func (h *Handshake) response(token []byte) (spnego.Resp, error) {
	if spnego.Classify(token) == spnego.NTLMSSP {
		return spnego.Resp{}, &Error{NTLM, adviceNTLM}
	}
	r, err := spnego.ParseResp(token)
	if err != nil {
		return spnego.Resp{}, &Error{Malformed, err.Error()}
	}
	if r.State == spnego.Reject {
		return spnego.Resp{}, &Error{Rejected, "the client does not want Kerberos"}
	}
	return r, nil
}

// respond makes a NegTokenResp. Only the first names the mechanism (RFC 4178
// section 4.2.2).
func (h *Handshake) respond(s spnego.State, token, mic []byte) []byte {
	r := spnego.Resp{State: s, ResponseToken: token, MechListMIC: mic}
	if !h.answered {
		r.SupportedMech = h.mech
		h.answered = true
	}
	return r.Append(nil)
}
