package ntlmssp

// The layout of AUTHENTICATE, [MS-NLMP] section 2.2.1.3. VERSION and MIC are left
// out by some clients, although the specification has them in all messages.
const (
	authLM          = 12
	authNT          = 20
	authDomain      = 28
	authUser        = 36
	authWorkstation = 44
	authSessionKey  = 52
	authFlags       = 60
	authVersion     = 64
	authMIC         = 72
	authShortHeader = 64
	authHeader      = authMIC + micSize
)

// Authenticate is the client's second message.
type Authenticate struct {
	Flags                     Flags
	Domain, User, Workstation string
	LMResponse, NTResponse    []byte

	// EncryptedRandomSessionKey is there if Flags has NegotiateKeyExch.
	EncryptedRandomSessionKey []byte

	Version Version // if Flags has NegotiateVersion

	// MIC is nil where the message has no room for one. Whether it means
	// anything, the pairs of the response say.
	MIC []byte
}

// ParseAuthenticate reads an AUTHENTICATE message.
func ParseAuthenticate(token []byte) (Authenticate, error) {
	m, err := open(token, typeAuthenticate, authShortHeader)
	if err != nil {
		return Authenticate{}, err
	}
	a := Authenticate{Flags: m.flags(authFlags)}
	payload := len(token) // where it begins
	for _, f := range []struct {
		at    int
		bytes *[]byte
		text  *string
	}{
		{at: authLM, bytes: &a.LMResponse},
		{at: authNT, bytes: &a.NTResponse},
		{at: authSessionKey, bytes: &a.EncryptedRandomSessionKey},
		{at: authDomain, text: &a.Domain},
		{at: authUser, text: &a.User},
		{at: authWorkstation, text: &a.Workstation},
	} {
		from, to, err := m.span(f.at)
		if err != nil {
			return Authenticate{}, err
		}
		if from == to {
			continue
		}
		payload = min(payload, from)
		if f.bytes != nil {
			*f.bytes = token[from:to:to]
		} else if *f.text, err = decodeText(token[from:to], a.Flags); err != nil {
			return Authenticate{}, err
		}
	}
	if payload >= authMIC {
		a.Version = m.version(a.Flags, authVersion)
	}
	if payload >= authHeader {
		a.MIC = token[authMIC:authHeader:authHeader]
	}
	return a, nil
}

// Append appends the message, with room for a MIC unless that is nil.
func (a Authenticate) Append(dst []byte) []byte {
	header := authHeader
	if a.MIC == nil {
		header = authMIC
	}
	w := newWriter(dst, typeAuthenticate, header)
	w.putFlags(authFlags, a.Flags)
	w.putVersion(authVersion, a.Flags, a.Version)
	if a.MIC != nil {
		copy(w.fixed(authMIC)[:micSize], a.MIC)
	}
	w.putField(authDomain, encodeText(a.Domain, a.Flags))
	w.putField(authUser, encodeText(a.User, a.Flags))
	w.putField(authWorkstation, encodeText(a.Workstation, a.Flags))
	w.putField(authLM, a.LMResponse)
	w.putField(authNT, a.NTResponse)
	w.putField(authSessionKey, a.EncryptedRandomSessionKey)
	return w.bytes
}
