package ntlmssp

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

// The values of [MS-NLMP] section 4.2.1.
const (
	specUser     = "User"
	specPassword = "Password"
	specDomain   = "Domain"
	specMachine  = "COMPUTER"
)

var (
	specServer  = [8]byte{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef}
	specClient  = [8]byte(bytes.Repeat([]byte{0xaa}, 8))
	specSession = Key(bytes.Repeat([]byte{0x55}, 16))
)

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func wantHex(t *testing.T, name string, got []byte, want string) {
	t.Helper()
	if !bytes.Equal(got, unhex(t, want)) {
		t.Errorf("%s: %x, want %s", name, got, want)
	}
}

// messages are a challenge and its answer as the specification prints them.
type messages struct{ challenge, authenticate string }

// TestNTLMv1 is section 4.2.2.
func TestNTLMv1(t *testing.T) {
	hash := NTOWFv1(specPassword)
	wantHex(t, "NTOWFv1", hash[:], "a4f49c406510bdcab6824ee7c30fd852")
	response := hash.NTLMv1(specServer)
	wantHex(t, "response", response[:], "67c43011f30298a2ad35ece64f16331c44bdbed927841f94")
	base := hash.SessionBaseKeyV1()
	wantHex(t, "session base key", base[:], "d87262b0cde4b1cb7499becccdf10784")
	exchange := base.ExchangeKey(NTLMv1, specServer, response[:])
	sealed := exchange.RC4(specSession)
	wantHex(t, "encrypted session key", sealed[:], "518822b1b3f350c8958682ecbb3e3cb7")
}

// TestNTLM2Session is section 4.2.3.
func TestNTLM2Session(t *testing.T) {
	hash := NTOWFv1(specPassword)
	response := hash.NTLMv1(NTLM2Challenge(specServer, specClient))
	wantHex(t, "response", response[:], "7537f803ae367128ca458204bde7caf81e97ed2683267232")
	exchange := hash.SessionBaseKeyV1().ExchangeKey(NTLM2Session, specServer, append(specClient[:], make([]byte, 16)...))
	wantHex(t, "exchange key", exchange[:], "eb93429a8bd952f8b89c55b87f475edc")
}

// TestNTLMv2 is section 4.2.4.
func TestNTLMv2(t *testing.T) {
	key := NTOWFv1(specPassword).NTOWFv2(specUser, specDomain)
	wantHex(t, "NTOWFv2", key[:], "0c868a403bfd7a93a3001ef22ef02e3f")
	lm := key.LMv2(specServer, specClient)
	wantHex(t, "LMv2", lm[:], "86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa")
	blob := Blob(0, specClient, AVPairs{Name(AvNbDomainName, "Domain"), Name(AvNbComputerName, "Server")})
	proof := key.NTProof(specServer, blob)
	wantHex(t, "proof", proof[:], "68cd0ab851e51c96aabc927bebef6a1c")
	base := key.SessionBaseKeyV2(proof)
	wantHex(t, "session base key", base[:], "8de40ccadbc14a82f15cb0ad0de95ca3")
	sealed := base.ExchangeKey(NTLMv2, specServer, lm[:]).RC4(specSession)
	wantHex(t, "encrypted session key", sealed[:], "c5dad2544fc9799094ce1ce90bc9d03e")
}

