package ntlmssp

import (
	"encoding/binary"
	"errors"
)

var (
	errResponse   = errors.New("the NTLMv2 response is broken")
	errSessionKey = errors.New("the encrypted session key is not 16 bytes long")
)

// Form is how a client answered the challenge: the version of NTLM, as it is called.
type Form byte

// The forms, from none to the best.
const (
	NoResponse   Form = iota // anonymous
	LMOnly                   // an LM response alone: LMv2, if not LM
	NTLMv1                   // DES
	NTLM2Session             // DES, with a challenge of the client's mixed in
	NTLMv2                   // HMAC-MD5
)

// String returns the short name of a form.
func (f Form) String() string {
	return [...]string{NoResponse: "none", LMOnly: "lmv2", NTLMv1: "ntlmv1", NTLM2Session: "ntlm2-session", NTLMv2: "ntlmv2"}[f]
}

// Lengths in bytes.
const (
	micSize   = 16
	v1Size    = 24
	proofSize = 16
	blobPairs = 28 // where the pairs of a blob begin
)

// Form says how the message answers the challenge. It does not say how well.
func (a *Authenticate) Form() Form {
	switch {
	case len(a.NTResponse) > v1Size:
		return NTLMv2
	case len(a.NTResponse) == v1Size && a.Flags.Has(NegotiateExtendedSessionSecurity) && a.clientChallengeInLM():
		return NTLM2Session
	case len(a.NTResponse) > 0:
		return NTLMv1
	case len(a.LMResponse) > 1:
		return LMOnly
	}
	return NoResponse // an anonymous client's LM response is empty or one zero byte
}

// clientChallengeInLM says whether the LM response is the client's challenge and
// sixteen zero bytes, [MS-NLMP] section 3.3.1.
func (a *Authenticate) clientChallengeInLM() bool {
	return len(a.LMResponse) == v1Size && [v1Size - 8]byte(a.LMResponse[8:]) == [v1Size - 8]byte{}
}

// Response is an NTLMv2_RESPONSE, [MS-NLMP] section 2.2.2.8.
type Response struct {
	Proof Key
	Blob  []byte  // what the proof is of, next to the server's challenge
	Pairs AVPairs // of the blob: the server's, and what the client adds
}

// ParseResponse reads an NTLMv2 response, whose blob begins with two version
// numbers, time and challenge of the client, [MS-NLMP] section 2.2.2.7.
func ParseResponse(nt []byte) (Response, error) {
	if len(nt) < proofSize+blobPairs {
		return Response{}, errResponse
	}
	r := Response{Proof: Key(nt), Blob: nt[proofSize:]}
	if r.Blob[0] != 1 || r.Blob[1] != 1 {
		return Response{}, errResponse
	}
	var err error
	if r.Pairs, err = parseAVPairs(r.Blob[blobPairs:]); err != nil {
		return Response{}, err
	}
	return r, nil
}

// Blob returns the blob of a client's NTLMv2 response. time is a FILETIME.
func Blob(time uint64, client [8]byte, pairs AVPairs) []byte {
	blob := []byte{1, 1, 0, 0, 0, 0, 0, 0}
	blob = binary.LittleEndian.AppendUint64(blob, time)
	blob = append(append(blob, client[:]...), 0, 0, 0, 0)
	return append(pairs.Append(blob), 0, 0, 0, 0)
}

// MIC returns the message integrity code of a handshake, [MS-NLMP] section
// 3.1.5.1.2: over the three messages as they were sent, the last one, which must have
// room for it, with zeros in its place.
func MIC(session Key, negotiate, challenge, authenticate []byte) [16]byte {
	if len(authenticate) < authHeader {
		return [16]byte{}
	}
	var none [micSize]byte
	return hmacMD5(session, negotiate, challenge, authenticate[:authMIC], none[:], authenticate[authHeader:])
}

// SetMIC puts a message integrity code into a message that has room for it.
func SetMIC(authenticate []byte, mic [16]byte) { copy(authenticate[authMIC:authHeader], mic[:]) }
