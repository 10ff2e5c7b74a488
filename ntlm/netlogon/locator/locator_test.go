package locator

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestRecordedAnswers(t *testing.T) {
	v, err := pingValue(recorded(t, "ping"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := parseReply(v)
	if err != nil {
		t.Fatal(err)
	}
	want := Reply{Flags: 0x11bd, DNSDomain: "example.test", DNSHost: "dc1.example.test", NetBIOSDomain: "EXAMPLE", ClientSite: "Default-First-Site-Name"}
	if *r != want || !r.Near() || !r.Writable() {
		t.Errorf("%+v", r)
	}
	if v, err := pingValue(recorded(t, "other")); err != errUnknown {
		t.Errorf("% x, %v", v, err)
	}
}

// TestRequest has the message as it is on the wire.
func TestRequest(t *testing.T) {
	want := "304e 020101 6349 0400 0a0100 0a0100 020100 020100 010100" +
		"a02a a319 0409 446e73446f6d61696e 040c 6578616d706c652e74657374 a30d 0405 4e74566572 0404 06000000" +
		"300a 0408 6e65746c6f676f6e"
	if got := hex.EncodeToString(pingRequest(realm)); got != strings.ReplaceAll(want, " ", "") {
		t.Errorf("got  %s\nwant %s", got, strings.ReplaceAll(want, " ", ""))
	}
	long := strings.Repeat("x", 200)
	if _, _, rest, ok := cutElement(pingRequest(long)); !ok || len(rest) > 0 {
		t.Error("a long realm")
	}
}

// TestFind has what the DNS says, what the hosts answer, and the order.
func TestFind(t *testing.T) {
	const all, here = "_ldap._tcp.dc._msdcs.example.test", "_ldap._tcp.Here._sites.dc._msdcs.example.test"
	near := func() *host { return &host{flags: flagClosest | flagWritable, site: "Here"} }
	far := func() *host { return &host{flags: flagWritable, site: "Here"} }
	tests := []struct {
		name    string
		hosts   map[string]*host
		records map[string][]string
		want    string
		took    time.Duration
	}{
		{"one", map[string]*host{"a": near()}, map[string][]string{all: {"a"}}, "a", 0},
		{"the near one first", map[string]*host{"a": far(), "b": near()}, map[string][]string{all: {"a", "b"}}, "b a", 0},
		{"the site has others", map[string]*host{"a": far(), "b": near()}, map[string][]string{all: {"a"}, here: {"b", "b"}}, "b a", 0},
		{"the site has none", map[string]*host{"a": far()}, map[string][]string{all: {"a"}}, "a", 0},
		{"writable ones first", map[string]*host{"a": {flags: flagClosest, site: "Here"}, "b": near(), "c": far()},
			map[string][]string{all: {"a", "b", "c"}}, "b a c", 0},
		{"the quick one first", map[string]*host{"a": {flags: flagClosest | flagWritable, site: "Here", delay: 20 * time.Millisecond}, "b": near()},
			map[string][]string{all: {"a", "b"}}, "b a", 20 * time.Millisecond},
		{"silent ones are not waited for", map[string]*host{"a": {silent: true}, "b": near(), "c": {silent: true}},
			map[string][]string{all: {"a", "b", "c"}}, "b a c", grace},
		{"all silent", map[string]*host{"a": {silent: true}}, map[string][]string{all: {"a", "down"}}, "a down", pingTime},
		{"UDP blocked", map[string]*host{"a": {silent: true}, "b": {tcp: true, flags: flagClosest | flagWritable, site: "Here"}},
			map[string][]string{all: {"a", "b"}}, "b a", udpTime + grace},
		{"of another domain", map[string]*host{"a": {domain: "other.test"}, "b": far()}, map[string][]string{all: {"a", "b"}}, "b a", 0},
		{"a site that is no label", map[string]*host{"a": {flags: flagWritable, site: "x.evil"}}, map[string][]string{all: {"a"}}, "a", 0},
		{"nothing", nil, nil, "", 0},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(c.hosts, c.records)
				start := time.Now()
				hosts, err := w.locator().Find(t.Context())
				if got := strings.Join(hosts, " "); got != c.want || (err != nil) != (c.want == "") {
					t.Errorf("got %q, %v; want %q", got, err, c.want)
				}
				if took := time.Since(start); took != c.took {
					t.Errorf("it took %v, not %v", took, c.took)
				}
				for _, name := range w.asked {
					if strings.Contains(name, "evil") {
						t.Errorf("%s was looked up", name)
					}
				}
			})
		})
	}
}

