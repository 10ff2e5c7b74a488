package decode

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"flag"
	"os"
	"strings"
	"testing"
	"time"
	"unicode"

	"squidauth/negotiate/kerberos"
	"squidauth/negotiate/kerberos/krbtest"
	"squidauth/negotiate/pac/pactest"
	"squidauth/negotiate/spnego"
	"squidauth/ntlm/ntlmssp"
	"squidauth/ntlm/ntlmssp/ntlmtest"
)

var update = flag.Bool("update", false, "write testdata/tokens.golden anew")

func keys(t testing.TB) *kerberos.Keyring {
	t.Helper()
	k, err := kerberos.ParseKeytab(krbtest.ServiceKeytab(krbtest.AES256SHA1))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// ntlmTokens are the three messages of a login.
func ntlmTokens(t testing.TB) (negotiate, challenge, authenticate []byte) {
	t.Helper()
	client := ntlmtest.Client{Domain: "EXAMPLE", User: "jürgen", Password: "jürgens-secret", Workstation: "PC-7", ClientChallenge: [8]byte{1, 2, 3, 4}}
	negotiate = client.Negotiate()
	challenge = ntlmssp.Challenge{
		Flags: ntlmtest.DefaultFlags | ntlmssp.TargetTypeDomain | ntlmssp.NegotiateTargetInfo, ServerChallenge: [8]byte{8, 7, 6, 5, 4, 3, 2, 1}, TargetName: "EXAMPLE",
		TargetInfo: ntlmssp.AVPairs{
			ntlmssp.Name(ntlmssp.AvNbDomainName, "EXAMPLE"), ntlmssp.Name(ntlmssp.AvNbComputerName, "PROXY"),
			ntlmssp.Timestamp(krbtest.Now),
		},
	}.Append(nil)
	authenticate, err := client.Authenticate(negotiate, challenge)
	if err != nil {
		t.Fatal(err)
	}
	return negotiate, challenge, authenticate
}

// login is a ticket with a PAC.
func login() krbtest.Login {
	ticket := krbtest.NewTicket(krbtest.AES256SHA1)
	ticket.AuthData = krbtest.WithPAC(pactest.Build(pactest.Spec{
		Logon: &pactest.Logon{
			Name: krbtest.Client, Domain: "EXAMPLE", DomainSID: "S-1-5-21-1-2-3", UserID: 1000, PrimaryGroup: 513, Groups: []uint32{513, 2001},
		},
		Client: krbtest.Client, AuthTime: ticket.AuthTime, Key: krbtest.ServiceKey(krbtest.AES256SHA1),
	}))
	return ticket.Login()
}

// TestUnknownMechanism: a token of a mechanism that is not known may be a password.
func TestUnknownMechanism(t *testing.T) {
	for _, token := range [][]byte{
		spnego.Init{MechTypes: []spnego.OID{spnego.NTLM}, MechToken: []byte("alices-secret")}.Append(nil),
		spnego.Resp{State: spnego.AcceptIncomplete, ResponseToken: []byte("alices-secret")}.Append(nil),
	} {
		for _, secrets := range []bool{false, true} {
			var out strings.Builder
			d := decoder{secrets: secrets}
			if err := d.all(strings.NewReader(base64.StdEncoding.EncodeToString(token)), &out); err != nil {
				t.Fatal(err)
			}
			if shown := strings.Contains(out.String(), hex.EncodeToString([]byte("alice"))); shown != secrets {
				t.Errorf("with --secrets %v:\n%s", secrets, out.String())
			}
		}
	}
}

// TestTokens compares with what was printed before, of which a person has to say that it
// is right.
func TestTokens(t *testing.T) {
	negotiate, challenge, authenticate := ntlmTokens(t)
	krb := login()
	encoded := base64.StdEncoding.EncodeToString
	lines := []string{
		"YR " + encoded(negotiate),
		"TT " + encoded(challenge),
		`2026/11/22 10:00:00 kid1| Proxy-Authorization: NTLM ` + encoded(authenticate),
		"Proxy-Authorization: Negotiate " + encoded(krb.Init(spnego.KRB5)),
		"KK " + encoded(krb.Init(spnego.NegoEx, spnego.MSKRB5, spnego.KRB5, spnego.NTLM)),
		"OK token=" + encoded(spnego.Resp{State: spnego.AcceptCompleted, SupportedMech: spnego.NTLM, ResponseToken: []byte{}, MechListMIC: make([]byte, 16)}.Append(nil)) + " user=alice",
		encoded(spnego.Init{MechTypes: []spnego.OID{spnego.NTLM}, MechToken: negotiate}.Append(nil)),
		encoded([]byte("NTLMSSP\x00\x09\x00\x00\x00")),
		encoded([]byte("nothing of the kind")),
		"OK user=alice",
	}
	in := strings.Join(lines, "\n\n")
	var out bytes.Buffer
	d := &decoder{keys: keys(t), now: krbtest.Now}
	if err := d.all(strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	d.keys = nil
	if err := d.all(strings.NewReader(lines[3]), &out); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/tokens.golden"
	if *update {
		if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || !bytes.Equal(want, out.Bytes()) {
		t.Errorf("%v: got\n%s", err, out.String())
	}
}

// TestSecrets are shown on request only.
func TestSecrets(t *testing.T) {
	_, _, authenticate := ntlmTokens(t)
	m, err := ntlmssp.ParseAuthenticate(authenticate)
	if err != nil {
		t.Fatal(err)
	}
	krb := login()
	secrets := []string{
		hex.EncodeToString(m.NTResponse[:16]), hex.EncodeToString(m.EncryptedRandomSessionKey), hex.EncodeToString(m.MIC),
		hex.EncodeToString(krb.Ticket.Session.KeyValue), hex.EncodeToString([]byte("bob:password")), // of Basic
	}
	for _, shown := range []bool{false, true} {
		d := &decoder{keys: keys(t), now: time.Now(), secrets: shown}
		var out bytes.Buffer
		w := &writer{out: &out}
		d.token(w, authenticate)
		d.token(w, krb.Init(spnego.KRB5))
		d.token(w, []byte("bob:password"))
		for i, s := range secrets {
			if s != "" && strings.Contains(out.String(), s) != shown {
				t.Errorf("secret %d: shown %v", i, !shown)
			}
		}
	}
}

// FuzzToken: whatever is in a token, what is printed is text, and not much of it.
func FuzzToken(f *testing.F) {
	negotiate, challenge, authenticate := ntlmTokens(f)
	for _, token := range [][]byte{negotiate, challenge, authenticate, login().Init(spnego.KRB5), login().Token(spnego.KRB5), nil, []byte("NEGOEXTS")} {
		f.Add(token)
	}
	d := &decoder{keys: keys(f), now: krbtest.Now}
	f.Fuzz(func(t *testing.T, token []byte) {
		var out bytes.Buffer
		d.token(&writer{out: &out}, token)
		if out.Len() == 0 || out.Len() > 20_000+60*len(token) {
			t.Errorf("%d bytes printed", out.Len())
		}
		for line := range strings.Lines(out.String()) {
			if strings.ContainsFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%q", line)
			}
		}
	})
}
