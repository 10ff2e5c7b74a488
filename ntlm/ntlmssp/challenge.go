package ntlmssp

// The layout of CHALLENGE, [MS-NLMP] section 2.2.1.2.
const (
	chalTargetName  = 12
	chalFlags       = 20
	chalServer      = 24
	chalTargetInfo  = 40
	chalVersion     = 48
	chalHeader      = 56
	chalShortHeader = 32 // without TargetInfo and VERSION, as old servers have it
)

// Challenge is the server's message.
type Challenge struct {
	Flags           Flags
	ServerChallenge [8]byte
	TargetName      string  // of the domain or, outside of any, of the server
	TargetInfo      AVPairs // if Flags has NegotiateTargetInfo
	Version         Version // if Flags has NegotiateVersion
}

// ParseChallenge reads a CHALLENGE message.
func ParseChallenge(token []byte) (Challenge, error) {
	m, err := open(token, typeChallenge, chalShortHeader)
	if err != nil {
		return Challenge{}, err
	}
	c := Challenge{Flags: m.flags(chalFlags), ServerChallenge: [8]byte(m.bytes[chalServer:])}
	c.Version = m.version(c.Flags, chalVersion)
	name, err := m.field(chalTargetName)
	if err != nil {
		return Challenge{}, err
	}
	if c.TargetName, err = decodeText(name, c.Flags); err != nil {
		return Challenge{}, err
	}
	if !c.Flags.Has(NegotiateTargetInfo) || len(token) < chalVersion {
		return c, nil
	}
	info, err := m.field(chalTargetInfo)
	if err != nil {
		return Challenge{}, err
	}
	if info == nil {
		return c, nil
	}
	if c.TargetInfo, err = parseAVPairs(info); err != nil {
		return Challenge{}, err
	}
	return c, nil
}

// Append appends the message.
func (c Challenge) Append(dst []byte) []byte {
	w := newWriter(dst, typeChallenge, chalHeader)
	w.putFlags(chalFlags, c.Flags)
	copy(w.fixed(chalServer), c.ServerChallenge[:])
	w.putField(chalTargetName, encodeText(c.TargetName, c.Flags))
	if c.Flags.Has(NegotiateTargetInfo) {
		w.putField(chalTargetInfo, c.TargetInfo.Append(nil))
	}
	w.putVersion(chalVersion, c.Flags, c.Version)
	return w.bytes
}
