package machine

import (
	"bytes"
	"strings"
	"testing"
)

func TestParseAccount(t *testing.T) {
	for _, c := range []struct{ name, realm, want, salt string }{
		{"PROXY1$", "EXAMPLE.ORG", "PROXY1$@EXAMPLE.ORG", "EXAMPLE.ORGhostproxy1.example.org"},
		{"Proxy-1", "ad.example.org.", "Proxy-1$@AD.EXAMPLE.ORG", "AD.EXAMPLE.ORGhostproxy-1.ad.example.org"},
		{"PROXY1.EXAMPLE$", "EXAMPLE.ORG", "", ""},
		{"SIXTEEN-LETTERS-$", "EXAMPLE.ORG", "", ""},
		{"$", "EXAMPLE.ORG", "", ""},
		{"P*", "EXAMPLE.ORG", "", ""},
		{"P$$", "EXAMPLE.ORG", "", ""},
		{"PROXY1$", "", "", ""},
		{"PROXY1$", "EXAMPLE..ORG", "", ""},
		{"PROXY1$", "dc=example", "", ""},
	} {
		a, err := ParseAccount(c.name, c.realm)
		if (err == nil) != (c.want != "") || err == nil && (a.String() != c.want || a.salt() != c.salt) {
			t.Errorf("%q, %q: %s, %s, %v", c.name, c.realm, a, a.salt(), err)
		}
	}
}

func TestSPNs(t *testing.T) {
	for _, good := range []string{"HTTP/proxy.example.org", "HTTP/proxy.example.org:3128", "ldap/a/b"} {
		if err := checkSPN(good); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"", "HTTP", "HTTP/", "/proxy", "HTTP/proxy@REALM", "HTTP/a b", "HTTP/a\x00", "a/b/c/d", "HTTP/\xff", `HTTP/a\b`, "HTTP/" + strings.Repeat("a", maxSPN)} {
		if checkSPN(bad) == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	got := strings.Join(allSPNs(proxy1, "proxy1.example.org", []string{"HTTP/proxy.example.org", "host/PROXY1.example.org", "http/PROXY.example.org"}), " ")
	if want := "HOST/PROXY1 HOST/proxy1.example.org HTTP/proxy.example.org"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestPassword: what has not all kinds of characters that policies want is not taken.
func TestPassword(t *testing.T) {
	mixed := bytes.Repeat([]byte{0xd7, 0x5d, 0x75, 0x00, 0x10, 0x83}, passwordSize/6) // "1111ABCD"
	p, err := newPassword(bytes.NewReader(append(make([]byte, passwordSize), mixed...)))
	if err == nil || p != "" {
		t.Errorf("%q has no small letter", p)
	}
	small := bytes.Repeat([]byte{0x69, 0xb7, 0x1d, 0xd7, 0x5d, 0x00}, passwordSize/6)
	p, err = newPassword(bytes.NewReader(append(mixed, small...)))
	if want := strings.Repeat("abcd110A", 8); err != nil || p != want {
		t.Errorf("%q, %v, want %q", p, err, want)
	}
	if got := unicodePwd("pä€"); got != "\"\x00p\x00\xe4\x00\xac\x20\"\x00" {
		t.Errorf("%q", got)
	}
}
