package dctest

import (
	"squidauth/ntlm"
	"squidauth/ntlm/ntlmssp"
)

// Logon returns the logon of a client that knows the password, by NTLMv2.
func Logon(domain, user, password string) *ntlm.Logon {
	l := &ntlm.Logon{Challenge: newChallenge(), Domain: domain, User: user, Workstation: "CLIENT"}
	const time = 133_000_000_000_000_000 // a FILETIME, which nobody looks at
	blob := ntlmssp.Blob(time, newChallenge(), nil)
	proof := ntlmssp.NTOWFv1(password).NTOWFv2(user, domain).NTProof(l.Challenge, blob)
	l.NTResponse = append(proof[:], blob...)
	return l
}
