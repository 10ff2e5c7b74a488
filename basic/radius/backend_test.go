package radius

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"time"

	"squidauth/basic/radius/radiustest"
	"squidauth/protocol"
)

// once is for answers that come at once.
const once = 100 * time.Millisecond

// answers has a server answer everything alike.
func answers(code byte, attributes ...radiustest.Attribute) func(radiustest.Request) []radiustest.Datagram {
	return func(q radiustest.Request) []radiustest.Datagram {
		return []radiustest.Datagram{{Bytes: q.Reply(code, attributes...)}}
	}
}

// after has a server take its time.
func after(d time.Duration, answer func(radiustest.Request) []radiustest.Datagram) func(radiustest.Request) []radiustest.Datagram {
	return func(q radiustest.Request) []radiustest.Datagram {
		later := answer(q)
		for i := range later {
			later[i].After = d
		}
		return later
	}
}

// TestVerdicts: each answer of a server, and what is refused without asking one.
func TestVerdicts(t *testing.T) {
	server := &radiustest.Server{Answer: func(q radiustest.Request) []radiustest.Datagram {
		switch q.User {
		case "challenged":
			return answers(accessChallenge, radiustest.Signed(), radiustest.Text(attrReplyMessage, "Enter PIN"))(q)
		case "told":
			return answers(accessReject, radiustest.Signed(), radiustest.Text(attrReplyMessage, "Account\nexpired\xff"))(q)
		}
		return radiustest.Users(map[string]string{
			"alice": "alices-password", strings.Repeat("u", 253): strings.Repeat("p", 128), "bytes": "\x01%+ \xff\n",
		})(q)
	}}
	play(t, Config{}, func(t *testing.T, s *stage) {
		for _, c := range []struct {
			user     string
			password protocol.Secret
			want     string
		}{
			{"alice", "alices-password", "OK"},
			{"alice", "a wrong guess", "ERR wrong-password"},
			{"nobody", "x", "ERR wrong-password"},
			{strings.Repeat("u", 253), protocol.Secret(strings.Repeat("p", 128)), "OK"},
			{strings.Repeat("u", 254), "x", "ERR illegal-name"},
			{"alice", protocol.Secret(strings.Repeat("p", 129)), "ERR password-too-long"},
			{"alice", protocol.Secret(strings.Repeat("p", 240)), "ERR password-too-long"},
			{"alice", protocol.Secret(strings.Repeat("p", 8000)), "ERR password-too-long"},
			{"bytes", "\x01%+ \xff\n", "OK"},
			{"alice", "alices-password\x00", "ERR illegal-password"},
			{"alice\x00", "alices-password", "ERR illegal-name"},
			{"", "x", "ERR illegal-name"},
			{"alice", "", "ERR illegal-password"},
			{"challenged", "x", "ERR access-challenge"},
			{"told", "x", "ERR wrong-password"},
		} {
			if got := s.ask(t, c.user, c.password); got != c.want {
				t.Errorf("%.20q: got %s, want %s", c.user, got, c.want)
			}
		}
		requests := server.Requests()
		if n := len(requests); n != 7 {
			t.Errorf("the server was asked %d times", n)
		}
		for i, q := range requests[1:] {
			if q.ID != requests[i].ID+1 || bytes.Equal(q.Packet[4:20], requests[i].Packet[4:20]) {
				t.Errorf("identifier %d after %d, authenticator %x", q.ID, requests[i].ID, q.Packet[4:20])
			}
		}
		if all, open := server.Sockets(); all != 1 || open != 1 {
			t.Errorf("%d sockets, %d open, for one login after the other", all, open)
		}
		for _, word := range []string{`message="Enter PIN"`, `message="Account expired?"`, "user=told"} {
			if !strings.Contains(s.log.String(), word) {
				t.Errorf("the log lacks %s", word)
			}
		}
		if v := s.Authenticate(t.Context(), "alice", "alices-password"); v.Identity().User != "alice" {
			t.Errorf("identity %+v", v.Identity())
		}
	}, server)
}

