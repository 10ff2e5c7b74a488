package initiator_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/krbtest"
)

func entry(name string, kvno uint32, enctype int32) krbtest.Entry {
	return krbtest.Entry{Components: strings.Split(name, "/"), Realm: "R", Kvno: kvno, Key: krbtest.Key(enctype, name)}
}

// TestChoose takes the key that a KDC would take.
func TestChoose(t *testing.T) {
	keys, err := initiator.ParseKeytab(krbtest.Keytab(
		entry("host/p", 9, krbtest.AES256SHA1),
		entry("HTTP/p", 2, krbtest.AES256SHA1),
		entry("HTTP/p", 3, krbtest.RC4),
		entry("HTTP/p", 3, krbtest.AES128SHA1),
		entry("HTTP/p", 3, krbtest.AES256SHA2),
		entry("HTTP/q", 300, krbtest.RC4),
		entry("HTTP", 4, krbtest.AES256SHA1),
	))
	if err != nil {
		t.Fatal(err)
	}
	for service, want := range map[string]string{
		"":         "HTTP/p@R kvno 3 aes128-cts-hmac-sha1-96",
		"HTTP/p":   "HTTP/p@R kvno 3 aes128-cts-hmac-sha1-96",
		"HTTP/p@R": "HTTP/p@R kvno 3 aes128-cts-hmac-sha1-96",
		"HTTP/q":   "HTTP/q@R kvno 300 rc4-hmac",
		"host/p":   "host/p@R kvno 9 aes256-cts-hmac-sha1-96",
		"HTTP/p@S": "the keytab has no key of HTTP/p@S: it has " + initiator.Describe(keys),
		"http/p":   "the keytab has no key of http/p: it has " + initiator.Describe(keys),
	} {
		key, err := initiator.Choose(keys, service)
		got := key.String()
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", service, got, want)
		}
		if weak := strings.HasSuffix(got, "rc4-hmac"); err == nil && key.Weak() != weak {
			t.Errorf("%s is weak: %v", key, key.Weak())
		}
	}
	// Where nothing is of HTTP, the first counts.
	if key, err := initiator.Choose(keys[:1], ""); err != nil || key.String() != keys[0].String() {
		t.Errorf("got %s, %v", key, err)
	}
}

// TestSecret prints keys in all ways that there are; their values stay unseen.
func TestSecret(t *testing.T) {
	key := serviceKeys(t)[0]
	value := key.Key.KeyValue
	for _, form := range []string{"%v", "%+v", "%s", "%q"} {
		text := fmt.Sprintf(form, key)
		for _, secret := range []string{string(value), hex.EncodeToString(value), base64.StdEncoding.EncodeToString(value), fmt.Sprint(value)} {
			if strings.Contains(text, secret) {
				t.Errorf("%s prints the key: %s", form, text)
			}
		}
	}
}

func TestBadKeytab(t *testing.T) {
	good := krbtest.ServiceKeytab(krbtest.AES256SHA1)
	des := krbtest.Keytab(krbtest.Entry{Components: []string{"HTTP", "p"}, Realm: "R", Key: krbtest.Key(krbtest.AES128SHA1, "")})
	des[len(des)-4-16-2-2+1] = 3 // its type: des-cbc-md5
	for name, content := range map[string][]byte{
		"empty": {}, "version only": {5, 2}, "text": []byte("not a keytab"), "half": good[:len(good)/2], "DES only": des,
		"size":          append([]byte{5, 2}, 0x7f, 0xff, 0xff, 0xff),
		"negative size": append([]byte{5, 2}, 0x80, 0, 0, 0),
	} {
		if keys, err := initiator.ParseKeytab(content); err == nil || keys != nil {
			t.Errorf("%s: %s, %v", name, initiator.Describe(keys), err)
		}
	}
}

// FuzzParseKeytab: no content makes it panic, or leads to keys that it cannot use.
func FuzzParseKeytab(f *testing.F) {
	seed := krbtest.ServiceKeytab(krbtest.Enctypes()...)
	if _, err := initiator.ParseKeytab(seed); err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, content []byte) {
		keys, err := initiator.ParseKeytab(content)
		if (err == nil) != (len(keys) > 0) {
			t.Fatalf("%d keys, %v", len(keys), err)
		}
		if err != nil {
			return
		}
		key, err := initiator.Choose(keys, "")
		if err == nil {
			_, err = initiator.Forge(key, key.Principal, krbtest.Now, 0)
		}
		if err != nil {
			t.Errorf("%s: %v", key, err)
		}
	})
}

func TestParsePrincipal(t *testing.T) {
	for text, want := range map[string]string{
		"alice":             "alice@R",
		"alice@EXAMPLE.ORG": "alice@EXAMPLE.ORG",
		"alice/admin":       "alice/admin@R",
		"a@b@C":             "a@b@C",
	} {
		if p, err := initiator.ParsePrincipal(text, "R"); err != nil || p.String() != want {
			t.Errorf("%q: %s, %v", text, p, err)
		}
	}
	for _, text := range []string{"", "@R", "alice@", "alice/", "/admin"} {
		if p, err := initiator.ParsePrincipal(text, "R"); err == nil {
			t.Errorf("%q: %s", text, p)
		}
	}
}
