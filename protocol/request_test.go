package protocol

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestParseBasic(t *testing.T) {
	tests := []struct {
		line   string
		extras int
		want   BasicRequest
		err    error
	}{
		{"bob pw", 0, BasicRequest{User: "bob", Password: "pw"}, nil},
		{"bob pass%20word", 0, BasicRequest{User: "bob", Password: "pass word"}, nil},
		{"J%C3%BCrgen p%25%22", 0, BasicRequest{User: "Jürgen", Password: `p%"`}, nil},
		{"J%FCrgen pw", 0, BasicRequest{User: "J\xfcrgen", Password: "pw"}, nil},
		{"bob a+b", 0, BasicRequest{User: "bob", Password: "a+b"}, nil},
		{"bob %zz%%%00%4", 0, BasicRequest{User: "bob", Password: "%zz%%00%4"}, nil},
		{" pw", 0, BasicRequest{Password: "pw"}, nil},
		{"bob", 0, BasicRequest{Password: "bob", OneWord: true}, nil},
		{"bob ", 0, BasicRequest{User: "bob"}, nil},
		{"", 0, BasicRequest{OneWord: true}, nil},
		{"bob my pw", 0, BasicRequest{User: "bob", Password: "my pw", RawBlank: true}, nil},
		{"bob pw 10.1.2.3 -", 2, BasicRequest{User: "bob", Password: "pw", Extras: "10.1.2.3 -"}, nil},
		{"bob my pw 10.1.2.3", 1, BasicRequest{User: "bob", Password: "my pw", Extras: "10.1.2.3", RawBlank: true}, nil},
		{"bob  10.1.2.3", 1, BasicRequest{User: "bob", Extras: "10.1.2.3"}, nil},
		{"bob pw", 1, BasicRequest{}, ErrExtras},
		{"bob", 1, BasicRequest{}, ErrExtras},
		{"bob pw x", 2, BasicRequest{}, ErrExtras},
	}
	for _, c := range tests {
		got, err := ParseBasic([]byte(c.line), c.extras)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%q, %d: got %+v %q, %v", c.line, c.extras, got, string(got.Password), err)
		}
	}
}

// TestEveryByte sends each byte through Squid's escaping and back.
func TestEveryByte(t *testing.T) {
	var all []byte
	for c := 1; c < 256; c++ {
		all = append(all, byte(c))
	}
	line := appendEscaped(nil, string(all))
	line = append(append(line, ' '), appendEscaped(nil, string(all))...)
	got, err := ParseBasic(line, 0)
	if err != nil || got.User != string(all) || string(got.Password) != string(all) {
		t.Errorf("got %q %q, %v", got.User, string(got.Password), err)
	}
	// The set that Squid leaves alone (lib/rfc1738.c).
	if plain := "aZ09!$&()*+,-./:;=?@_"; string(appendEscaped(nil, plain)) != plain {
		t.Errorf("escaped what Squid does not: %s", appendEscaped(nil, plain))
	}
}

func TestParseHandshake(t *testing.T) {
	tests := []struct {
		line   string
		extras int
		want   Handshake
		err    error
	}{
		{"YR", 0, Handshake{Verb: YR}, nil},
		{"YR ", 0, Handshake{Verb: YR}, nil},
		{"KK", 0, Handshake{Verb: KK}, nil},
		{"YR TlRM", 0, Handshake{Verb: YR, Token: []byte("NTL")}, nil},
		{"KK TlRM 10.1.2.3 99", 2, Handshake{Verb: KK, Token: []byte("NTL"), Extras: "10.1.2.3 99"}, nil},
		{"YR  10.1.2.3", 1, Handshake{Verb: YR, Extras: "10.1.2.3"}, nil},
		{"YR", 1, Handshake{Verb: YR}, nil},
		{"YR TlRM 6.6.6.6 10.1.2.3", 1, Handshake{Verb: YR}, ErrToken}, // the client's own words
		{"YR 10.1.2.3", 1, Handshake{Verb: YR}, ErrExtras},
		{"YR TlR", 0, Handshake{Verb: YR}, ErrToken},
		{"YR TlRN==", 0, Handshake{Verb: YR}, ErrToken},
		{"YR TlS=", 0, Handshake{Verb: YR}, ErrToken}, // bits beyond the last byte
		{"YR Tl\rRM", 0, Handshake{Verb: YR}, ErrToken},
		{"YR TlRM ", 0, Handshake{Verb: YR}, ErrToken},
		{"YRTlRM", 0, Handshake{}, ErrVerb},
		{"yr TlRM", 0, Handshake{}, ErrVerb},
		{"QQ", 0, Handshake{}, ErrVerb},
		{"", 0, Handshake{}, ErrVerb},
	}
	for _, c := range tests {
		got, err := ParseHandshake([]byte(c.line), c.extras)
		if got.Verb != c.want.Verb || !bytes.Equal(got.Token, c.want.Token) || got.Extras != c.want.Extras || !errors.Is(err, c.err) {
			t.Errorf("%q, %d: got %+v, %v", c.line, c.extras, got, err)
		}
	}
}

