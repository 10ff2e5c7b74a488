package main

import (
	"strings"
	"testing"
	"time"
)

func mustPrepare(t *testing.T, requests ...request) []ready {
	t.Helper()
	prepared, err := prepare(requests)
	if err != nil {
		t.Fatal(err)
	}
	return prepared
}

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		code, pattern, reply string
		ok                   bool
	}{
		{"OK", "", "OK", true},
		{"OK", "", "OK ", true},
		{"OK", "", "OK user=alice", true},
		{"OK", "", "OKAY", false},
		{"OK", "", "ERR", false},
		{"OK", "", "", false},
		{"ERR", "", "ERR Wrong password", true},
		{"ERR", "", "BH Wrong password", false},
		{"TT", `^TT [A-Za-z0-9+/]+=*$`, "TT TlRMTVNTUAAC", true},
		{"TT", `^TT [A-Za-z0-9+/]+=*$`, "TT token=TlRM", false},
		{"TT", `^AF`, "AF alice", false}, // the code counts too
	} {
		r := mustPrepare(t, request{line: "alice pw", code: test.code, pattern: test.pattern})
		for range 2 { // the second time through the memory of the accepted reply
			if err := r[0].check([]byte(test.reply)); (err == nil) != test.ok {
				t.Errorf("reply %q, want %s %s: %v", test.reply, test.code, test.pattern, err)
			}
		}
	}
}

func TestCheckForgetsTheAcceptedReply(t *testing.T) {
	r := mustPrepare(t, request{line: "x", code: "OK", pattern: `^OK user=[a-z]+$`})
	for _, reply := range []string{"OK user=alice", "OK user=bob"} {
		if err := r[0].check([]byte(reply)); err != nil {
			t.Error(err)
		}
	}
	if err := r[0].check([]byte("OK user=B0B")); err == nil {
		t.Error("accepted a reply that does not match")
	}
}

func TestPrepareRefusesBadPattern(t *testing.T) {
	if _, err := prepare([]request{{line: "x", code: "OK", pattern: "("}}); err == nil {
		t.Error("accepted")
	}
}

func TestCursorGoesRound(t *testing.T) {
	c := cursor{requests: mustPrepare(t, request{line: "a"}, request{line: "b"})}
	var got string
	for range 5 {
		got += strings.TrimSpace(string(c.next().line))
	}
	if got != "ababa" {
		t.Errorf("got %q, want ababa", got)
	}
}

// threeInFlight has sent alice (1), bob (2) and mallory (3), the last to be refused.
func threeInFlight(t *testing.T) *inFlight {
	t.Helper()
	requests := mustPrepare(t,
		request{line: "alice pw", code: "OK"}, request{line: "bob pw", code: "OK"}, request{line: "mallory pw", code: "ERR"})
	f := newInFlight(3)
	var out []byte
	for i := range requests {
		out = f.send(out, &requests[i], time.Duration(i))
	}
	if want := "1 alice pw\n2 bob pw\n3 mallory pw\n"; string(out) != want {
		t.Fatalf("sent %q, want %q", out, want)
	}
	return f
}

func TestRepliesInAnyOrder(t *testing.T) {
	f := threeInFlight(t)
	for _, test := range []struct {
		line string
		at   time.Duration
	}{{"3 ERR Wrong password", 2}, {"1 OK", 0}, {"2 OK user=bob", 1}} {
		s, err := f.receive([]byte(test.line))
		if err != nil {
			t.Fatal(err)
		}
		if s.at != test.at {
			t.Errorf("%q belongs to the request sent at %d, want %d", test.line, s.at, test.at)
		}
	}
	if err := f.missing(); err != nil || f.outstanding() != 0 {
		t.Errorf("%d outstanding, %v", f.outstanding(), err)
	}
}

func TestRepliesThatFail(t *testing.T) {
	for _, test := range []struct{ line, want string }{
		{"2 OK", "answered before"},
		{"4 OK", "no request had that ID"},
		{"0 OK", "no request had that ID"},
		{"OK", "no channel-ID"},
		{"", "no channel-ID"},
		{"-1 OK", "no channel-ID"},
		{"3 OK", "wrong reply"}, // the answer to another's request
		{"1 ERR", "wrong reply"},
		{"1", "wrong reply"},
	} {
		f := threeInFlight(t)
		if _, err := f.receive([]byte("2 OK")); err != nil {
			t.Fatal(err)
		}
		if _, err := f.receive([]byte(test.line)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: error %v, want %q", test.line, err, test.want)
		}
	}
}

func TestMissingNamesTheOldest(t *testing.T) {
	f := threeInFlight(t)
	if _, err := f.receive([]byte("1 OK")); err != nil {
		t.Fatal(err)
	}
	err := f.missing()
	if want := `2 replies missing, the oldest to ID 2, "bob pw"`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestExcerptIsShort(t *testing.T) {
	got := excerpt([]byte(strings.Repeat("x", 5000) + "\n"))
	if len(got) > 150 || !strings.HasSuffix(got, "(5000 bytes)") {
		t.Errorf("got %s", got)
	}
}