// TestSilence: the request is sent again and again, byte for byte the same, and the
// login is undecided when its time is up.
func TestSilence(t *testing.T) {
	server := silent()
	var at []time.Duration
	began := time.Time{}
	server.Answer = func(radiustest.Request) []radiustest.Datagram {
		at = append(at, time.Since(began))
		return nil
	}
	play(t, Config{}, func(t *testing.T, s *stage) {
		began = time.Now()
		v := s.verdict(t, "alice", "alices-password")
		if spell(v) != "BH server-unavailable" || time.Since(began) != askedTime {
			t.Errorf("%s after %v", spell(v), time.Since(began))
		}
		if !v.IsUnanswered() {
			t.Error("nobody is told that the server may have the password")
		}
		for _, words := range []string{"192.0.2.1:1812 has not answered, asked 8 times in 20.0s", "does it know this proxy (192.0.2.1)", "same shared secret"} {
			if !strings.Contains(v.Cause().Error(), words) {
				t.Errorf("the cause lacks %q: %v", words, v.Cause())
			}
		}
		requests := server.Requests()
		for _, q := range requests {
			if !slices.Equal(q.Packet, requests[0].Packet) {
				t.Error("a request that is sent again differs")
			}
		}
		want := []time.Duration{0, 1, 3, 6, 9, 12, 15, 18}
		if len(at) != len(want) {
			t.Fatalf("sent at %v", at)
		}
		exact := 0
		for i := range at {
			w := want[i] * time.Second
			if at[i] < w*9/10 || at[i] > w*11/10 {
				t.Errorf("sent at %v", at)
			}
			if at[i] == w {
				exact++
			}
		}
		if exact == len(at) {
			t.Errorf("no jitter: %v", at)
		}
		if _, open := server.Sockets(); open != 0 {
			t.Error("a socket whose request was not answered is kept")
		}
	}, server)
}

// TestWait: the time that a login may take.
func TestWait(t *testing.T) {
	play(t, Config{Wait: 5 * time.Second}, func(t *testing.T, s *stage) {
		s.want(t, "BH server-unavailable", 5*time.Second, 5*time.Second)
	}, silent())
}

// TestLost: a request or an answer that is lost costs a second.
func TestLost(t *testing.T) {
	server := newSwitched(nil)
	server.answer = func(q radiustest.Request) []radiustest.Datagram {
		server.answer = radiustest.Users(map[string]string{"alice": "alices-password"})
		return nil
	}
	play(t, Config{}, func(t *testing.T, s *stage) {
		s.want(t, "OK", 900*time.Millisecond, 1100*time.Millisecond)
		if n := len(server.Requests()); n != 2 {
			t.Errorf("asked %d times", n)
		}
	}, &server.Server)
}

// TestRefused: a closed port is tried for some seconds, as long as a server needs to
// start again.
func TestRefused(t *testing.T) {
	refusal := func(radiustest.Request) []radiustest.Datagram {
		return []radiustest.Datagram{{Error: errConnRefused}}
	}
	server := newSwitched(refusal)
	play(t, Config{}, func(t *testing.T, s *stage) {
		s.want(t, "BH server-unavailable", 2*time.Second, 4*time.Second)
		if !strings.Contains(s.log.String(), "connection refused: does it run, and listen there?") {
			t.Error("the log does not say so")
		}
		time.AfterFunc(2*time.Second, func() { server.set(alice().Answer) })
		s.want(t, "OK", 2*time.Second, 4*time.Second)
		s.want(t, "OK", 0, once)
		if !strings.Contains(s.log.String(), "RADIUS server answers again") {
			t.Error("the log does not say that the server is back")
		}
		if n := strings.Count(s.log.String(), "RADIUS server fails"); n != 1 {
			t.Errorf("the log says %d times that it fails", n)
		}
	}, &server.Server)
}

// TestForged: what is no answer is ignored, and the true one counts.
func TestForged(t *testing.T) {
	forge := func(q radiustest.Request) [][]byte {
		good := q.Reply(accessAccept, radiustest.Signed())
		broken := slices.Clone(good)
		broken[10] ^= 1
		stranger, err := radiustest.ParseRequest(q.Packet, "another secret")
		if err != nil {
			panic(err)
		}
		other := q
		other.ID++
		return [][]byte{
			nil, good[:10], good[:30], broken, other.Reply(accessAccept, radiustest.Signed()),
			stranger.Reply(accessAccept, radiustest.Signed()), q.Packet, make([]byte, 5000),
			q.Reply(accessAccept, radiustest.Text(attrProxyState, "collision")),
			q.Reply(accessAccept, radiustest.Attribute{Type: attrMessageAuthenticator, Value: make([]byte, 16)}),
		}
	}
	var truth []byte
	server := &radiustest.Server{Answer: func(q radiustest.Request) (all []radiustest.Datagram) {
		for _, b := range forge(q) {
			all = append(all, radiustest.Datagram{Bytes: b})
		}
		if truth != nil {
			all = append(all, radiustest.Datagram{After: time.Second / 2, Bytes: q.Reply(truth[0], radiustest.Signed())})
		}
		return all
	}}
	for _, permit := range []bool{false, true} {
		play(t, Config{PermitUnsigned: permit}, func(t *testing.T, s *stage) {
			truth = []byte{accessReject}
			s.want(t, "ERR wrong-password", time.Second/2, time.Second/2)
			truth = []byte{accessAccept}
			s.want(t, "OK", time.Second/2, time.Second/2)
			truth = nil
			s.want(t, "BH wrong-shared-secret", askedTime, askedTime)
		}, server)
	}
}

