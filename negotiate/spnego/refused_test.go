package spnego

import (
	"encoding/hex"
	"testing"
)

const frame = "06062b0601050502" // the OID of SPNEGO

// refused is what is refused although some acceptor takes it, as named behind the
// colon, or although one has crashed on it.
var refused = []struct{ parser, what, token, why string }{
	{"init", "no bytes", "", "framing of the initial token"},
	{"init", "no mechanisms: gokrb5 8.4.4 panics", "6010" + frame + "a0063004a0023000", "mechTypes"},
	{"init", "no mechTypes", "600c" + frame + "a0023000", "mechTypes"},
	{"init", "no framing", "a0093007a005300306012a", "framing of the initial token"},
	{"init", "framing of Kerberos", "601606092a864886f712010202a0093007a005300306012a", "framing of the initial token"},
	{"init", "a mechanism of no octets", "6012" + frame + "a0083006a00430020600", "mechTypes"},
	{"init", "a mechanism cut off in an arc", "6013" + frame + "a0093007a0053003060182", "mechTypes"},
	{"init", "a mechanism with an arc of too many octets", "6014" + frame + "a00a3008a0063004060280" + "01", "mechTypes"},
	{"init", "a length of too many octets in the framing: MIT", "608113" + frame + "a0093007a005300306012a", "framing of the initial token"},
	{"init", "a length of too many octets inside: MIT", "6014" + frame + "a0810930" + "07a005300306012a", "NegTokenInit"},
	{"init", "indefinite length", "6080" + frame + "a0093007a005300306012a0000", "framing of the initial token"},
	{"init", "bytes behind: MIT", "6013" + frame + "a0093007a005300306012a00", "framing of the initial token"},
	{"init", "bytes behind, within the frame: MIT", "6014" + frame + "a0093007a005300306012a00", "NegTokenInit"},
	{"init", "reqFlags behind mechToken: MIT", "601b" + frame + "a011300fa005300306012aa2020400a1020300", "NegTokenInit: unexpected field"},
	{"init", "mechToken twice: Samba", "601b" + frame + "a011300fa005300306012aa2020400a2020400", "NegTokenInit: unexpected field"},
	{"init", "reqFlags of no octets", "6017" + frame + "a00d300ba005300306012aa1020300", "reqFlags"},
	{"init", "reqFlags of 40 bits", "601d" + frame + "a0133011a005300306012aa1080306000102030405", "reqFlags"},
	{"init", "a field [5]: MIT", "6017" + frame + "a00d300ba005300306012aa5020400", "NegTokenInit: unexpected field"},
	{"init", "[4] without [3]", "6017" + frame + "a00d300ba005300306012aa4020400", "NegTokenInit: unexpected field"},
	{"init", "a MIC in [3] and [4]", "601b" + frame + "a011300fa005300306012aa3020400a4020400", "NegTokenInit: unexpected field"},
	{"init", "mechToken as a number", "6018" + frame + "a00e300ca005300306012aa203020101", "mechToken"},
	{"init", "two values in mechToken", "6019" + frame + "a00f300da005300306012aa20404000400", "mechToken"},
	{"resp", "no bytes", "", "NegTokenResp"},
	{"resp", "no SEQUENCE: MIT", "a105a0030a0100", "NegTokenResp"},
	{"resp", "bytes behind: MIT", "a1073005a0030a010000", "NegTokenResp"},
	{"resp", "bytes behind the SEQUENCE", "a1083005a0030a010000", "NegTokenResp"},
	{"resp", "framing: MIT, for Solaris", "6011" + frame + "a1073005a0030a0100", "NegTokenResp"},
	{"resp", "state 4", "a1073005a0030a0104", "negState"},
	{"resp", "state -1", "a1073005a0030a01ff", "negState"},
	{"resp", "state of two octets", "a1083006a0040a020000", "negState"},
	{"resp", "state of no octets", "a1063004a0020a00", "negState"},
	{"resp", "state twice", "a10c300aa0030a0100a0030a0100", "NegTokenResp: unexpected field"},
	{"resp", "no mechanism", "a1043002a100", "supportedMech"},
	{"resp", "two mechanisms", "a10a3008a10606012a06012a", "supportedMech"},
	{"resp", "a field [4]", "a1063004a4020400", "NegTokenResp: unexpected field"},
	{"mech", "no bytes", "", "framing of the mechanism token"},
	{"mech", "no token ID", "600b06092a864886f712010202", "mechanism token: no token ID"},
	{"mech", "half a token ID", "600c06092a864886f71201020201", "mechanism token: no token ID"},
	{"mech", "bytes behind", "600d06092a864886f712010202010000", "framing of the mechanism token"},
	{"mech", "SPNEGO", "600a" + frame + "0100", "mechanism token: not of Kerberos"},
	{"mech", "NTLM", "600e060a2b06010401823702020a0100", "mechanism token: not of Kerberos"},
	{"mech", "an AP-REQ without framing", "6e0330010030", "framing of the mechanism token"},
}

