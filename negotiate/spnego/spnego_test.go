package spnego

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"slices"
	"testing"
)

// wrap is an independent DER encoder for the tests: tag, length, content.
func wrap(tag byte, content ...[]byte) []byte {
	c := slices.Concat(content...)
	switch n := len(c); {
	case n < 0x80:
		return append([]byte{tag, byte(n)}, c...)
	case n < 0x100:
		return append([]byte{tag, 0x81, byte(n)}, c...)
	default:
		return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, c...)
	}
}

// checkInit is the oracle for any bytes: a refused token has no value, and an
// accepted one is what its value encodes to.
func checkInit(t *testing.T, token []byte, must bool) {
	t.Helper()
	i, err := ParseInit(token)
	if err != nil {
		if must || !reflect.DeepEqual(i, Init{}) {
			t.Fatalf("%x: %v, %+v", token, err, i)
		}
		return
	}
	if got := i.Append([]byte("x")); string(got[:1]) != "x" || !bytes.Equal(got[1:], token) {
		t.Fatalf("%x encodes to %x", token, got[1:])
	}
	if len(i.MechTypes) == 0 || len(i.MechTypes) > maxMechTypes || !bytes.Contains(token, i.MechTypeList()) {
		t.Fatalf("%x: mechanisms %v", token, i.MechTypes)
	}
	if Classify(token) != Initial {
		t.Fatalf("%x is not classified as what it is", token)
	}
}

func checkResp(t *testing.T, token []byte, must bool) {
	t.Helper()
	r, err := ParseResp(token)
	if err != nil {
		if must || !reflect.DeepEqual(r, Resp{}) {
			t.Fatalf("%x: %v, %+v", token, err, r)
		}
		return
	}
	repeated := r
	repeated.MechListMIC = r.ResponseToken // the form of Windows 2000
	if got := r.Append(nil); !bytes.Equal(got, token) && !bytes.Equal(repeated.Append(nil), token) {
		t.Fatalf("%x encodes to %x", token, got)
	}
	if r.State > RequestMIC || Classify(token) != Response {
		t.Fatalf("%x: %+v", token, r)
	}
}

func checkMech(t *testing.T, token []byte, must bool) {
	t.Helper()
	m, err := ParseMechToken(token)
	if err != nil {
		if must || !reflect.DeepEqual(m, MechToken{}) {
			t.Fatalf("%x: %v, %+v", token, err, m)
		}
		return
	}
	if got := m.Append(nil); !bytes.Equal(got, token) {
		t.Fatalf("%x encodes to %x", token, got)
	}
	if Classify(token) != Kerberos {
		t.Fatalf("%x is not classified as what it is", token)
	}
}

// TestChangedVectors puts every truncation and every change of one byte to one
// of several others of every vector before all parsers.
func TestChangedVectors(t *testing.T) {
	check := func(token []byte) {
		checkInit(t, token, false)
		checkResp(t, token, false)
		checkMech(t, token, false)
		Classify(token)
	}
	for _, v := range loadVectors(t) {
		for n := range v.token {
			check(v.token[:n])
			changed := bytes.Clone(v.token)
			for _, x := range []byte{1, 2, 0x20, 0x40, 0x80, 0xff, v.token[n], v.token[n] ^ 0x80} {
				changed[n] = v.token[n] ^ x
				check(changed)
			}
		}
		if i, err := ParseInit(append(bytes.Clone(v.token), 0)); err == nil {
			t.Errorf("%s: garbage behind it: %+v", v.name, i)
		}
	}
}

// TestTruncated checks that no part of a token is taken for the whole.
func TestTruncated(t *testing.T) {
	for _, v := range loadVectors(t) {
		for n := range v.token {
			_, e1 := ParseInit(v.token[:n])
			_, e2 := ParseResp(v.token[:n])
			_, e3 := ParseMechToken(v.token[:n])
			if e1 == nil || e2 == nil || e3 == nil {
				t.Fatalf("%s: %d of %d octets are accepted", v.name, n, len(v.token))
			}
		}
	}
}

