package spnego

import "testing"

// seeds adds the vectors of all three parsers, which are near misses to the
// other two.
func seeds(f *testing.F) {
	f.Helper()
	for _, v := range loadVectors(f) {
		f.Add(v.token)
	}
	f.Add([]byte{})
	f.Add(Init{MechTypes: []OID{NegoEx, NTLM}, ReqFlags: []byte{0, 0}, MechToken: []byte{}, NegHints: []byte{}, MechListMIC: []byte("m")}.Append(nil))
	f.Add(Resp{Reject, MSKRB5, []byte("t"), []byte("t")}.Append(nil))
	f.Add(MechToken{IAKERB, IAKERBProxy, nil}.Append(nil))
}

// FuzzParseInit checks on any bytes that they are refused with no value, or are
// what their value encodes to.
func FuzzParseInit(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, token []byte) { checkInit(t, token, false) })
}

// FuzzParseResp does so for NegTokenResp.
func FuzzParseResp(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, token []byte) { checkResp(t, token, false) })
}

// FuzzMechToken does so for Kerberos tokens.
func FuzzMechToken(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, token []byte) { checkMech(t, token, false) })
}
