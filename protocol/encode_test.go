package protocol

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

var schemes = []Scheme{0, Basic, NTLM, Negotiate}
var dialects = []Dialect{Modern, Legacy}

func TestAppendReply(t *testing.T) {
	bob := Identity{User: `DOM\bob`}
	john := Identity{User: `DOM\john smith`}
	tests := []struct {
		name    string
		reply   Reply
		scheme  Scheme
		dialect Dialect
		want    string
	}{
		{"zero", Reply{}, Basic, Modern, "BH"},
		{"zero, legacy", Reply{}, NTLM, Legacy, "BH not authenticated"},
		{"basic yes", Accept(bob, nil), Basic, Modern, "OK"},
		{"basic yes with a group", Accept(bob, nil, Pair{"group", "café users"}), Basic, Modern, "OK group=caf%C3%A9%20users"},
		{"basic yes, legacy", Accept(bob, nil, Pair{"group", "x"}), Basic, Legacy, "OK"},
		{"basic no", Deny("Wrong password"), Basic, Modern, "ERR Wrong password"},
		{"basic no, no text", Deny(""), Basic, Legacy, "ERR"},
		{"text like a pair", Deny("user=bob is wrong"), Basic, Modern, "ERR user =bob is wrong"},
		{"text like a nameless pair", Deny("=bob"), Basic, Modern, "ERR - =bob"},
		{"text of two lines", Deny(" one\ntwo\x00"), Basic, Modern, "ERR one two "},
		{"basic broken", Broken(`server "a\b" is down`), Basic, Modern, `BH message="server \"a\\b\" is down"`},
		{"basic broken, legacy", Broken("a=b"), Basic, Legacy, "BH a =b"},
		{"basic has no challenge", Challenge([]byte("x")), Basic, Modern, `BH message="` + textUnsayable + `"`},
		{"challenge", Challenge([]byte("NTLMSSP")), NTLM, Modern, "TT TlRMTVNTUA=="},
		{"empty challenge", Challenge(nil), NTLM, Modern, `BH message="` + textUnsayable + `"`},
		{"ntlm yes", Accept(bob, nil), NTLM, Modern, "OK user=DOM%5Cbob"},
		{"ntlm yes, legacy", Accept(bob, nil), NTLM, Legacy, `AF DOM\bob`},
		{"ntlm yes, blank", Accept(john, nil), NTLM, Modern, "OK user=DOM%5Cjohn%20smith"},
		{"ntlm yes, blank, legacy", Accept(john, nil), NTLM, Legacy, `AF "DOM\\john smith"`},
		{"ntlm yes without a user", Accept(Identity{}, nil), NTLM, Modern, `BH message="` + textUnsayable + `"`},
		{"ntlm no", Deny("Logon failure"), NTLM, Modern, `ERR message="Logon failure"`},
		{"ntlm no, legacy", Deny("Logon failure"), NTLM, Legacy, "NA Logon failure"},
		{"negotiate yes", Accept(Identity{User: "a@R"}, []byte{0}), Negotiate, Modern, "OK token=AA== user=a@R"},
		{"negotiate yes, no token", Accept(Identity{User: "a@R"}, nil), Negotiate, Modern, "OK token=AA== user=a@R"},
		{"negotiate yes, legacy", Accept(Identity{User: "a@R"}, []byte{1}), Negotiate, Legacy, "AF AQ== a@R"},
		{"negotiate yes, no token, legacy", Accept(john, nil), Negotiate, Legacy, `AF * "DOM\\john smith"`},
		{"negotiate yes without a user", Accept(Identity{}, []byte{1}), Negotiate, Legacy, "BH " + textUnsayable},
		{"user with NUL", Accept(Identity{User: "a\x00b"}, nil), NTLM, Modern, `BH message="` + textUnsayable + `"`},
		{"negotiate no, legacy", Deny("no"), Negotiate, Legacy, "NA * no"},
		{"negotiate no, no text, legacy", Deny(""), Negotiate, Legacy, "NA * not authenticated"},
		{"no scheme", Accept(bob, nil), 0, Modern, `BH message="` + textUnsayable + `"`},
		{"odd pairs", Accept(bob, nil, Pair{"user", "eve"}, Pair{"a b", "x"}, Pair{"", "x"}, Pair{"nul", "\x00"}, Pair{"group", ""}, Pair{"tag", "t"}),
			NTLM, Modern, `OK user=DOM%5Cbob group="" tag=t`},
	}
	for _, c := range tests {
		got := AppendReply([]byte("7 "), c.reply, c.scheme, c.dialect)
		if string(got) != "7 "+c.want {
			t.Errorf("%s: got %q, want %q", c.name, got[2:], c.want)
		}
	}
}

