package kerberos_test

import (
	"strings"
	"testing"

	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/kerberos"
	"squidauth/negotiate/kerberos/krbtest"
)

func TestParseKeytab(t *testing.T) {
	des := entry("proxy.example.org", krbtest.Realm, 3, false, types.EncryptionKey{KeyType: 3, KeyValue: make([]byte, 8)})
	whole := krbtest.ServiceKeytab(krbtest.AES256SHA1)
	for name, content := range map[string]string{
		"nothing":      "",
		"a byte":       "\x05",
		"no entries":   "\x05\x02\x00\x00\x00\x00",
		"text":         "# a keytab\n",
		"no such type": string(krbtest.Keytab(des)),
		"cut":          string(whole[:len(whole)-20]),
	} {
		if ring, err := kerberos.ParseKeytab([]byte(content)); ring != nil || err == nil {
			t.Errorf("%s: %v, %v", name, ring, err)
		}
	}
}

// TestDescribe: the words for the log have no keys in them.
func TestDescribe(t *testing.T) {
	ring, err := kerberos.ParseKeytab(krbtest.ServiceKeytab(krbtest.RC4, krbtest.AES256SHA2))
	if err != nil {
		t.Fatal(err)
	}
	const want = "HTTP/proxy.example.org@EXAMPLE.ORG kvno 3 rc4-hmac, HTTP/proxy.example.org@EXAMPLE.ORG kvno 3 aes256-cts-hmac-sha384-192"
	if got := ring.Describe(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if note := ring.Weak(); note != "" {
		t.Errorf("weak: %s", note)
	}
	ring, err = kerberos.ParseKeytab(krbtest.ServiceKeytab(krbtest.RC4))
	if err != nil {
		t.Fatal(err)
	}
	if note := ring.Weak(); !strings.Contains(note, "rc4") {
		t.Errorf("weak: %q", note)
	}
}
