package ldapconn

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"squidauth/helper/directory/ldapconn/ldaptest"
)

// garbage is what no server should send. In a real message id stands for the
// request's.
func garbage(id byte) map[string]string {
	op := func(body string) string {
		return "\x30" + string(rune(3+len(body))) + "\x02\x01" + string(rune(id)) + body
	}
	return map[string]string{
		"text":            "HTTP/1.1 400 Bad Request\r\n\r\n",
		"zeros":           strings.Repeat("\x00", 1000),
		"high bytes":      strings.Repeat("\xff", 1000),
		"huge length":     "\x30\x84\x7f\xff\xff\xff\x02\x01",
		"negative length": "\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff",
		"endless depth":   strings.Repeat("\x30\x80", maxAnswer/4),
		"empty sequence":  "\x30\x00",
		"no operation":    op(""),
		"empty operation": op("\x64\x00"),
		"empty entry":     op("\x64\x02\x30\x00"),
		"numbers":         op("\x64\x06\x02\x01\x01\x02\x01\x01"),
		"null":            op("\x64\x04\x05\x00\x05\x00"),
		"done, no code":   op("\x65\x00"),
		"done, text":      op("\x65\x06\x04\x00\x04\x00\x04\x00"),
		"another reply":   op("\x69\x07\x0a\x01\x01\x04\x00\x04\x00"),
		"reference":       op("\x73\x02\x04\x00"),
		"no reference":    op("\x73\x00"),
		"intermediate":    op("\x79\x00"),
		"other message":   "\x30\x0c\x02\x01\x63\x65\x07\x0a\x01\x00\x04\x00\x04\x00",
		"disconnection":   "\x30\x24\x02\x01\x00\x78\x1f\x0a\x01\x34\x04\x00\x04\x00\x8a\x161.3.6.1.4.1.1466.20036",
	}
}

// TestGarbage: it is an error in words, and the next search is as good as ever.
func TestGarbage(t *testing.T) {
	for _, op := range []byte{ldaptest.Bind, ldaptest.Search} {
		for name := range garbage(0) {
			t.Run(name, func(t *testing.T) {
				opt, _ := withSecret(t, Options{})
				bubble(t, func(t *testing.T) {
					mended := false
					s := answering(op, func(r ldaptest.Request) []byte {
						if mended {
							return answer(r)
						}
						return []byte(garbage(byte(r.ID))[name])
					})
					p := newPool(opt, s)
					if err := search(t, p); err == nil || !utf8.ValidString(err.Error()) || len(err.Error()) > 2*maxWords {
						t.Errorf("error %v", err)
					}
					mended = true
					if err := search(t, p); err != nil {
						t.Error(err)
					}
				})
			})
		}
	}
}

// TestLongWords: a server's words do not fill the log.
func TestLongWords(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := answering(ldaptest.Search, func(r ldaptest.Request) []byte {
			return r.Result(ldap.LDAPResultOther, strings.Repeat("€", maxAnswer/4)+"\n\x00")
		})
		if err := search(t, newPool(Options{}, s)); err == nil || len(err.Error()) > 2*maxWords || !utf8.ValidString(err.Error()) {
			t.Errorf("%.1000v", err)
		}
	})
}

// FuzzAnswer: whatever a server sends, a search ends in time, without a panic, and
// has no more than what was sent.
func FuzzAnswer(f *testing.F) {
	r := ldaptest.Request{ID: 1, Op: ldaptest.Search}
	f.Add(answer(r))
	f.Add(r.Result(ldap.LDAPResultOther, "words"))
	f.Add(bytes.Repeat(r.Entry("cn=Staff", entry), 3))
	for _, g := range garbage(1) {
		f.Add([]byte(g))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		bubble(t, func(t *testing.T) {
			s := &ldaptest.Server{Reply: func(ldaptest.Request) []byte { return sent }}
			err := search(t, newPool(Options{}, s))
			if err == nil && !bytes.Contains(sent, []byte("Staff")) {
				t.Error("an entry that was not sent")
			}
			if err != nil && (!utf8.ValidString(err.Error()) || len(err.Error()) > 2*maxWords) {
				t.Errorf("error %q", err)
			}
		})
	})
}
