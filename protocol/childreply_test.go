package protocol

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestParseChildReply has what real helpers print. In the column of a scheme stands
// how the wrapper then says it to Squid as Negotiate, "" for what is refused.
func TestParseChildReply(t *testing.T) {
	const same = "the same"
	for _, c := range []struct{ line, ntlm, negotiate string }{
		// negotiate_kerberos_auth since 4.0, and before.
		{"OK token=oRQw user=alice@EX.TEST group=AQUA group=", `OK token=oRQw user=alice@EX.TEST group=AQUA group=""`, same},
		{"OK token=AA== user=alice@EX.TEST", "OK token=AA== user=alice@EX.TEST", same},
		{"AF oRQw alice@EX.TEST", "OK token=AA== user=oRQw%20alice@EX.TEST", "OK token=oRQw user=alice@EX.TEST"},
		{"AF AA== alice@EX.TEST", "", "OK token=AA== user=alice@EX.TEST"},
		{"TT token=oRQw", "TT oRQw", same},
		{"TT oRQw", "TT oRQw", same},
		{"ERR", "ERR", same},
		{"BH gss_accept_sec_context() failed: Clock skew too great", `BH message="gss_accept_sec_context() failed: Clock skew too great"`, same},
		{"BH received type 1 NTLM token", `BH message="received type 1 NTLM token"`, same},

		// Samba's ntlm_auth, both protocols.
		{`AF DOM\bob`, `OK token=AA== user=DOM%5Cbob`, ""},
		{`AF DOM\john smith`, `OK token=AA== user=DOM%5Cjohn%20smith`, ""},
		{`AF oQcwBaADCgEA DOM\john smith`, `OK token=AA== user=oQcwBaADCgEA%20DOM%5Cjohn%20smith`, `OK token=oQcwBaADCgEA user=DOM%5Cjohn%20smith`},
		{`AF * DOM\john smith`, `OK token=AA== user=DOM%5Cjohn%20smith`, same},
		{"TT TlRM *", "TT TlRM", same},
		{"NA NT_STATUS_LOGON_FAILURE", `ERR message="NT_STATUS_LOGON_FAILURE"`, same},
		{"NA * NT_STATUS_LOGON_FAILURE", `ERR message="NT_STATUS_LOGON_FAILURE"`, same},
		{"BH NT_STATUS_UNSUCCESSFUL * NT_STATUS_UNSUCCESSFUL", `BH message="NT_STATUS_UNSUCCESSFUL * NT_STATUS_UNSUCCESSFUL"`, same},

		// Others.
		{`AF = DOM\bob`, `OK token=AA== user=DOM%5Cbob`, same}, // negotiate_wrapper_auth
		{"NA = no such user", `ERR message="no such user"`, same},
		{"NA invalid credentials, user=", `ERR message="invalid credentials, user="`, same}, // ntlm_fake_auth
		{"OK user=bob", "OK token=AA== user=bob", same},
		{"OK user=DOM%5Cjohn%20smith", "OK token=AA== user=DOM%5Cjohn%20smith", same},
		{`OK user="DOM\\john smith" tag=x`, "OK token=AA== user=DOM%5Cjohn%20smith tag=x", same},
		{`AF "DOM\\john smith"`, "OK token=AA== user=DOM%5Cjohn%20smith", ""}, // our own, legacy
		{`AF * "DOM\\john  smith" `, "OK token=AA== user=DOM%5Cjohn%20%20smith", same},
		{`ERR message="Logon failure" token=x`, `ERR message="Logon failure"`, same},
		{"ERR Logon failure", `ERR message="Logon failure"`, same},
		{"BH", "BH", same},
		{"NA", "ERR", same},

		// Nobody's name, or one of two.
		{"OK", "", ""},
		{"OK user=", "", ""},
		{`OK user=""`, "", ""},
		{"OK token=oRQw", "", ""},
		{"OK foo user=bob", "", ""},
		{"OK user=john smith", "", ""},
		{"OK user=bob token=!", "", ""},
		{"AF", "", ""},
		{"AF ", "", ""},
		{"AF *", "", ""},
		{"AF * ", "", ""},
		{`AF ""`, "", ""},
		{`AF * "bob" x`, "", ""},
		{"AF oQcwBaADCgEA", "OK token=AA== user=oQcwBaADCgEA", ""}, // could be a name
		{"AF AA==", "", ""},
		{"AF oRQw ", "OK token=AA== user=oRQw", ""},
		{"AF bob group=x", "", ""},
		{`AF * bob "x"`, "", ""},
		{"AF oRQw bob group=x", "", ""},
		{`AF DOM\john smith@R`, `OK token=AA== user=DOM%5Cjohn%20smith@R`, ""}, // DOM\john is no token

		// Not a reply.
		{"", "", ""},
		{" OK user=bob", "", ""},
		{"ok user=bob", "", ""},
		{"OK\tuser=bob", "", ""},
		{"OKAY", "", ""},
		{"TT", "", ""},
		{"TT ", "", ""},
		{"TT *", "", ""},
		{"TT * *", "", ""}, // ntlm_auth, gss-spnego, to a token that it cannot read
		{"TT =", "", ""},
		{"TT AA==", "", ""},
		{"TT !!", "", ""},
		{"TT oRQ", "", ""},
		{"TT token=", "", ""},
		{"OK user=bob\x00", "", ""},
		{"BH\x00", "", ""},
		{"Usage: helper", "", ""},
	} {
		if c.negotiate == same {
			c.negotiate = c.ntlm
		}
		for scheme, want := range map[Scheme]string{NTLM: c.ntlm, Negotiate: c.negotiate} {
			r, err := ParseChildReply([]byte(c.line), scheme)
			got := ""
			if err == nil {
				got = string(AppendReply(nil, r, Negotiate, Modern))
			} else if !reflect.DeepEqual(r, Reply{}) {
				t.Errorf("%q in %v: %v, and the reply %+v", c.line, scheme, err, r)
			}
			if none := errors.Is(err, ErrNoReply); none != (want == "" && !hasCode(c.line)) {
				t.Errorf("%q in %v: %v", c.line, scheme, err)
			}
			if got != want {
				t.Errorf("%q in %v: got %q, %v, want %q", c.line, scheme, got, err, want)
			}
		}
	}
}