// TestRefused checks that each is refused, and for its own reason.
func TestRefused(t *testing.T) {
	for _, c := range refused {
		token, err := hex.DecodeString(c.token)
		if err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		switch c.parser {
		case "init":
			_, err = ParseInit(token)
		case "resp":
			_, err = ParseResp(token)
		case "mech":
			_, err = ParseMechToken(token)
		}
		if err == nil || err.Error() != "spnego: malformed "+c.why {
			t.Errorf("%s, %s: %v", c.parser, c.what, err)
		}
	}
}

// TestLeast holds the least forms that are accepted, of which those refused are
// variations.
func TestLeast(t *testing.T) {
	for what, token := range map[string]string{
		"one mechanism":    "6013" + frame + "a0093007a005300306012a",
		"empty mechToken":  "6017" + frame + "a00d300ba005300306012aa2020400",
		"flags of no bits": "6018" + frame + "a00e300ca005300306012aa103030100",
		"flags of 32 bits": "601c" + frame + "a0123010a005300306012aa10703050000000000",
		"MIC":              "6017" + frame + "a00d300ba005300306012aa3020400",
		"hints":            "6017" + frame + "a00d300ba005300306012aa3023000",
		"hints and MIC":    "601b" + frame + "a011300fa005300306012aa3023000a4020400",
	} {
		b, _ := hex.DecodeString(token)
		if _, err := ParseInit(b); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, token := range map[string]string{
		"no field": "a1023000", "state": "a1073005a0030a0100", "mechanism": "a1073005a10306012a", "token": "a1063004a2020400",
	} {
		b, _ := hex.DecodeString(token)
		if _, err := ParseResp(b); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		token string
		kind  Kind
	}{
		{"", Unknown},
		{hex.EncodeToString([]byte("NTLMSSP\x00\x01")), NTLMSSP},
		{hex.EncodeToString([]byte("NTLMSSP")), Unknown},
		{hex.EncodeToString([]byte("NEGOEXTS")), Unknown},
		{"a1", Response},
		{"a0", Unknown},
		{"60", Unknown},
		{"6080", Unknown},
		{"60ff00", Unknown},
		{"6000" + frame, Initial},
		{"6080" + frame, Initial},
		{"608200ff" + frame, Initial},
		{"6000" + frame[:len(frame)-2], Unknown},
		{"600006092a864886f712010202", Kerberos},
		{"600006092a864882f712010202", Kerberos},
		{"6000060a2a864886f71201020203", Kerberos},
		{"600006062b0601050205", Kerberos},
		{"6000060a2b06010401823702020a", Unknown},
	} {
		token, err := hex.DecodeString(c.token)
		if err != nil {
			t.Fatal(err)
		}
		if got := Classify(token); got != c.kind {
			t.Errorf("%s is classified as %v, want %v", c.token, got, c.kind)
		}
	}
}