// TestLateAnswer: the answer to a login that was given up is none to the next.
func TestLateAnswer(t *testing.T) {
	server := newSwitched(after(8*time.Second, answers(accessAccept, radiustest.Signed())))
	play(t, Config{Wait: 5 * time.Second}, func(t *testing.T, s *stage) {
		s.want(t, "BH server-unavailable", 5*time.Second, 5*time.Second)
		server.set(after(4*time.Second, answers(accessReject, radiustest.Signed())))
		s.want(t, "ERR wrong-password", 4*time.Second, 4*time.Second)
	}, &server.Server)
}

// TestDuplicate: two answers to one request are one, also when identifiers come round.
func TestDuplicate(t *testing.T) {
	var first []byte
	server := &radiustest.Server{Answer: func(q radiustest.Request) []radiustest.Datagram {
		if q.User == "alice" {
			first = q.Reply(accessAccept, radiustest.Signed())
			return []radiustest.Datagram{{Bytes: first}, {Bytes: first}, {Bytes: first}}
		}
		return []radiustest.Datagram{{Bytes: first}, {Bytes: q.Reply(accessReject, radiustest.Signed())}, {Bytes: first}}
	}}
	play(t, Config{}, func(t *testing.T, s *stage) {
		s.want(t, "OK", 0, once)
		for range 600 {
			if got := s.ask(t, "mallory", "x"); got != "ERR wrong-password" {
				t.Fatal(got)
			}
		}
	}, server)
}

// TestUnsigned: an answer without Message-Authenticator is none to rely on.
func TestUnsigned(t *testing.T) {
	unsigned, signed := answers(accessAccept), answers(accessAccept, radiustest.Signed())
	server := newSwitched(unsigned)
	play(t, Config{}, func(t *testing.T, s *stage) {
		v := s.verdict(t, "alice", "alices-password")
		if spell(v) != "BH unsigned-reply" || !strings.Contains(v.Cause().Error(), "--permit-unsigned") {
			t.Errorf("%s: %v", spell(v), v.Cause())
		}
		s.want(t, "BH unsigned-reply", 0, once) // as Squid does, again and again
		s.want(t, "BH unsigned-reply", 0, once)
		if n := len(server.Requests()); n != 1 {
			t.Errorf("asked %d times", n)
		}
		server.set(answers(accessReject))
		time.Sleep(firstAvoidance)
		s.want(t, "BH unsigned-reply", 0, once)
		if n := len(server.Requests()); n != 2 {
			t.Errorf("asked %d times", n)
		}
		server.set(signed)
		time.Sleep(firstAvoidance)
		s.want(t, "OK", 0, once)
	}, &server.Server)
	server.set(unsigned)
	play(t, Config{PermitUnsigned: true}, func(t *testing.T, s *stage) {
		for range 3 {
			s.want(t, "OK", 0, once)
		}
		if n := strings.Count(s.log.String(), "CVE-2024-3596"); n != 1 {
			t.Errorf("%d warnings", n)
		}
		time.Sleep(warnEvery)
		s.want(t, "OK", 0, once)
		if n := strings.Count(s.log.String(), "CVE-2024-3596"); n != 2 {
			t.Errorf("%d warnings after an hour", n)
		}
		server.set(signed)
		s.want(t, "OK", 0, once)
		server.set(unsigned) // whoever is in between cannot go back behind that
		s.want(t, "BH unsigned-reply", 0, once)
	}, &server.Server)
}