// TestBuiltInit checks build → parse → equal for every set of optional fields.
func TestBuiltInit(t *testing.T) {
	values := [][]byte{nil, {}, []byte("a"), bytes.Repeat([]byte("b"), 200), bytes.Repeat([]byte("c"), 70000)}
	for n, v := range values {
		for bits := range 16 {
			i := Init{MechTypes: []OID{NegoEx, MSKRB5, KRB5U2U, NTLM}[:1+n%4]}
			if bits&1 != 0 {
				i.ReqFlags = []byte{1, 0x36}
			}
			if bits&2 != 0 {
				i.MechToken = v
			}
			if bits&4 != 0 {
				i.NegHints = v
			}
			if bits&8 != 0 {
				i.MechListMIC = v
			}
			got, err := ParseInit(i.Append(nil))
			if err != nil || !reflect.DeepEqual(got, i) {
				t.Fatalf("case %d, fields %04b: %v", n, bits, err)
			}
		}
	}
}

// TestBuiltResp does so for NegTokenResp.
func TestBuiltResp(t *testing.T) {
	for state := range RequestMIC + 1 {
		for _, mech := range []OID{"", KRB5, NTLM} {
			for _, token := range [][]byte{nil, {}, bytes.Repeat([]byte("t"), 300)} {
				for _, mic := range [][]byte{nil, []byte("m"), bytes.Repeat([]byte("m"), 128)} {
					r := Resp{state, mech, token, mic}
					got, err := ParseResp(r.Append(nil))
					if err != nil || !reflect.DeepEqual(got, r) {
						t.Fatalf("%+v: %v, %+v", r, err, got)
					}
				}
			}
		}
	}
}

func TestBuiltMechToken(t *testing.T) {
	for _, mech := range []OID{KRB5, MSKRB5, KRB5U2U, IAKERB} {
		for _, id := range []TokenID{APReq, APRep, KRBError, TGTReq, TGTRep, IAKERBProxy, 0xffff} {
			for _, n := range []int{0, 1, 113, 300, 70000} {
				m := MechToken{mech, id, make([]byte, n)}
				got, err := ParseMechToken(m.Append(nil))
				if err != nil || !reflect.DeepEqual(got, m) {
					t.Fatalf("%v %v %d: %v", mech, id, n, err)
				}
			}
		}
	}
}

// TestRepeatedToken is Windows 2000's NegTokenResp.
func TestRepeatedToken(t *testing.T) {
	for _, token := range []string{"", "token"} {
		r, err := ParseResp(Resp{ResponseToken: []byte(token), MechListMIC: []byte(token)}.Append(nil))
		if err != nil || r.MechListMIC != nil || string(r.ResponseToken) != token {
			t.Errorf("%q: %v, %+v", token, err, r)
		}
	}
	if r, err := ParseResp(Resp{MechListMIC: []byte{}}.Append(nil)); err != nil || r.MechListMIC == nil {
		t.Errorf("an empty MIC alone: %v, %+v", err, r)
	}
}

// TestUnsayable checks that no State but the four is ever encoded.
func TestUnsayable(t *testing.T) {
	for s := range 256 {
		r, err := ParseResp(Resp{State: State(s)}.Append(nil))
		if want := State(s); err != nil || r.State != want && (s <= int(RequestMIC) || r.State != NoState) {
			t.Errorf("state %d: %v, %v", s, err, r.State)
		}
	}
}

// TestAliases checks that appending to a parsed field leaves the token alone.
func TestAliases(t *testing.T) {
	token := find(t, "mit-ntlm-c3")
	before := bytes.Clone(token)
	r, err := ParseResp(token)
	if err != nil {
		t.Fatal(err)
	}
	_ = append(r.ResponseToken, "overwritten"...)
	if !bytes.Equal(token, before) {
		t.Error("the token was changed")
	}
}

// TestBounded checks that the longest lists cost no more than a short one.
func TestBounded(t *testing.T) {
	most := Init{MechTypes: slices.Repeat([]OID{NTLM}, maxMechTypes)}
	checkInit(t, most.Append(nil), true)
	many := Init{MechTypes: slices.Repeat([]OID{"\x2a"}, 15000)}.Append(nil)
	many[0] = 0x60
	allocs := testing.AllocsPerRun(10, func() {
		if _, err := ParseInit(many); err == nil {
			t.Error("15000 mechanisms are accepted")
		}
	})
	if allocs > 2*maxMechTypes {
		t.Errorf("%v allocations", allocs)
	}
	huge, _ := hex.DecodeString("6084ffffffff06062b0601050502")
	checkInit(t, huge, false)
	if Classify(huge) != Initial {
		t.Error("the first bytes of an initial token are not recognised")
	}
}
