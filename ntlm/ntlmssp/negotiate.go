package ntlmssp

// The layout of NEGOTIATE, [MS-NLMP] section 2.2.1.1.
const (
	negFlags       = 12
	negDomain      = 16
	negWorkstation = 24
	negVersion     = 32
	negHeader      = 40
)

// Negotiate is the first message. Its names are what the client calls itself before
// it has authenticated, and no more than a hint.
type Negotiate struct {
	Flags               Flags
	Domain, Workstation string
	Version             Version // if Flags has NegotiateVersion
}

// ParseNegotiate reads a NEGOTIATE message. Old clients end it behind the flags,
// and some fill the names with nonsense: names that are not to be had are empty.
func ParseNegotiate(token []byte) (Negotiate, error) {
	m, err := open(token, typeNegotiate, negDomain)
	if err != nil {
		return Negotiate{}, err
	}
	n := Negotiate{Flags: m.flags(negFlags)}
	n.Domain = m.hint(n.Flags, NegotiateOEMDomainSupplied, negDomain)
	n.Workstation = m.hint(n.Flags, NegotiateOEMWorkstationSupplied, negWorkstation)
	n.Version = m.version(n.Flags, negVersion)
	return n, nil
}

// hint returns a name of NEGOTIATE, which is in the OEM code page always.
func (m message) hint(f, supplied Flags, at int) string {
	if !f.Has(supplied) || len(m.bytes) < negVersion {
		return ""
	}
	b, err := m.field(at)
	if err != nil {
		return ""
	}
	return decodeOEM(b)
}

// Append appends the message. A name is in it if Flags says that it is supplied.
func (n Negotiate) Append(dst []byte) []byte {
	w := newWriter(dst, typeNegotiate, negHeader)
	w.putFlags(negFlags, n.Flags)
	if n.Flags.Has(NegotiateOEMDomainSupplied) {
		w.putField(negDomain, []byte(n.Domain))
	}
	if n.Flags.Has(NegotiateOEMWorkstationSupplied) {
		w.putField(negWorkstation, []byte(n.Workstation))
	}
	w.putVersion(negVersion, n.Flags, n.Version)
	return w.bytes
}
