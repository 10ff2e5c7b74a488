package ntlmssp

// Flags are what the two sides want of each other, [MS-NLMP] section 2.2.2.5.
type Flags uint32

// The flags, without the prefix NTLMSSP_ of the specification.
const (
	NegotiateUnicode                 Flags = 1 << 0
	NegotiateOEM                     Flags = 1 << 1
	RequestTarget                    Flags = 1 << 2
	NegotiateSign                    Flags = 1 << 4
	NegotiateSeal                    Flags = 1 << 5
	NegotiateDatagram                Flags = 1 << 6
	NegotiateLMKey                   Flags = 1 << 7
	NegotiateNTLM                    Flags = 1 << 9
	Anonymous                        Flags = 1 << 11
	NegotiateOEMDomainSupplied       Flags = 1 << 12
	NegotiateOEMWorkstationSupplied  Flags = 1 << 13
	NegotiateAlwaysSign              Flags = 1 << 15
	TargetTypeDomain                 Flags = 1 << 16
	TargetTypeServer                 Flags = 1 << 17
	NegotiateExtendedSessionSecurity Flags = 1 << 19
	NegotiateIdentify                Flags = 1 << 20
	RequestNonNTSessionKey           Flags = 1 << 22
	NegotiateTargetInfo              Flags = 1 << 23
	NegotiateVersion                 Flags = 1 << 25
	Negotiate128                     Flags = 1 << 29
	NegotiateKeyExch                 Flags = 1 << 30
	Negotiate56                      Flags = 1 << 31
)

// Has reports whether all flags of x are set.
func (f Flags) Has(x Flags) bool { return f&x == x }

// Version is the VERSION structure, [MS-NLMP] section 2.2.2.10: major, minor and
// build of Windows, and the revision of NTLMSSP. It is for debugging only.
type Version [8]byte
