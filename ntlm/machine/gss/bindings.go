package gss

import (
	"crypto"
	"crypto/md5"
	"crypto/x509"
	"encoding/binary"
)

// Bindings are those of a channel, as an authenticator's checksum has them (RFC 4121
// section 4.1.1.2). The zero Bindings are none.
type Bindings [md5.Size]byte

// ServerEndPoint returns the bindings of a TLS channel to the server that has the
// certificate (RFC 5929 section 4). There are none for signatures of which the hash
// is not defined.
func ServerEndPoint(c *x509.Certificate) Bindings {
	h := endPointHash(c.SignatureAlgorithm)
	if h == 0 {
		return Bindings{}
	}
	sum := h.New()
	sum.Write(c.Raw)
	return bindingsOf(append([]byte("tls-server-end-point:"), sum.Sum(nil)...))
}

// endPointHash is the signature's, or SHA-256 where that is weaker (RFC 5929 section
// 4.1).
func endPointHash(a x509.SignatureAlgorithm) crypto.Hash {
	switch a {
	case x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1,
		x509.SHA256WithRSA, x509.DSAWithSHA256, x509.ECDSAWithSHA256, x509.SHA256WithRSAPSS:
		return crypto.SHA256
	case x509.SHA384WithRSA, x509.ECDSAWithSHA384, x509.SHA384WithRSAPSS:
		return crypto.SHA384
	case x509.SHA512WithRSA, x509.ECDSAWithSHA512, x509.SHA512WithRSAPSS:
		return crypto.SHA512
	}
	return 0
}

// bindingsOf has the application's data and no addresses. MD5 is what the standard
// has, over what both sides know.
func bindingsOf(data []byte) Bindings {
	var b []byte
	for range 4 { // type and length of the initiator's address, and of the acceptor's
		b = binary.LittleEndian.AppendUint32(b, 0)
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	return md5.Sum(append(b, data...))
}
