//go:build !nodb

package db

import (
	"crypto/md5"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"

	"squidauth/basic/passhash"
	"squidauth/protocol"
)

func itoa(n uint16) string { return strconv.Itoa(int(n)) }

func md5hex(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// FuzzJoomla: a password matches exactly where basic_db_auth says so, which takes what
// is stored apart at its colons, drops empty parts at the end, and puts the sum of
// password and second part together with that part.
func FuzzJoomla(f *testing.F) {
	f.Add("secret", md5hex("secretpepper")+":pepper")
	f.Add("secret", md5hex("secret")+":")
	f.Add("secret", md5hex("secret"))
	f.Add("secret", md5hex("secreta")+":a:b")
	f.Add("secret", md5hex("secreta")+":a:")
	f.Add("secret", strings.ToUpper(md5hex("secreta"))+":a")
	f.Add("secret", ":")
	f.Add("secret", md5hex("secret\xff\x00")+":\xff\x00")
	queue := passhash.NewQueue()
	f.Fuzz(func(t *testing.T, password, text string) {
		if len(text) > maxStored {
			return
		}
		got := false
		if s, err := (Forms{Joomla: true}).read(text); err == nil && !s.costs() {
			if got, err = s.matches(t.Context(), queue, protocol.Secret(password)); err != nil {
				t.Fatal(err)
			}
		}
		parts := strings.Split(strings.TrimRight(text, ":"), ":")
		salt := ""
		if len(parts) > 1 {
			salt = parts[1]
		}
		if want := md5hex(password+salt)+":"+salt == text; got != want {
			t.Errorf("%q stored, %q given: %v, want %v", text, password, got, want)
		}
	})
}

// FuzzStored: whatever is stored, the empty and the unknown let nobody in, and errors
// hold nothing of it.
func FuzzStored(f *testing.F) {
	for _, text := range []string{"", "secret", md5hex("x"), "$1$", "{SHA}", "$5$rounds=1000000$x", "12345678901234", strings.Repeat("x", maxStored+1)} {
		f.Add(text, true)
		f.Add(text, false)
	}
	queue := passhash.NewQueue()
	f.Fuzz(func(t *testing.T, text string, plain bool) {
		s, err := Forms{Plaintext: plain, MD5: true, SHA1: true}.read(text)
		if err != nil {
			if len(text) > 12 && strings.Contains(err.Error(), text) {
				t.Errorf("%v", err)
			}
			if s.forms != (Forms{}) || s.costs() {
				t.Errorf("an error, and %+v", s)
			}
			return
		}
		if s.costs() { // which passhash's own targets try
			return
		}
		same, err := s.matches(t.Context(), queue, protocol.Secret(text))
		if err != nil || same != plain {
			t.Errorf("%q matches itself: %v, %v", text, same, err)
		}
		if other, _ := s.matches(t.Context(), queue, protocol.Secret(text+"x")); other {
			t.Errorf("%q matches more", text)
		}
	})
}
