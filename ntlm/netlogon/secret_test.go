package netlogon

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"squidauth/ntlm/ntlmssp"
)

const hash32 = "8846f7eaee8fb117ad06bdd830b7586c" // of "password"

// keytab builds a keytab.
type keytab struct{ b []byte }

func newKeytab() *keytab { return &keytab{[]byte(keytabVersion)} }

func (k *keytab) entry(principal string, kvno uint32, etype int, key []byte) *keytab {
	name, realm, _ := strings.Cut(principal, "@")
	parts := strings.Split(name, "/")
	text := func(b []byte, s string) []byte {
		return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
	}
	e := binary.BigEndian.AppendUint16(nil, uint16(len(parts)))
	e = text(e, realm)
	for _, p := range parts {
		e = text(e, p)
	}
	e = append(e, 0, 0, 0, 1, 0, 0, 0, 0, byte(kvno))
	e = text(binary.BigEndian.AppendUint16(e, uint16(etype)), string(key))
	e = binary.BigEndian.AppendUint32(e, kvno)
	return k.record(int32(len(e)), e)
}

func (k *keytab) record(size int32, content []byte) *keytab {
	k.b = append(binary.BigEndian.AppendUint32(k.b, uint32(size)), append([]byte(nil), content...)...)
	return k
}