// The messages of sections 4.2.2.3, 4.2.3.3 and 4.2.4.3.
var specMessages = map[Form]messages{
	NTLMv1: {
		challenge: `4e544c4d53535000 02000000 0c000c0038000000 338202e2 0123456789abcdef 0000000000000000
			0000000000000000 060070170000000f 530065007200760065007200`,
		authenticate: `4e544c4d53535000 03000000 180018006c000000 1800180084000000 0c000c0048000000 0800080054000000
			100010005c000000 100010009c000000 358280e2 0501280a0000000f
			44006f006d00610069006e00 5500730065007200 43004f004d0050005500540045005200
			98def7b87f88aa5dafe2df779688a172def11c7d5ccdef13 67c43011f30298a2ad35ece64f16331c44bdbed927841f94
			518822b1b3f350c8958682ecbb3e3cb7`,
	},
	NTLM2Session: {
		challenge: `4e544c4d53535000 02000000 0c000c0038000000 33820a82 0123456789abcdef 0000000000000000
			0000000000000000 060070170000000f 530065007200760065007200`,
		authenticate: `4e544c4d53535000 03000000 180018006c000000 1800180084000000 0c000c0048000000 0800080054000000
			100010005c000000 000000009c000000 35820882 0501280a0000000f
			44006f006d00610069006e00 5500730065007200 43004f004d0050005500540045005200
			aaaaaaaaaaaaaaaa00000000000000000000000000000000 7537f803ae367128ca458204bde7caf81e97ed2683267232`,
	},
	NTLMv2: {
		challenge: `4e544c4d53535000 02000000 0c000c0038000000 33828ae2 0123456789abcdef 0000000000000000
			2400240044000000 060070170000000f 530065007200760065007200
			02000c0044006f006d00610069006e00 01000c00530065007200760065007200 00000000`,
		authenticate: `4e544c4d53535000 03000000 180018006c000000 5400540084000000 0c000c0048000000 0800080054000000
			100010005c000000 10001000d8000000 358288e2 0501280a0000000f
			44006f006d00610069006e00 5500730065007200 43004f004d0050005500540045005200
			86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa 68cd0ab851e51c96aabc927bebef6a1c
			0101000000000000 0000000000000000 aaaaaaaaaaaaaaaa 00000000
			02000c0044006f006d00610069006e00 01000c00530065007200760065007200 00000000 00000000
			c5dad2544fc9799094ce1ce90bc9d03e`,
	},
}

// TestMessages reads the messages of the specification, writes them byte by byte,
// and finds in them what the client's session key was. (Two of the challenges have
// a target information field at offset 0, with nothing in it.)
func TestMessages(t *testing.T) {
	for form, m := range specMessages {
		t.Run(form.String(), func(t *testing.T) {
			c, err := ParseChallenge(unhex(t, m.challenge))
			if err != nil {
				t.Fatal(err)
			}
			if c.ServerChallenge != specServer || c.TargetName != "Server" || c.Version != (Version{6, 0, 0x70, 0x17, 0, 0, 0, 15}) {
				t.Errorf("challenge %+v", c)
			}
			wantHex(t, "challenge", c.Append(nil), m.challenge)
			a, err := ParseAuthenticate(unhex(t, m.authenticate))
			if err != nil {
				t.Fatal(err)
			}
			if a.Domain != specDomain || a.User != specUser || a.Workstation != specMachine || a.MIC != nil ||
				a.Version != (Version{5, 1, 0x28, 0x0a, 0, 0, 0, 15}) || a.Form() != form {
				t.Errorf("%v, %+v", a.Form(), a)
			}
			wantHex(t, "authenticate", a.Append(nil), m.authenticate)
			if got := specSessionOf(t, &a); form != NTLM2Session && got != specSession {
				t.Errorf("session key %x", [16]byte(got))
			}
		})
	}
}

func specSessionOf(t *testing.T, a *Authenticate) Key {
	t.Helper()
	hash := NTOWFv1(specPassword)
	base := hash.SessionBaseKeyV1()
	if a.Form() == NTLMv2 {
		r, err := ParseResponse(a.NTResponse)
		if err != nil {
			t.Fatal(err)
		}
		v2 := hash.NTOWFv2(a.User, a.Domain)
		if v2.NTProof(specServer, r.Blob) != r.Proof {
			t.Errorf("proof %x", [16]byte(r.Proof))
		}
		base = v2.SessionBaseKeyV2(r.Proof)
	}
	session, err := base.ExchangeKey(a.Form(), specServer, a.LMResponse).Exchanged(a)
	if err != nil {
		t.Fatal(err)
	}
	return session
}