func TestChannelID(t *testing.T) {
	tests := []struct {
		line, id, rest string
		ok             bool
	}{
		{"7 bob pw", "7", "bob pw", true},
		{"0 bob pw", "0", "bob pw", true},
		{"18446744073709551615 bob pw", "18446744073709551615", "bob pw", true},
		{"7", "7", "", true},
		{"7 ", "7", "", true},
		{"7  pw", "7", " pw", true},
		{"184467440737095516150 bob pw", "", "184467440737095516150 bob pw", false},
		{"bob pw", "", "bob pw", false},
		{"7x pw", "", "7x pw", false},
		{"-1 bob pw", "", "-1 bob pw", false},
		{"", "", "", false},
	}
	for _, c := range tests {
		id, rest, ok := CutChannelID([]byte(c.line))
		if string(id) != c.id || string(rest) != c.rest || ok != c.ok {
			t.Errorf("%q: got %q %q %v", c.line, id, rest, ok)
		}
	}
}

func TestStrayChannelID(t *testing.T) {
	tests := []struct {
		line   string
		extras int
		want   string
	}{
		{"7 bob pw", 0, "7"},
		{"7  pw", 0, "7"}, // nobody's name
		{"7 bob pw 10.1.2.3", 1, "7"},
		{"7 bob pw 10.1.2.3", 0, "7"},        // key_extras were not announced either
		{"7 bob", 0, ""},                     // a user called 7
		{"7 bob pw", 1, ""},                  // a user called 7 and one extra word
		{"bob my password", 0, ""},           // typed by hand
		{"7x bob pw", 0, ""},                 // not a number
		{"123456789012345678901 b p", 0, ""}, // not an ID
	}
	for _, c := range tests {
		if got := StrayChannelID([]byte(c.line), c.extras); string(got) != c.want {
			t.Errorf("%q, %d: got %q, want %q", c.line, c.extras, got, c.want)
		}
	}
}

func TestSecretNeverShows(t *testing.T) {
	var out strings.Builder
	s := Secret("hunter2")
	log := slog.New(slog.NewTextHandler(&out, nil))
	log.Info("msg", "secret", s, "request", BasicRequest{Password: s})
	slog.New(slog.NewJSONHandler(&out, nil)).Info("msg", "secret", s, "request", BasicRequest{Password: s})
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb, s)
		fmt.Fprintf(&out, verb, BasicRequest{Password: s})
	}
	hex := fmt.Sprintf("%x", "hunter2")
	if strings.Contains(out.String(), "hunter2") || strings.Contains(out.String(), hex) {
		t.Errorf("the secret shows: %s", out.String())
	}
}

// FuzzParseBasic: what Squid escapes comes back as it was, whatever the bytes.
func FuzzParseBasic(f *testing.F) {
	f.Add("bob", "pw", "10.1.2.3")
	f.Add("DOM\\jo hn", "p%20 %%\"'", "-")
	f.Add("", "\xff\x80", "")
	f.Fuzz(func(t *testing.T, user, password, extra string) {
		if strings.Contains(user+password, "\x00") || strings.ContainsAny(extra, " ") {
			return // cannot come from Squid
		}
		line := appendEscaped(nil, user)
		line = appendEscaped(append(line, ' '), password)
		line = append(append(line, ' '), extra...)
		got, err := ParseBasic(line, 1)
		want := BasicRequest{User: user, Password: Secret(password), Extras: extra}
		if err != nil || got != want {
			t.Fatalf("%q: got %+v, %v", line, got, err)
		}
	})
}

// FuzzParseHandshake: a token that parses is exactly the base64 on the line, and
// with an error there is no token.
func FuzzParseHandshake(f *testing.F) {
	for _, s := range []string{"YR", "YR ", "KK TlRMTVNTUAAB", "YR TlRM 10.1.2.3", "YR a b c", "KK ====", "QQ"} {
		f.Add([]byte(s), 1)
	}
	f.Fuzz(func(t *testing.T, line []byte, extras int) {
		extras &= 3
		h, err := ParseHandshake(line, extras)
		if err != nil {
			if h.Token != nil || h.Extras != "" {
				t.Fatalf("%q: an error and %+v", line, h)
			}
			return
		}
		if len(h.Token) == 0 {
			return
		}
		if again := base64.StdEncoding.EncodeToString(h.Token); !bytes.HasPrefix(line[3:], []byte(again)) {
			t.Fatalf("%q: token %q is not on the line", line, again)
		}
	})
}