func TestReplyIsCapped(t *testing.T) {
	group := Pair{"group", strings.Repeat("g", 100)}
	many := make([]Pair, 1000)
	for i := range many {
		many[i] = group
	}
	id := Identity{User: strings.Repeat("u", 5000)}
	token := bytes.Repeat([]byte{1}, 6000)
	got := ParseReply(AppendReply(nil, Accept(id, token, many...), Negotiate, Modern))
	if user, _ := got.Note("user"); user != id.User {
		t.Errorf("the user was cut to %d bytes", len(user))
	}
	if n := len(got.Notes) - 2; n < 150 || n >= 1000 || got.Notes[len(got.Notes)-1] != group {
		t.Errorf("%d whole groups, the last %v", n, got.Notes[len(got.Notes)-1])
	}
	for _, r := range []Reply{
		Accept(Identity{User: strings.Repeat("u", MaxReply)}, nil),
		Accept(Identity{User: "u"}, bytes.Repeat([]byte{1}, MaxReply)),
	} {
		if line := AppendReply(nil, r, Negotiate, Modern); ParseReply(line).Result != ResultBH {
			t.Errorf("what does not fit became %.40q", line)
		}
	}
	line := AppendReply(nil, Deny(strings.Repeat("é", 2000)), Basic, Modern)
	if len(line) != len("ERR ")+maxText || !bytes.HasSuffix(line, []byte("é")) {
		t.Errorf("text cut to %d bytes, ends in %q", len(line), line[len(line)-3:])
	}
}

func TestDetail(t *testing.T) {
	cause := errors.New("server is down")
	r := Broken("try later").With(Detail{User: "bob", Reason: "unreachable", Cause: cause})
	if d := r.Detail(); d.User != "bob" || d.Cause != cause || r.Outcome() != Unavailable {
		t.Errorf("got %+v", d)
	}
	if d := Accept(Identity{User: "bob"}, nil).With(Detail{User: "BOB"}).Detail(); d.User != "bob" {
		t.Errorf("an accepted reply tells of %q", d.User)
	}
	line := AppendReply(nil, r, Basic, Modern)
	if bytes.Contains(line, []byte("server")) {
		t.Errorf("the cause reached Squid: %s", line)
	}
}

// FuzzReply encodes any reply in every scheme and dialect and reads it as Squid
// does: one legal line, and exactly what was meant.
func FuzzReply(f *testing.F) {
	f.Add(byte(2), `DOM\bob`, []byte("token"), "group", `a "b" \c`, "text")
	f.Add(byte(2), "jo hn", []byte(nil), "tag", "%20", "")
	f.Add(byte(1), "", []byte(nil), "", "", "user=x \"quoted\"\n\x00\\n")
	f.Add(byte(0), "", []byte(nil), "", "", " \t=\\")
	f.Add(byte(3), "", []byte{0, 1, 2}, "", "", "")
	f.Add(byte(2), "%%", []byte{255}, "x_", "%%", "")
	f.Add(byte(2), "a\nb\r\"\\", []byte{255}, "x_", "\n", "")
	f.Fuzz(func(t *testing.T, outcome byte, user string, token []byte, key, value, text string) {
		r := Reply{outcome: Outcome(outcome & 3), user: user, token: token, pairs: []Pair{{key, value}}, text: text}
		for _, s := range schemes {
			for _, d := range dialects {
				line := AppendReply(nil, r, s, d)
				if bytes.ContainsAny(line, "\n\x00") || len(line) > MaxReply {
					t.Fatalf("illegal line %q", line)
				}
				checkReply(t, r, s, d, line)
			}
		}
	})
}

func checkReply(t *testing.T, r Reply, s Scheme, d Dialect, line []byte) {
	t.Helper()
	p := ParseReply(line)
	switch p.Result {
	case ResultOK:
		checkAccept(t, r, s, d, line, p)
	case ResultTT:
		if v, _ := p.Note("token"); r.outcome != Continue || v != string(appendToken(nil, r.token, "")) || s == Basic {
			t.Fatalf("%q for %+v", line, r)
		}
	case ResultERR:
		if r.outcome != Denied {
			t.Fatalf("%q for %+v", line, r)
		}
		checkText(t, r, s, d, line, p)
	case ResultBH:
		if v, _ := p.Note("message"); r.outcome != Unavailable && v != textUnsayable {
			t.Fatalf("%q for %+v", line, r)
		}
	default:
		t.Fatalf("Squid does not understand %q", line)
	}
}

func checkAccept(t *testing.T, r Reply, s Scheme, d Dialect, line []byte, p ParsedReply) {
	t.Helper()
	user, hasUser := p.Note("user")
	token, hasToken := p.Note("token")
	switch {
	case r.outcome != Accepted,
		s != Basic && user != r.user,
		s == Negotiate && (!hasUser || !hasToken || len(r.token) > 0 && token != string(appendToken(nil, r.token, ""))),
		p.Other != "":
		t.Fatalf("%q for %+v", line, r)
	}
	pair := r.pairs[0]
	value, ok := p.Note(pair.Key)
	want := d == Modern && legalKey(pair.Key) && !strings.Contains(pair.Value, "\x00")
	if legalKey(pair.Key) && (ok != want || want && value != pair.Value) {
		t.Fatalf("%q: annotation %+v came as %q, %v", line, pair, value, ok)
	}
}

func checkText(t *testing.T, r Reply, s Scheme, d Dialect, line []byte, p ParsedReply) {
	t.Helper()
	if s == Basic {
		if p.Other != asFreeText(r.text) || len(p.Notes) > 0 {
			t.Fatalf("%q: Squid reads %q, %v", line, p.Other, p.Notes)
		}
		return
	}
	got, _ := p.Note("message")
	want := strings.ReplaceAll(cut(r.text), "\x00", " ")
	if d == Legacy {
		want = orDefault(oneLine(r.text))
		if s == Negotiate {
			want = "* " + want
		}
	}
	if got != want || p.Other != "" {
		t.Fatalf("%q: Squid reads %q, want %q", line, got, want)
	}
}