// TestSiteIsRemembered: the second time, the site's hosts are asked for at once.
func TestSiteIsRemembered(t *testing.T) {
	const all, here = "_ldap._tcp.dc._msdcs.example.test", "_ldap._tcp.Here._sites.dc._msdcs.example.test"
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(map[string]*host{"a": {flags: flagWritable, site: "Here"}, "b": {flags: flagClosest | flagWritable, site: "Here"}},
			map[string][]string{all: {"a"}, here: {"b"}})
		l := w.locator()
		for range 2 {
			w.asked = nil
			if hosts, err := l.Find(t.Context()); err != nil || fmt.Sprint(hosts) != "[b a]" {
				t.Fatalf("%v, %v", hosts, err)
			}
		}
		if !slices.Equal(w.asked, []string{here, all}) {
			t.Errorf("%q", w.asked)
		}
	})
}

// TestManyControllers: no more are pinged than is sensible.
func TestManyControllers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hosts, names := map[string]*host{}, []string{}
		for n := range 100 {
			name := fmt.Sprintf("dc%d", n)
			hosts[name] = &host{flags: flagWritable}
			names = append(names, name)
		}
		w := newWorld(hosts, map[string][]string{"_ldap._tcp.dc._msdcs.example.test": names})
		found, err := w.locator().Find(t.Context())
		if err != nil || len(found) != maxControllers || len(w.pings) != maxControllers {
			t.Errorf("%d found, %d pinged, %v", len(found), len(w.pings), err)
		}
	})
}

// TestPing has the hosts that are no domain controllers.
func TestPing(t *testing.T) {
	good := value(opLogonResponseEX, 0, realm, "a", "")
	tests := []struct {
		name   string
		answer []byte
		want   error
	}{
		{"good", message(good), nil},
		{"with long lengths", windowsLengths(message(good)), nil},
		{"user unknown", message(value(opUserUnknownEX, 0, realm, "a", "")), nil},
		{"in capitals", message(value(opLogonResponseEX, 0, "EXAMPLE.Test", "a", "")), nil},
		{"paused", message(value(opLogonPausedEX, 0, realm, "a", "")), errPaused},
		{"another operation", message(value(19, 0, realm, "a", "")), errReply},
		{"another domain", message(value(opLogonResponseEX, 0, "example.org", "a", "")), errOtherDomain},
		{"no entry", recorded(t, "other"), errUnknown},
		{"no attribute", element(tagSequence, element(tagInteger, []byte{1}), element(tagSearchEntry, element(tagOctetString), element(tagSequence))), errUnknown},
		{"empty value", message(nil), errReply},
		{"not LDAP", []byte("HTTP/1.1 400 Bad Request\r\n\r\n"), errLDAP},
		{"endless length", []byte{tagSequence, 0x80, 0, 0}, errLDAP},
		{"length of five bytes", []byte{tagSequence, 0x85, 0, 0, 0, 0, 1, 0}, errLDAP},
		{"4 GiB", []byte{tagSequence, 0x84, 0xff, 0xff, 0xff, 0xff}, errLDAP},
		{"4 GiB and no content, which an int of 32 bits takes for less than nothing", []byte{tagSequence, 0x84, 0xff, 0xff, 0xff, 0, 0}, errLDAP},
		{"2 GiB", []byte{tagSequence, 0x84, 0x80, 0, 0, 0}, errLDAP},
		{"16 MiB", []byte{tagSequence, 0x83, 0xff, 0xff, 0xff}, errLDAP},
	}
	for _, c := range tests {
		for _, tcp := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(map[string]*host{"a": {answer: c.answer, tcp: tcp}}, nil)
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				reply, err := Ping(ctx, w.dial, "a:389", realm)
				if (reply == nil) == (err == nil) {
					t.Fatalf("%s: %v, %v", c.name, reply, err)
				}
				if c.want != nil && (err == nil || !strings.HasSuffix(err.Error(), c.want.Error())) {
					t.Errorf("%s, TCP %v: %v, want %v", c.name, tcp, err, c.want)
				}
				if c.want == nil && err != nil {
					t.Errorf("%s, TCP %v: %v", c.name, tcp, err)
				}
			})
		}
	}
}

// TestPanic: no answer ends the program.
func TestPanic(t *testing.T) {
	const all = "_ldap._tcp.dc._msdcs.example.test"
	for _, log := range []*slog.Logger{nil, slog.New(slog.DiscardHandler)} {
		w := newWorld(nil, map[string][]string{all: {"a"}})
		l := w.locator()
		l.Log = log
		l.Dial = func(context.Context, string, string) (net.Conn, error) { panic("what the answer says") }
		if hosts, err := l.Find(t.Context()); err != nil || fmt.Sprint(hosts) != "[a]" {
			t.Errorf("%v, %v", hosts, err)
		}
	}
}

