package ntlm

import (
	"io"
	"time"

	"squidauth/ntlm/ntlmssp"
)

// Acceptor is what all handshakes of a server have in common. Its fields are set
// before it is used; it may be used from several goroutines.
type Acceptor struct {
	Verifier Verifier
	Target   Target

	// PermitNTLMv1 accepts NTLMv1 and NTLM2 session security, whose responses
	// can be turned into the password's hash in short time.
	PermitNTLMv1 bool

	// PermitLMv2 accepts an LMv2 response that stands alone, as the clients of
	// the nineties send it. It cannot be told from LM before it is verified, and
	// is only for a Verifier that does not know LM.
	PermitLMv2 bool

	// ChallengeUses is how many clients one challenge is given to, for Squids
	// that spare requests; 0 means 1.
	ChallengeUses int

	Now  func() time.Time
	Rand io.Reader
}

// Target is how the server calls itself in a challenge. Empty names are left out.
type Target struct {
	Computer string // NetBIOS name; domain controllers want that of the machine account
	Domain   string // NetBIOS name of the domain, if the server is in one

	DNSComputer, DNSDomain string
}

// grantable are the flags that a challenge has if the client asks for them. The
// others are left out, whatever the client asks for, or have another rule.
const grantable = ntlmssp.RequestTarget | ntlmssp.NegotiateSign | ntlmssp.NegotiateSeal | ntlmssp.NegotiateAlwaysSign |
	ntlmssp.NegotiateExtendedSessionSecurity | ntlmssp.NegotiateVersion | ntlmssp.Negotiate128 |
	ntlmssp.NegotiateKeyExch | ntlmssp.Negotiate56

// assumed are the flags of a client that sent no NEGOTIATE message.
const assumed = ntlmssp.NegotiateUnicode | ntlmssp.RequestTarget | ntlmssp.NegotiateAlwaysSign |
	ntlmssp.NegotiateExtendedSessionSecurity | ntlmssp.Negotiate128 | ntlmssp.Negotiate56

// version is of no Windows in particular; 15 is the only revision of NTLMSSP there
// is.
var version = ntlmssp.Version{10, 0, 0, 0, 0, 0, 0, 15}

// challenge answers a client's flags, [MS-NLMP] section 3.2.5.1.1.
func (a *Acceptor) challenge(asked ntlmssp.Flags) (ntlmssp.Challenge, error) {
	c := ntlmssp.Challenge{
		Flags:      asked&grantable | ntlmssp.NegotiateNTLM | ntlmssp.NegotiateTargetInfo,
		TargetInfo: a.Target.pairs(),
		Version:    version,
	}
	if asked.Has(ntlmssp.NegotiateUnicode) {
		c.Flags |= ntlmssp.NegotiateUnicode
	} else {
		c.Flags |= ntlmssp.NegotiateOEM
	}
	if a.Target.Domain != "" {
		c.Flags, c.TargetName = c.Flags|ntlmssp.TargetTypeDomain, a.Target.Domain
	} else {
		c.Flags, c.TargetName = c.Flags|ntlmssp.TargetTypeServer, a.Target.Computer
	}
	_, err := io.ReadFull(a.Rand, c.ServerChallenge[:])
	return c, err
}

// pairs are the names in the order that Windows has. A server outside of any domain
// gives itself for one. There is no MsvAvFlags: one without any bit makes Windows
// compute another MIC.
func (t Target) pairs() (pairs ntlmssp.AVPairs) {
	domain := t.Domain
	if domain == "" {
		domain = t.Computer
	}
	for _, name := range []struct {
		id    ntlmssp.AVID
		value string
	}{
		{ntlmssp.AvNbDomainName, domain},
		{ntlmssp.AvNbComputerName, t.Computer},
		{ntlmssp.AvDNSDomainName, t.DNSDomain},
		{ntlmssp.AvDNSComputerName, t.DNSComputer},
	} {
		if name.value != "" {
			pairs = append(pairs, ntlmssp.Name(name.id, name.value))
		}
	}
	return pairs
}

// permits says whether a challenge may be answered so. Where several clients answer
// one, only NTLMv2 can: of the older forms one client's response is another's.
func (a *Acceptor) permits(f ntlmssp.Form) bool {
	switch {
	case f == ntlmssp.NTLMv2:
		return true
	case a.ChallengeUses > 1:
		return false
	}
	switch f {
	case ntlmssp.NTLM2Session, ntlmssp.NTLMv1:
		return a.PermitNTLMv1
	case ntlmssp.LMOnly:
		return a.PermitLMv2
	}
	return false
}