func hasCode(line string) bool {
	code, _, _ := strings.Cut(line, " ")
	return slices.Contains([]string{"OK", "ERR", "BH", "TT", "AF", "NA"}, code) && !strings.Contains(line, "\x00")
}

func TestParseChildReplyOfOtherSchemes(t *testing.T) {
	for _, scheme := range []Scheme{0, Basic} {
		if r, err := ParseChildReply([]byte("OK user=bob"), scheme); err == nil || r.Outcome() != Unavailable {
			t.Errorf("%v: %+v, %v", scheme, r, err)
		}
	}
}

func TestWithToken(t *testing.T) {
	r := Accept(Identity{User: "bob"}, []byte("a"), Pair{"group", "g"}).With(Detail{Reason: "x"})
	if got := string(AppendReply(nil, r.WithToken([]byte{0, 16, 131}), Negotiate, Modern)); got != "OK token=ABCD user=bob group=g" {
		t.Errorf("got %q", got)
	}
	if string(r.Token()) != "a" || r.WithToken(nil).Detail() != r.Detail() {
		t.Errorf("%+v", r)
	}
	if got := Deny("no").WithToken([]byte("x")); got.Text() != "no" || string(AppendReply(nil, got, Negotiate, Legacy)) != "NA * no" {
		t.Errorf("%+v", got)
	}
}

