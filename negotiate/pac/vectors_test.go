package pac

import (
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/pac/pactest"
)

// A vector is a line of testdata/vectors.txt, a PAC that others made.
type vector struct {
	name     string
	key      types.EncryptionKey // of the server, zero if not known
	client   string
	authtime time.Time
	pac      []byte
}

func loadVectors(tb testing.TB) []vector {
	tb.Helper()
	var vectors []vector
	for line := range strings.Lines(readFile(tb, "testdata/vectors.txt")) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Fields(line)
		if len(f) != 5 {
			tb.Fatalf("bad line %.80q", line)
		}
		seconds, err := strconv.ParseInt(f[3], 10, 64)
		if err != nil {
			tb.Fatal(err)
		}
		v := vector{name: f[0], client: f[2], authtime: time.Unix(seconds, 0), pac: unhex(tb, f[4])}
		if kind, value, ok := strings.Cut(f[1], ":"); ok {
			n, err := strconv.ParseInt(kind, 10, 32)
			if err != nil {
				tb.Fatal(err)
			}
			v.key = types.EncryptionKey{KeyType: int32(n), KeyValue: unhex(tb, value)}
		}
		vectors = append(vectors, v)
	}
	if len(vectors) < 6 {
		tb.Fatalf("only %d vectors", len(vectors))
	}
	return vectors
}

func readFile(tb testing.TB, name string) string {
	tb.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func parse(tb testing.TB, data []byte) *PAC {
	tb.Helper()
	p, err := Parse(data)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// describe spells out a PAC as testdata/expected.txt does.
func describe(name string, p *PAC) string {
	b := fmt.Appendln(nil, name)
	line := func(format string, a ...any) { b = append(fmt.Appendf(append(b, '\t'), format, a...), '\n') }
	if l := p.Logon; l != nil {
		line("logon %q %q %q %q flags %x control %x", l.EffectiveName, l.FullName, l.LogonServer, l.LogonDomainName,
			l.UserFlags, l.UserAccountControl)
		line("domain %v", l.DomainSID)
		line("user %v", l.UserSID)
		line("primary %v", l.PrimaryGroup)
		for _, g := range l.Groups {
			line("group %v %x", g.SID, g.Attributes)
		}
		for _, g := range l.ExtraSIDs {
			line("extra %v %x", g.SID, g.Attributes)
		}
		for _, g := range l.ResourceGroups {
			line("resource %v %x", g.SID, g.Attributes)
		}
	}
	if u := p.UPN; u != nil {
		line("upn %q %q %v %q %v", u.UPN, u.DNSDomain, u.Constructed, u.SamName, u.SID)
	}
	if c := p.Client; c != nil {
		line("client %q %s", c.Name, c.AuthTime.Format(time.RFC3339Nano))
	}
	line("attributes %x requestor %v malformed %v", p.Attributes, p.Requestor, p.Malformed)
	return string(b)
}

func TestVectors(t *testing.T) {
	expected := strings.SplitAfter(readFile(t, "testdata/expected.txt"), "\n\n")[1:]
	vectors := loadVectors(t)
	if len(expected) != len(vectors) {
		t.Fatalf("%d vectors, %d expectations", len(vectors), len(expected))
	}
	signed := 0
	for i, v := range vectors {
		p := parse(t, v.pac)
		if got, want := describe(v.name, p), strings.TrimRight(expected[i], "\n")+"\n"; got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
		if err := p.CheckClient(v.client, v.authtime); err != nil {
			t.Errorf("%s: %v", v.name, err)
		}
		if v.key.KeyType == 0 {
			continue
		}
		signed++
		if err := p.VerifyServerSignature(v.key); err != nil {
			t.Errorf("%s: %v", v.name, err)
		}
	}
	if signed < 5 {
		t.Errorf("only %d signatures", signed)
	}
}

// TestTrustedUser reads a LOGON_INFO whose resource groups are of another domain
// than the user.
func TestTrustedUser(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(readFile(t, "testdata/trust.txt")), "\n")
	logon := pactest.Buffer{Type: typeLogonInfo, Data: unhex(t, lines[len(lines)-1])}
	p := parse(t, pactest.Build(pactest.Spec{Buffers: []pactest.Buffer{logon}}))
	const user, resource = "S-1-5-21-2284869408-3503417140-1141177250", "S-1-5-21-3062750306-1230139592-1973306805"
	want := []string{user + "-1106", user + "-1110", user + "-513", user + "-1109", "S-1-18-1",
		resource + "-1107", resource + "-1108"}
	if got := fmt.Sprint(p.SIDs()); got != fmt.Sprint(want) {
		t.Errorf("got %s, want %s", got, want)
	}
	if p.Logon.ResourceGroups[1].Attributes != 0x20000007 || p.Malformed != nil {
		t.Errorf("got %+v, %v", p.Logon, p.Malformed)
	}
}

func TestCheckClient(t *testing.T) {
	now := time.Unix(1700000000, 0)
	p := parse(t, pactest.Build(pactest.Spec{Client: "HTTP/jürgen😀", AuthTime: now.Add(300 * time.Nanosecond)}))
	if p.Client.AuthTime.Nanosecond() != 300 {
		t.Errorf("time %v", p.Client.AuthTime)
	}
	for _, c := range []struct {
		name string
		time time.Time
		want error
	}{
		{"HTTP/jürgen😀", now, nil},
		{"HTTP/jürgen😀", now.In(time.FixedZone("", 3600)).Add(999 * time.Millisecond), nil},
		{"HTTP/jürgen", now, errOtherName},
		{"http/jürgen😀", now, errOtherName},
		{"", now, errOtherName},
		{"HTTP/jürgen😀", now.Add(time.Second), errOtherTime},
		{"HTTP/jürgen😀", now.Add(-time.Second), errOtherTime},
		{"HTTP/jürgen😀", time.Time{}, errOtherTime},
	} {
		if err := p.CheckClient(c.name, c.time); err != c.want {
			t.Errorf("%q, %v: got %v, want %v", c.name, c.time, err, c.want)
		}
	}
	if err := parse(t, pactest.Build(pactest.Spec{})).CheckClient("", time.Time{}); err != errNoClient {
		t.Errorf("no CLIENT_INFO: %v", err)
	}
}
