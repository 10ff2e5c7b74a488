//go:build unix

package e2e

import (
	"encoding/asn1"
	"encoding/base64"
	"testing"
)

// The mechanisms that Windows offers, and SPNEGO itself.
var (
	MSKRB5 = asn1.ObjectIdentifier{1, 2, 840, 48018, 1, 2, 2} // Windows 2000's misspelling, first ever since
	KRB5   = asn1.ObjectIdentifier{1, 2, 840, 113554, 1, 2, 2}
	NegoEx = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 2, 2, 30}
	NTLM   = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 2, 2, 10}

	spnego = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 2}
)

// NegTokenInit begins a negotiation (RFC 4178 section 4.2.1). This and
// NegTokenResp are for clients that no library here is; our helper has a coder
// of its own. Nil fields are left out.
type NegTokenInit struct {
	MechTypes   []asn1.ObjectIdentifier `asn1:"explicit,tag:0"`
	ReqFlags    asn1.BitString          `asn1:"explicit,optional,tag:1"`
	MechToken   []byte                  `asn1:"explicit,optional,tag:2"`
	MechListMIC []byte                  `asn1:"explicit,optional,tag:3"`
}

// Token returns the token in base64, framed as RFC 2743 section 3.1 says.
func (i NegTokenInit) Token(t testing.TB) string {
	t.Helper()
	return marshal(t, struct {
		Mech asn1.ObjectIdentifier
		Init NegTokenInit `asn1:"explicit,tag:0"`
	}{spnego, i}, "application,tag:0")
}

// MechList returns what a MechListMIC signs.
func MechList(t testing.TB, mechs []asn1.ObjectIdentifier) []byte {
	t.Helper()
	list, err := asn1.Marshal(mechs)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// The states of a negotiation (RFC 4178 section 4.2.2).
const (
	AcceptCompleted  asn1.Enumerated = 0
	AcceptIncomplete asn1.Enumerated = 1
	RequestMIC       asn1.Enumerated = 3
)

// NegTokenResp is every token but the first (RFC 4178 section 4.2.2).
type NegTokenResp struct {
	State         asn1.Enumerated       `asn1:"explicit,optional,tag:0,default:-1"`
	SupportedMech asn1.ObjectIdentifier `asn1:"explicit,optional,tag:1"`
	ResponseToken []byte                `asn1:"explicit,optional,tag:2"`
	MechListMIC   []byte                `asn1:"explicit,optional,tag:3"`
}

// Token returns the token in base64.
func (r NegTokenResp) Token(t testing.TB) string {
	t.Helper()
	return marshal(t, r, "explicit,tag:1")
}

// ParseNegTokenResp reads a token in base64.
func ParseNegTokenResp(t testing.TB, token string) NegTokenResp {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	var r NegTokenResp
	if rest, err := asn1.UnmarshalWithParams(der, &r, "explicit,tag:1"); err != nil || len(rest) > 0 {
		t.Fatalf("no NegTokenResp, but %q: %v", token, err)
	}
	return r
}

func marshal(t testing.TB, value any, params string) string {
	t.Helper()
	der, err := asn1.MarshalWithParams(value, params)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}
