package rpc

import "encoding/binary"

// Security protects the PDUs of one connection ([MS-RPCE] section 2.2.2.11) at
// level privacy: parameters are encrypted and signed. It is used by one goroutine
// at a time.
type Security interface {
	AuthType() byte
	VerifierSize() int // bytes, of what Seal returns

	// Token is sent with the bind, and Established gets the one in its answer.
	Token() []byte
	Established(token []byte) error

	// Seal encrypts in place and returns the verifier. Unseal decrypts in place;
	// its error says that this, with a verifier of whatever length, is not the next
	// message of the other side.
	Seal(data []byte) (verifier []byte)
	Unseal(data, verifier []byte) error
}

const (
	levelPrivacy = 6 // RPC_C_AUTHN_LEVEL_PKT_PRIVACY
	authContext  = 1 // any number: there is one context on a connection
	sealedUnit   = 16
)

// appendTrailer appends a sec_trailer, [MS-RPCE] section 2.2.2.11.
func appendTrailer(b []byte, authType byte, padding int) []byte {
	b = append(b, authType, levelPrivacy, byte(padding), 0)
	return binary.LittleEndian.AppendUint32(b, authContext)
}
