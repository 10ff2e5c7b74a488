// Package ntlmtest plays the client of NTLM for tests, demonstrations and
// measurements. Nothing in it is random.
package ntlmtest

import (
	"encoding/binary"

	"squidauth/ntlm/ntlmssp"
)

// DefaultFlags are about what Windows asks for.
const DefaultFlags = ntlmssp.NegotiateUnicode | ntlmssp.NegotiateOEM | ntlmssp.RequestTarget | ntlmssp.NegotiateNTLM |
	ntlmssp.NegotiateAlwaysSign | ntlmssp.NegotiateExtendedSessionSecurity | ntlmssp.NegotiateVersion |
	ntlmssp.Negotiate128 | ntlmssp.Negotiate56

// Client is a user who logs in from a machine.
type Client struct {
	Domain, User, Password, Workstation string

	Flags ntlmssp.Flags // asked for; 0: DefaultFlags

	// Form is how the challenge is answered, NTLMv2 if it is zero. LMOnly is LMv2.
	Form ntlmssp.Form

	ClientChallenge [8]byte
	SessionKey      ntlmssp.Key // for the server, if it grants key exchange

	// Change is called with the second message before it is written, and before
	// its MIC is computed. It may be nil.
	Change func(*ntlmssp.Authenticate)
}

// Negotiate returns the first message.
func (c Client) Negotiate() []byte { return ntlmssp.Negotiate{Flags: c.flags()}.Append(nil) }

func (c Client) flags() ntlmssp.Flags {
	if c.Flags == 0 {
		return DefaultFlags
	}
	return c.Flags
}

// Authenticate returns the message that answers a challenge. Like Windows, it has a
// MIC, and no LMv2 response, if the challenge has the server's time.
func (c Client) Authenticate(negotiate, challenge []byte) ([]byte, error) {
	ch, err := ntlmssp.ParseChallenge(challenge)
	if err != nil {
		return nil, err
	}
	a := ntlmssp.Authenticate{Flags: ch.Flags & c.flags(), Domain: c.Domain, User: c.User, Workstation: c.Workstation}
	base := c.respond(&a, &ch)
	session := base.ExchangeKey(a.Form(), ch.ServerChallenge, a.LMResponse)
	if a.Flags.Has(ntlmssp.NegotiateKeyExch) {
		sealed := session.RC4(c.SessionKey)
		a.EncryptedRandomSessionKey, session = sealed[:], c.SessionKey
	}
	if c.Change != nil {
		c.Change(&a)
	}
	message := a.Append(nil)
	if a.MIC != nil {
		ntlmssp.SetMIC(message, ntlmssp.MIC(session, negotiate, challenge, message))
	}
	return message, nil
}

// respond sets the responses and returns the session base key.
func (c Client) respond(a *ntlmssp.Authenticate, ch *ntlmssp.Challenge) ntlmssp.Key {
	hash := ntlmssp.NTOWFv1(c.Password)
	v2 := hash.NTOWFv2(c.User, c.Domain)
	switch c.Form {
	case ntlmssp.LMOnly:
		lm := v2.LMv2(ch.ServerChallenge, c.ClientChallenge)
		a.LMResponse = lm[:]
		return v2.SessionBaseKeyV2(ntlmssp.Key(lm[:]))
	case ntlmssp.NTLMv1:
		a.Flags &^= ntlmssp.NegotiateExtendedSessionSecurity
		nt := hash.NTLMv1(ch.ServerChallenge)
		a.LMResponse, a.NTResponse = nt[:], nt[:]
		return hash.SessionBaseKeyV1()
	case ntlmssp.NTLM2Session:
		nt := hash.NTLMv1(ntlmssp.NTLM2Challenge(ch.ServerChallenge, c.ClientChallenge))
		a.LMResponse, a.NTResponse = append(c.ClientChallenge[:], make([]byte, 16)...), nt[:]
		return hash.SessionBaseKeyV1()
	}
	return c.respondV2(a, ch, v2)
}

func (c Client) respondV2(a *ntlmssp.Authenticate, ch *ntlmssp.Challenge, v2 ntlmssp.Key) ntlmssp.Key {
	pairs, time := ch.TargetInfo, uint64(0)
	if stamp, ok := pairs.Get(ntlmssp.AvTimestamp); ok && len(stamp) == 8 {
		time, pairs = binary.LittleEndian.Uint64(stamp), pairs.WithMIC()
		a.LMResponse, a.MIC = make([]byte, 24), make([]byte, 16)
	} else {
		lm := v2.LMv2(ch.ServerChallenge, c.ClientChallenge)
		a.LMResponse = lm[:]
	}
	blob := ntlmssp.Blob(time, c.ClientChallenge, pairs)
	proof := v2.NTProof(ch.ServerChallenge, blob)
	a.NTResponse = append(proof[:], blob...)
	return v2.SessionBaseKeyV2(proof)
}
