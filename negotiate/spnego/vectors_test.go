package spnego

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// vector is a line of testdata/tokens.txt.
type vector struct {
	parser, name string
	token        []byte
}

func loadVectors(tb testing.TB) []vector {
	tb.Helper()
	f, err := os.Open("testdata/tokens.txt")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	var vs []vector
	for s := bufio.NewScanner(f); s.Scan(); {
		if s.Text() == "" || s.Text()[0] == '#' {
			continue
		}
		col := strings.Fields(s.Text())
		token, err := hex.DecodeString(col[2])
		if err != nil {
			tb.Fatalf("%s: %v", col[1], err)
		}
		vs = append(vs, vector{col[0], col[1], token})
	}
	if len(vs) < 20 {
		tb.Fatalf("only %d vectors", len(vs))
	}
	return vs
}

func find(tb testing.TB, name string) []byte {
	tb.Helper()
	vs := loadVectors(tb)
	i := slices.IndexFunc(vs, func(v vector) bool { return v.name == name })
	if i < 0 {
		tb.Fatalf("no vector %s", name)
	}
	return vs[i].token
}

// TestVectors checks that every token is known at first sight, parses, and
// encodes to the same bytes again.
func TestVectors(t *testing.T) {
	for _, v := range loadVectors(t) {
		var kind Kind
		switch v.parser {
		case "init":
			kind = Initial
			checkInit(t, v.token, true)
		case "resp":
			kind = Response
			checkResp(t, v.token, true)
		case "mech":
			kind = Kerberos
			checkMech(t, v.token, true)
		default:
			t.Fatalf("%s: no parser %q", v.name, v.parser)
		}
		if got := Classify(v.token); got != kind {
			t.Errorf("%s is classified as %v", v.name, got)
		}
	}
}

// TestInitVectors checks what is read from the tokens of each client.
func TestInitVectors(t *testing.T) {
	for _, c := range []struct {
		name       string
		mechs      string
		flags      string
		token      Kind // of the mechToken
		hints, mic bool
	}{
		{"mit-krb5-ntlm-c1", "Kerberos, NTLM", "", Kerberos, false, false},
		{"mit-ntlm-krb5-reselect-c1", "NTLM, Kerberos", "", NTLMSSP, false, false},
		{"mit-hints", "Kerberos, NTLM", "", Unknown, true, false},
		{"curl-c1", "Kerberos", "", Kerberos, false, false},
		{"java-c1", "Kerberos", "0136", Kerberos, false, false},
		{"java-mutual-c1", "Kerberos", "0176", Kerberos, false, false},
	} {
		i, err := ParseInit(find(t, c.name))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := names(i.MechTypes); got != c.mechs {
			t.Errorf("%s: mechanisms %s, want %s", c.name, got, c.mechs)
		}
		if got := hex.EncodeToString(i.ReqFlags); got != c.flags {
			t.Errorf("%s: flags %s", c.name, got)
		}
		if got := Classify(i.MechToken); got != c.token {
			t.Errorf("%s: mechToken is classified as %v", c.name, got)
		}
		if i.NegHints != nil != c.hints || i.MechListMIC != nil != c.mic {
			t.Errorf("%s: hints %x, MIC %x", c.name, i.NegHints, i.MechListMIC)
		}
	}
}

func names(mechs []OID) string {
	var words []string
	for _, m := range mechs {
		words = append(words, m.String())
	}
	return strings.Join(words, ", ")
}

// TestRespVectors checks what is read from the later tokens of a dialogue.
func TestRespVectors(t *testing.T) {
	for _, c := range []struct {
		name       string
		state      State
		mech       OID
		token, mic bool
	}{
		{"mit-krb5-ntlm-s2", AcceptCompleted, KRB5, true, false},
		{"mit-ntlm-s2", AcceptIncomplete, NTLM, true, false},
		{"mit-ntlm-krb5-reselect-s2", RequestMIC, KRB5, false, false},
		{"mit-ntlm-krb5-reselect-c3", AcceptIncomplete, "", true, false},
		{"mit-ntlm-krb5-reselect-c5", AcceptCompleted, "", false, true},
		{"mit-ntlm-krb5-reselect-nomutual-s4", AcceptCompleted, "", false, true},
	} {
		r, err := ParseResp(find(t, c.name))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if r.State != c.state || r.SupportedMech != c.mech || r.ResponseToken != nil != c.token || r.MechListMIC != nil != c.mic {
			t.Errorf("%s: %v, %v, token %x, MIC %x", c.name, r.State, r.SupportedMech, r.ResponseToken, r.MechListMIC)
		}
	}
}

func TestMechTokenVectors(t *testing.T) {
	for name, id := range map[string]TokenID{"mit-krb5-raw-c1": APReq, "mit-krb5-raw-s2": APRep, "java-krb5-raw-c1": APReq} {
		m, err := ParseMechToken(find(t, name))
		if err != nil || m.Mech != KRB5 || m.ID != id || len(m.Body) < 100 {
			t.Errorf("%s: %v, %v, %v, %d octets", name, err, m.Mech, m.ID, len(m.Body))
		}
	}
}

// TestClientLists builds the tokens of clients whose lists of mechanisms are
// known, the encoding of the list being theirs.
func TestClientLists(t *testing.T) {
	ap := find(t, "mit-krb5-raw-c1")
	for _, c := range []struct{ client, list, mechs string }{
		{"MIT, older", "302506092a864886f71201020206052b0501050206092a864882f71201020206062b0601050205",
			"Kerberos, 1.3.5.1.5.2, Kerberos (Microsoft), IAKERB"},
		{"Windows 2003", "302206092a864882f71201020206092a864886f712010202060a2b06010401823702020a",
			"Kerberos (Microsoft), Kerberos, NTLM"},
		{"Windows with NegoEx", "302e06092a864882f71201020206092a864886f712010202060a2b06010401823702021e060a2b06010401823702020a",
			"Kerberos (Microsoft), Kerberos, NegoEx, NTLM"},
	} {
		list, err := hex.DecodeString(c.list)
		if err != nil {
			t.Fatal(err)
		}
		token := wrap(0x60, wrap(0x06, []byte(SPNEGO)), wrap(0xa0, wrap(0x30, wrap(0xa0, list), wrap(0xa2, wrap(0x04, ap)))))
		i, err := ParseInit(token)
		if err != nil {
			t.Fatalf("%s: %v", c.client, err)
		}
		if got := names(i.MechTypes); got != c.mechs {
			t.Errorf("%s: %s", c.client, got)
		}
		if got := i.MechTypeList(); !bytes.Equal(got, list) {
			t.Errorf("%s: a MIC would be of %x", c.client, got)
		}
		if !reflect.DeepEqual(i.MechToken, ap) || !bytes.Equal(i.Append(nil), token) {
			t.Errorf("%s: another token", c.client)
		}
	}
}