func TestParseSecrets(t *testing.T) {
	password := ntlmssp.NTOWFv1("password")
	other := ntlmssp.Key{0: 7, 15: 9}
	entry := func(k *keytab, kvno uint32, key ntlmssp.Key) *keytab {
		return k.entry("PROXY$@EXAMPLE.TEST", kvno, 23, key[:])
	}
	tests := []struct {
		name    string
		content string
		want    []ntlmssp.Key
		err     error
	}{
		{"password", "password", []ntlmssp.Key{password}, nil},
		{"with a line end", "password\n", []ntlmssp.Key{password}, nil},
		{"with the other line end", "\r\npassword\r\n\r\n", []ntlmssp.Key{password}, nil},
		{"blanks count", " password ", []ntlmssp.Key{ntlmssp.NTOWFv1(" password ")}, nil},
		{"UTF-8", "pä€😀", []ntlmssp.Key{ntlmssp.NTOWFv1("pä€😀")}, nil},
		{"two", "next\npassword\n", []ntlmssp.Key{ntlmssp.NTOWFv1("next"), password}, nil},
		{"three", "a\nb\nc\n", nil, errManySecret},
		{"hash", "nthash:" + hash32, []ntlmssp.Key{password}, nil},
		{"hash in capitals", "nthash:" + strings.ToUpper(hash32) + "\n", []ntlmssp.Key{password}, nil},
		{"32 digits", hash32, []ntlmssp.Key{ntlmssp.NTOWFv1(hash32)}, nil},
		{"short hash", "nthash:" + hash32[1:], nil, errHash},
		{"no hash", "nthash:password", nil, errHash},
		{"empty", "", nil, errNoSecret},
		{"line ends only", "\n\r\n", nil, errNoSecret},
		{"NUL", "pass\x00word", nil, errNotText},
		{"Latin-1", "p\xe4ss", nil, errNotText},
		{"keytab", string(entry(newKeytab(), 3, password).b), []ntlmssp.Key{password}, nil},
		{"newest first", string(entry(entry(entry(newKeytab(), 2, ntlmssp.Key{1}), 300, password), 299, other).b), []ntlmssp.Key{password, other}, nil},
		{"twice the same", string(entry(entry(newKeytab(), 2, password), 3, password).b), []ntlmssp.Key{password}, nil},
		{"of others", string(newKeytab().entry("HTTP/proxy@EXAMPLE.TEST", 9, 23, other[:]).entry("proxy$@EXAMPLE.TEST", 1, 23, password[:]).
			entry("PROXY$@EXAMPLE.TEST", 9, 18, make([]byte, 32)).entry("PROXY2$@EXAMPLE.TEST", 9, 23, other[:]).b), []ntlmssp.Key{password}, nil},
		{"with a hole", string(entry(newKeytab().record(-5, make([]byte, 5)), 1, password).b), []ntlmssp.Key{password}, nil},
		{"without RC4", string(newKeytab().entry("PROXY$@EXAMPLE.TEST", 9, 18, make([]byte, 32)).b), nil, errNoRC4},
		{"a key of 15 bytes", string(newKeytab().entry("PROXY$@EXAMPLE.TEST", 9, 23, other[1:]).b), nil, errNoRC4},
		{"empty keytab", keytabVersion, nil, errNoRC4},
		{"version 1", "\x05\x01", nil, errKeytab},
		{"cut short", string(entry(newKeytab(), 3, password).b[:40]), nil, errKeytab},
		{"half a length", keytabVersion + "\x00\x00", nil, errKeytab},
		{"record of no length", string(newKeytab().record(0, nil).b), nil, errKeytab},
		{"longest hole", string(newKeytab().record(-1<<31, nil).b), nil, errKeytab},
	}
	for _, c := range tests {
		s, err := parseSecrets([]byte(c.content), "PROXY$")
		if err != c.err || (s == nil) != (err != nil) || s != nil && !slices.Equal(s.hashes, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestSecretIsSecret: neither the log nor an error has a password.
func TestSecretIsSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	var log logBuffer
	for _, content := range []string{"tell-nobody", "tell-nobody\ntell-nobody-2\ntell-nobody-3", "nthash:tell-nobody", "tell-nobody\x00", "\x05\x02tell-nobody"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		s := OpenSecret(path, "PROXY$", slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
		secret, err := s.current(t.Context())
		all := fmt.Sprintf("%s %v %+v %#v %v", &log, secret, secret, secret, err)
		if hash := ntlmssp.NTOWFv1("tell-nobody"); strings.Contains(all, "tell-nobody") || strings.Contains(all, hex.EncodeToString(hash[:])) {
			t.Errorf("%q: %s", content, all)
		}
	}
}

// TestFingerprint tells secrets apart, and their order.
func TestFingerprint(t *testing.T) {
	a, b := ntlmssp.Key{1}, ntlmssp.Key{2}
	seen := map[uint32]bool{}
	for _, s := range []secrets{{[]ntlmssp.Key{a}}, {[]ntlmssp.Key{b}}, {[]ntlmssp.Key{a, b}}, {[]ntlmssp.Key{b, a}}} {
		seen[s.fingerprint()] = true
	}
	if len(seen) != 4 {
		t.Errorf("%d of 4", len(seen))
	}
}

// FuzzSecrets checks that there are as many secrets as may be, or an error.
func FuzzSecrets(f *testing.F) {
	f.Add([]byte("password\nbefore\n"))
	f.Add([]byte("nthash:" + hash32))
	key := make([]byte, 16)
	f.Add(newKeytab().entry("PROXY$@R", 1, 23, key).record(-3, key[:3]).entry("PROXY$@R", 400, 23, key).b)
	f.Fuzz(func(t *testing.T, content []byte) {
		s, err := parseSecrets(content, "PROXY$")
		if (s == nil) == (err == nil) || s != nil && (len(s.hashes) < 1 || len(s.hashes) > maxSecrets) {
			t.Fatalf("%v, %v", s, err)
		}
	})
}

// TestSecretMode: that others can read or change the file is said once.
func TestSecretMode(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no modes")
	}
	for mode, warnings := range map[os.FileMode]int{0o600: 0, 0o400: 0, 0o640: 0, 0o644: 1, 0o602: 1, 0o660: 1} {
		path, log := filepath.Join(t.TempDir(), "secret"), new(logBuffer)
		if err := errors.Join(os.WriteFile(path, []byte("p"), 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		s := OpenSecret(path, "PROXY$", slog.New(slog.NewTextHandler(log, nil)))
		for range 3 {
			if _, err := s.current(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if n := strings.Count(log.String(), "can read or change it"); n != warnings {
			t.Errorf("mode %o: %d warnings\n%s", mode, n, log)
		}
	}
}