// TestDefinite: a host that has answered is not asked again over TCP.
func TestDefinite(t *testing.T) {
	for _, c := range []struct {
		host  *host
		pings int
	}{{&host{}, 1}, {&host{domain: "other.test"}, 1}, {&host{answer: recorded(t, "other")}, 1}, {&host{tcp: true}, 2}} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(map[string]*host{"a": c.host}, nil)
			_, _ = Ping(t.Context(), w.dial, "a:389", realm)
			if len(w.pings) != c.pings {
				t.Errorf("%+v: %d pings", c.host, len(w.pings))
			}
		})
	}
}

// windowsLengths spells the length of the outermost element in four bytes.
func windowsLengths(message []byte) []byte {
	_, content, _, _ := cutElement(message)
	n := len(content)
	return append([]byte{tagSequence, 0x84, 0, 0, byte(n >> 8), byte(n)}, content...)
}

// TestPingEnds: with its context, also when a stream stops in the middle.
func TestPingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		whole := message(value(opLogonResponseEX, 0, realm, "a", ""))
		w := newWorld(map[string]*host{"a": {tcp: true, answer: whole[:len(whole)-1]}}, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		if _, err := Ping(ctx, w.dial, "a:389", realm); err == nil || time.Since(start) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// TestNames: RFC 1035 section 4.1.4, and what it does not allow.
func TestNames(t *testing.T) {
	long := strings.Repeat("\x3f"+strings.Repeat("x", 63), 4)
	tests := []struct {
		data string
		at   int
		name string
		next int
		ok   bool
	}{
		{"\x01a\x02bc\x00", 0, "a.bc", 6, true},
		{"\x00", 0, "", 1, true},
		{"\x01a\x00\x01b\xc0\x00", 3, "b.a", 7, true},
		{"\x01a\x00\x01b\xc0\x00\x01c\xc0\x03", 7, "c.b.a", 11, true},
		{"\xc0\x00", 0, "", 0, false},      // to itself
		{"\x01a\xc0\x00", 0, "", 0, false}, // to its own beginning
		{"\xc0\x02\x00", 0, "", 0, false},  // forwards
		{"\x01a\x00\xc0", 3, "", 0, false}, // half a pointer
		{"\x05a\x00", 0, "", 0, false},     // longer than the data
		{"\x40a\x00", 0, "", 0, false},     // a reserved form
		{"\x01a", 0, "", 0, false},         // without an end
		{"", 0, "", 0, false},
		{long + "\x00", 0, "", 0, false}, // 256 bytes
	}
	for _, c := range tests {
		name, next, ok := readName([]byte(c.data), c.at)
		if name != c.name || next != c.next || ok != c.ok {
			t.Errorf("%q: %q, %d, %v", c.data, name, next, ok)
		}
	}
}

// TestSystemResolver: the resolver of the library is one.
func TestSystemResolver(t *testing.T) {
	var _ Resolver = net.DefaultResolver
}

// FuzzReply checks that an answer describes a domain controller or is an error, in
// datagrams and in streams alike.
func FuzzReply(f *testing.F) {
	f.Add(recorded(f, "ping"))
	f.Add(recorded(f, "other"))
	f.Add(windowsLengths(message(value(opLogonResponseEX, 5, realm, "a", "Here"))))
	f.Add([]byte("\x30\x84\xff\xff\xff\xff"))
	f.Add([]byte("\x30\x84\xff\xff\xff\x00\x00"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		v, err := pingValue(answer)
		if err != nil {
			if v != nil {
				t.Fatal("an error and a value")
			}
			return
		}
		streamed, err := readMessage(bytes.NewReader(answer))
		if err == nil {
			if same, err := pingValue(streamed); err != nil || !bytes.Equal(v, same) {
				t.Fatalf("% x streamed is % x, %v", v, same, err)
			}
		}
		r, err := parseReply(v)
		if (r == nil) == (err == nil) {
			t.Fatalf("%v, %v", r, err)
		}
	})
}

// FuzzName checks that names end, forwards.
func FuzzName(f *testing.F) {
	f.Add([]byte("\x01a\x00\x01b\xc0\x00"), 3)
	f.Fuzz(func(t *testing.T, data []byte, at int) {
		if at < 0 || at > len(data) {
			return
		}
		name, next, ok := readName(data, at)
		if ok && (next <= at || next > len(data) || len(name) > 255) || !ok && (name != "" || next != 0) {
			t.Fatalf("%q, %d, %v", name, next, ok)
		}
	})
}