// FuzzParseChildReply: what a helper's line says to us, Squid is told legally. Who
// is let in, is so by a user, a code for it, and in a name that stands on the line.
func FuzzParseChildReply(f *testing.F) {
	for _, c := range replyTable(f) {
		f.Add([]byte(c.line))
	}
	for _, line := range []string{`AF * DOM\john smith`, `AF "DOM\\john smith"`, "TT token=oRQw", "TT TlRM *", "NA * NT_STATUS_LOGON_FAILURE", "OK user=a%20b"} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		for _, scheme := range []Scheme{NTLM, Negotiate} {
			r, err := ParseChildReply(line, scheme)
			if err != nil {
				if !reflect.DeepEqual(r, Reply{}) {
					t.Fatalf("%v and %+v", err, r)
				}
				continue
			}
			if r.outcome == Accepted {
				checkChildYes(t, line, r)
			}
			for _, d := range dialects {
				out := AppendReply(nil, r, Negotiate, d)
				p := ParseReply(out)
				_, token := p.Note("token")
				user, _ := p.Note("user")
				switch {
				case bytes.ContainsAny(out, "\n\x00"), p.Result == ResultUnknown:
					t.Fatalf("%q becomes %q", line, out)
				case p.Result == ResultOK && (r.outcome != Accepted || user != r.user || !token):
					t.Fatalf("%q becomes %q", line, out)
				}
			}
		}
	})
}

// checkChildYes holds a success against Squid's reading of the line, where Squid
// finds a name that stands alone.
func checkChildYes(t *testing.T, line []byte, r Reply) {
	t.Helper()
	code, _, _ := bytes.Cut(line, blank)
	if c := string(code); c != "OK" && c != "AF" || r.user == "" || strings.Contains(r.user, "\x00") {
		t.Fatalf("%q lets %q in", line, r.user)
	}
	p := ParseReply(line)
	user, _ := p.Note("user")
	switch {
	case string(code) == "OK" && user != r.user:
		t.Fatalf("%q: Squid reads %q, we %q", line, user, r.user)
	case string(code) == "AF" && len(bytes.Fields(line)) <= 2 && user != r.user:
		t.Fatalf("%q: Squid reads %q, we %q", line, user, r.user)
	}
}

// TestChildRoundTrip: what AppendReply writes, ParseChildReply reads, but for names
// that the legacy dialect cannot tell from other words.
func TestChildRoundTrip(t *testing.T) {
	users := []string{"bob", `DOM\bob`, `DOM\john smith`, `a "b" c`, " x ", "jürgen", "\xff", `\n`, "a\nb", "alice@EXAMPLE.ORG", `AA\==`}
	pairs := []Pair{{"group", "café users"}, {"tag", ""}, {"clt_conn_tag", "x=y"}}
	for _, scheme := range []Scheme{NTLM, Negotiate} {
		for _, dialect := range dialects {
			for _, user := range users {
				for _, token := range [][]byte{nil, []byte("token")} {
					want := Accept(Identity{User: user}, token, pairs...)
					if scheme == NTLM {
						want.token = nil
					}
					if dialect == Legacy {
						want.pairs = nil
					}
					line := AppendReply(nil, want, scheme, dialect)
					got, err := ParseChildReply(line, scheme)
					if ambiguous := scheme == NTLM && dialect == Legacy && strings.Contains(user, "="); ambiguous {
						if err == nil {
							t.Errorf("%q: %+v", line, got)
						}
						continue
					}
					if err != nil || got.user != want.user || !bytes.Equal(got.token, want.token) || !slices.Equal(got.pairs, want.pairs) {
						t.Errorf("%q: got %+v, %v, want %+v", line, got, err, want)
					}
				}
			}
			for _, want := range []Reply{Challenge([]byte("token")), Deny("it is wrong"), Broken("it is down")} {
				line := AppendReply(nil, want, scheme, dialect)
				got, err := ParseChildReply(line, scheme)
				if err != nil || got.outcome != want.outcome || got.text != want.text || !bytes.Equal(got.token, want.token) {
					t.Errorf("%q: got %+v, %v, want %+v", line, got, err, want)
				}
			}
		}
	}
}