// TestMany: logins at the same time have a socket each, and each its own answer.
func TestMany(t *testing.T) {
	const many = 700
	passwords := map[string]string{}
	for i := range many {
		passwords[fmt.Sprint("user", i)] = fmt.Sprint("password", i%7)
	}
	server := &radiustest.Server{}
	check := radiustest.Users(passwords)
	server.Answer = func(q radiustest.Request) []radiustest.Datagram {
		return after(time.Duration(q.ID)*time.Millisecond, check)(q)
	}
	play(t, Config{}, func(t *testing.T, s *stage) {
		for round := range 3 {
			var all sync.WaitGroup
			for i := range many {
				all.Go(func() {
					want := "ERR wrong-password"
					if i%7 == round {
						want = "OK"
					}
					if got := s.ask(t, fmt.Sprint("user", i), protocol.Secret(fmt.Sprint("password", round))); got != want {
						t.Errorf("user%d: %s, want %s", i, got, want)
					}
				})
			}
			all.Wait()
			if _, open := server.Sockets(); open > maxIdle {
				t.Errorf("%d sockets are kept", open)
			}
		}
		if n := len(server.Requests()); n != 3*many {
			t.Errorf("asked %d times", n)
		}
		s.Close()
		if _, open := server.Sockets(); open != 0 {
			t.Errorf("%d sockets are open after Close", open)
		}
	}, server)
}

// TestAnnotations: what Squid is told of a user, if it is to be.
func TestAnnotations(t *testing.T) {
	server := &radiustest.Server{Answer: answers(accessAccept, radiustest.Signed(),
		radiustest.Text(attrFilterID, "staff"), radiustest.Text(attrFilterID, "über alles"), radiustest.Text(attrFilterID, ""),
		radiustest.Text(attrClass, "\x00\x01"), radiustest.Text(attrClass, "ou=it\nx"))}
	for name, c := range map[string]struct {
		config Config
		want   string
	}{
		"neither": {Config{}, "[]"},
		"filter":  {Config{AnnotateFilterID: true}, "[{filter_id_ staff} {filter_id_ über alles}]"},
		"class":   {Config{AnnotateClass: true}, "[{class_ 0x0001} {class_ 0x6f753d69740a78}]"},
	} {
		play(t, c.config, func(t *testing.T, s *stage) {
			r, err := readReplyOf(t, server)
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(s.annotations(r)); got != c.want {
				t.Errorf("%s: %s, want %s", name, got, c.want)
			}
			s.want(t, "OK", 0, once)
		}, server)
	}
	many := answers(accessAccept, append(slices.Repeat([]radiustest.Attribute{radiustest.Text(attrClass, "x")}, 100), radiustest.Signed())...)
	play(t, Config{AnnotateClass: true}, func(t *testing.T, s *stage) {
		r, err := readReplyOf(t, &radiustest.Server{Secret: testSecret, Answer: many})
		if n := len(s.annotations(r)); err != nil || n != maxAnnotations {
			t.Errorf("%d annotations, %v", n, err)
		}
	}, alice())
}

// readReplyOf returns the answer of a server to a request.
func readReplyOf(t *testing.T, server *radiustest.Server) (reply, error) {
	q, a := exchange(t)
	return readReply(server.Answer(q)[0].Bytes, q.ID, &a, hashesOf(testSecret))
}

// TestMessage bounds what a server may have logged.
func TestMessage(t *testing.T) {
	for _, c := range []struct {
		parts []string
		want  string
	}{
		{nil, ""},
		{[]string{"one", " two\r\n", "three"}, "one two three"},
		{[]string{"\x1b[31mred\u202e"}, "[31mred"},
		{[]string{"\xff\xfe"}, "?"},
		{slices.Repeat([]string{strings.Repeat("é", 126)}, 5), strings.Repeat("é", 126) + " " + strings.Repeat("é", 126) + " " + strings.Repeat("é", 3)},
	} {
		var r reply
		for _, p := range c.parts {
			r.attributes = appendAttr(r.attributes, attrReplyMessage, p)
		}
		if got := messageOf(r); got != c.want {
			t.Errorf("%q: %q, want %q", c.parts, got, c.want)
		}
	}
}

// TestNew: configurations that cannot be meant.
func TestNew(t *testing.T) {
	good := Server{Host: "192.0.2.1", Port: 1812}
	for name, c := range map[string]Config{
		"no server":       {},
		"no secret":       {Servers: []Server{good}},
		"long identifier": {Servers: []Server{good}, NAS: NAS{Identifier: strings.Repeat("x", 254)}},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestNoRandomness: without it there is no request that could be answered.
func TestNoRandomness(t *testing.T) {
	play(t, Config{Rand: strings.NewReader("x")}, func(t *testing.T, s *stage) {
		v := s.verdict(t, "alice", "alices-password")
		if spell(v) != "BH server-unavailable" || !strings.Contains(v.Cause().Error(), io.ErrUnexpectedEOF.Error()) && !strings.Contains(v.Cause().Error(), "EOF") {
			t.Errorf("%s: %v", spell(v), v.Cause())
		}
	}, alice())
}
