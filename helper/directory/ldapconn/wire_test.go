package ldapconn

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-ldap/ldap/v3"

	"squidauth/helper/directory/ldapconn/ldaptest"
	"squidauth/protocol"
)

// disconnection is what a server sends before it ends a connection.
const disconnection = "\x30\x27\x02\x01\x00\x78\x22\x0a\x01\x34\x04\x00\x04\x03bye\x8a\x161.3.6.1.4.1.1466.20036"

// TestOnlyItsAnswer: nobody is in by a success that is not the one answer to the bind.
func TestOnlyItsAnswer(t *testing.T) {
	success := func(r ldaptest.Request) []byte { return r.Result(0, "") }
	for name, c := range map[string]struct {
		reply func(ldaptest.Request) []byte
		want  string
	}{
		"another identifier":    {func(r ldaptest.Request) []byte { r.ID++; return success(r) }, "not asked for"},
		"no identifier":         {func(r ldaptest.Request) []byte { r.ID = 0; return success(r) }, "not asked for"},
		"of a search":           {func(r ldaptest.Request) []byte { r.Op = ldaptest.Search; return success(r) }, "not asked for"},
		"of StartTLS":           {func(r ldaptest.Request) []byte { r.Op = ldaptest.Extended; return success(r) }, "not asked for"},
		"an entry before":       {func(r ldaptest.Request) []byte { return append(r.Entry("cn=x"), success(r)...) }, "not asked for"},
		"twice":                 {func(r ldaptest.Request) []byte { return append(success(r), success(r)...) }, "not asked for"},
		"yes, then no":          {func(r ldaptest.Request) []byte { return append(success(r), r.Result(49, "")...) }, "not asked for"},
		"something behind":      {func(r ldaptest.Request) []byte { return append(success(r), 0) }, "not asked for"},
		"cut short":             {func(r ldaptest.Request) []byte { b := success(r); return b[:len(b)-1] }, "no answer in time"},
		"disconnection":         {func(ldaptest.Request) []byte { return []byte(disconnection) }, "closed the connection (Unavailable: bye)"},
		"disconnection, behind": {func(r ldaptest.Request) []byte { return append(success(r), disconnection...) }, "not asked for"},
		"disconnection, before": {func(r ldaptest.Request) []byte { return append([]byte(disconnection), success(r)...) }, "closed the connection (Unavailable: bye)"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := answering(ldaptest.Bind, c.reply)
				a, err := login(t, newPool(Options{}, s).ForUsers(), right)
				if err == nil || !strings.Contains(err.Error(), c.want) || s.Count(ldaptest.Bind) != 1 {
					t.Errorf("%+v, %v after %d binds", a, err, s.Count(ldaptest.Bind))
				}
				synctest.Wait()
				if s.Open() != 0 {
					t.Error("the connection is kept")
				}
			})
		})
	}
}

// TestInjected: what somebody puts behind the answer to StartTLS is not taken for the
// server's.
func TestInjected(t *testing.T) {
	config, _ := certificate(t, "0.test")
	bubble(t, func(t *testing.T) {
		s := answering(ldaptest.Extended, func(r ldaptest.Request) []byte {
			return append(r.Result(0, ""), ldaptest.Request{ID: 2, Op: ldaptest.Bind}.Result(0, "")...)
		})
		s.TLS = config
		p := newPool(Options{StartTLS: true, AnyCertificate: true}, s).ForUsers()
		if a, err := login(t, p, right); err == nil || s.Count(ldaptest.Bind) != 0 {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

// TestInPieces: an answer may come in as many pieces as it likes.
func TestInPieces(t *testing.T) {
	bubble(t, func(t *testing.T) {
		near, far := net.Pipe()
		c := &conn{wire: newWire(near)}
		defer c.close()
		value := strings.Repeat("x", 5*readSize)
		go func() {
			defer far.Close()
			r := ldaptest.Request{ID: 1, Op: ldaptest.Search}
			if _, err := io.ReadAtLeast(far, make([]byte, 1000), 1); err != nil {
				return
			}
			b := append(r.Entry("cn=x", ldaptest.Attribute{Name: "a", Values: []string{value, "y"}}), r.Entry("cn=y")...)
			for _, piece := range bytes.SplitAfter(append(b, r.Result(0, "")...), nil) {
				if _, err := far.Write(piece); err != nil {
					return
				}
			}
		}()
		r, err := c.search(t.Context(), &ldap.SearchRequest{Filter: "(cn=x)"})
		if err != nil || len(r.found) != 2 || r.found[0].GetAttributeValue("a") != value || r.found[1].DN != "cn=y" {
			t.Errorf("%+v, %v", r, err)
		}
		if cap(c.wire.in) > keepSize {
			t.Errorf("%d bytes are kept", cap(c.wire.in))
		}
	})
}

// taker takes whatever is written at once, also after its deadline.
type taker struct{ net.Conn }

func (taker) Write(p []byte) (int, error) { return len(p), nil }

// TestLate: when there is no time left, nothing is sent any more.
func TestLate(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for name, ctx := range map[string]func() (context.Context, context.CancelFunc){
			"cancelled": func() (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				return ctx, cancel
			},
			"over": func() (context.Context, context.CancelFunc) { return context.WithTimeout(t.Context(), -1) },
			"by its part": func() (context.Context, context.CancelFunc) {
				return part{t.Context(), time.Now()}, func() {}
			},
		} {
			near, far := net.Pipe()
			defer far.Close()
			ctx, cancel := ctx()
			defer cancel()
			c := &conn{wire: newWire(near)}
			if ctx.Err() != nil {
				c.wire = newWire(taker{near})
			}
			defer c.close()
			if a, err := c.bind(ctx, user, right); err != errNoAnswer || c.wire.line.sent {
				t.Errorf("%s: %+v, %v, sent: %v", name, a, err, c.wire.line.sent)
			}
		}
	})
}

// TestEnds: waiting ends at the deadline, and when nobody wants the answer any more.
func TestEnds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		for name, end := range map[string]func(context.Context) (context.Context, context.CancelFunc){
			"deadline": func(ctx context.Context) (context.Context, context.CancelFunc) {
				return part{ctx, time.Now().Add(most)}, func() {}
			},
			"timer": func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithTimeout(ctx, most) },
			"cancelled": func(ctx context.Context) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(ctx)
				time.AfterFunc(most, cancel)
				return ctx, cancel
			},
		} {
			c, err := newPool(Options{}, &ldaptest.Server{Reply: silence}).open(t.Context(), Server{address: "0.test:389"})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := end(t.Context())
			began := time.Now()
			if a, err := c.bind(ctx, user, right); err != errNoAnswer || time.Since(began) != most || !c.wire.line.sent {
				t.Errorf("%s: %+v, %v after %v", name, a, err, time.Since(began))
			}
			cancel()
			c.close()
		}
	})
}

// real returns a Pool of a server that listens, over TLS if there is a configuration.
func real(t *testing.T, s *ldaptest.Server, config *tls.Config) *Pool {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(); s.Hangup() })
	s.TLS, s.StartsTLS = config, config != nil
	go s.Serve(l)
	server := Server{scheme: schemePlain, address: l.Addr().String(), host: "0.test"}
	if s.StartsTLS {
		server.scheme = schemeTLS
	}
	return New(Options{Servers: []Server{server}, AnyCertificate: true}).ForUsers()
}

// TestLooksFirst: a connection that the server has ended, or says that it ends, gets no
// password, which goes to another.
func TestLooksFirst(t *testing.T) {
	config, _ := certificate(t, "0.test")
	for name, c := range map[string]struct {
		tls *tls.Config
		end string // what the server says before
	}{"TCP": {nil, ""}, "TCP, with words": {nil, disconnection}, "TLS": {config, ""}} {
		t.Run(name, func(t *testing.T) {
			var last atomic.Pointer[net.Conn]
			s := &ldaptest.Server{Reply: directory}
			p := real(t, s, c.tls)
			dial := p.opt.Dial
			p.opt.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				raw, err := dial(ctx, network, address)
				last.Store(&raw)
				return raw, err
			}
			for n := 1; n <= 3; n++ {
				if a, err := p.Bind(t.Context(), user, right, nil); err != nil || a.Code != 0 || s.Count(ldaptest.Bind) != n {
					t.Fatalf("%+v, %v after %d binds", a, err, s.Count(ldaptest.Bind))
				}
				if c.end != "" {
					s.Say([]byte(c.end))
				} else {
					s.Hangup()
				}
				awaitInput(t, *last.Load())
			}
		})
	}
}

// awaitInput waits until there is something to read, or the end.
func awaitInput(t *testing.T, c net.Conn) {
	t.Helper()
	look := looker(c)
	for ctx := t.Context(); look() == quiet; {
		if ctx.Err() != nil {
			t.Fatal("nothing came in")
		}
		time.Sleep(time.Millisecond)
	}
}

// gatherer writes what it is given in one piece, when it is told to.
type gatherer struct {
	net.Conn
	held []byte
	hold bool
}

// SetWriteDeadline does nothing: TLS sets one in the past when it ends.
func (*gatherer) SetWriteDeadline(time.Time) error { return nil }

func (g *gatherer) Write(p []byte) (int, error) {
	if g.held = append(g.held, p...); g.hold {
		return len(p), nil
	}
	_, err := g.Conn.Write(g.held)
	g.held = nil
	return len(p), err
}

// TestHeldBack: what came in with the last answer, and is still in TLS, is no answer to
// the next request, and the connection gets none.
func TestHeldBack(t *testing.T) {
	config, _ := certificate(t, "0.test")
	config.SessionTicketsDisabled = true // a pipe would wait until they are read
	for name, behind := range map[string]func(*tls.Conn) error{
		"yes to the next": func(c *tls.Conn) error {
			_, err := c.Write(ldaptest.Request{ID: 2, Op: ldaptest.Bind}.Result(0, ""))
			return err
		},
		"disconnection": func(c *tls.Conn) error { _, err := io.WriteString(c, disconnection); return err },
		"end of TLS":    (*tls.Conn).CloseWrite,
	} {
		t.Run(name, func(t *testing.T) {
			near, far := net.Pipe()
			defer far.Close()
			g := &gatherer{Conn: far}
			go func() {
				server := tls.Server(g, config)
				if _, err := io.ReadAtLeast(server, make([]byte, 100), 1); err != nil {
					return
				}
				g.hold = true
				if _, err := server.Write(ldaptest.Request{ID: 1, Op: ldaptest.Bind}.Result(49, "")); err != nil {
					return
				}
				if err := behind(server); err != nil {
					return
				}
				g.hold = false
				_, _ = g.Write(nil)
			}()
			c := &conn{wire: newWire(near)}
			c.wire.look = func() presence { return quiet }
			defer c.close()
			if err := c.wire.secure(t.Context(), &tls.Config{InsecureSkipVerify: true}); err != nil {
				t.Fatal(err)
			}
			if a, err := c.bind(t.Context(), user, right); err != nil || a.Code != 49 {
				t.Fatalf("%+v, %v", a, err)
			}
			if c.wire.isAlive(t.Context()) {
				t.Error("the connection is used again")
			}
		})
	}
}

// TestLateTickets: what TLS has to say of itself is no end.
func TestLateTickets(t *testing.T) {
	near, far := net.Pipe()
	config, _ := certificate(t, "0.test")
	server := tls.Server(far, config)
	defer far.Close()
	got := make(chan error, 1)
	go func() {
		_, err := io.ReadAtLeast(server, make([]byte, 100), 1)
		if err == nil {
			_, err = server.Write(ldaptest.Request{ID: 1, Op: ldaptest.Bind}.Result(0, ""))
		}
		got <- err
	}()
	c := &conn{wire: newWire(near)}
	defer c.close()
	if err := c.wire.secure(t.Context(), &tls.Config{InsecureSkipVerify: true}); err != nil {
		t.Fatal(err)
	}
	for range 3 { // the tickets that follow the handshake come in meanwhile
		if !c.wire.isAlive(t.Context()) {
			t.Fatal("it is taken for ended")
		}
	}
	if a, err := c.bind(t.Context(), user, right); err != nil || a.Code != 0 {
		t.Errorf("%+v, %v", a, err)
	}
	if err := <-got; err != nil {
		t.Error(err)
	}
}

// TestUnbind: servers are told when a connection is used no more.
func TestUnbind(t *testing.T) {
	bubble(t, func(t *testing.T) {
		near, far := net.Pipe()
		c := &conn{wire: newWire(near)}
		go c.wire.unbind()
		sent, err := io.ReadAll(far)
		if err != nil || string(sent) != "\x30\x05\x02\x01\x01\x42\x00" {
			t.Errorf("%x, %v", sent, err)
		}
		near, far = net.Pipe()
		c = &conn{wire: newWire(near)}
		began := time.Now()
		c.wire.unbind() // nobody reads that
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %v", took)
		}
		far.Close()
	})
}

// TestForgets: a password does not stay with the connection.
func TestForgets(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPool(Options{}, &ldaptest.Server{Reply: directory}).ForUsers()
		if _, err := login(t, p, right); err != nil {
			t.Fatal(err)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if w := p.idle[0].wire; cap(w.out) == 0 || bytes.Contains(w.out[:cap(w.out)], []byte(right)) {
			t.Errorf("%q", w.out[:cap(w.out)])
		}
	})
}

// TestSteps: a SASL login goes on as long as the server says so.
func TestSteps(t *testing.T) {
	bubble(t, func(t *testing.T) {
		codes := []int64{ldap.LDAPResultSaslBindInProgress, ldap.LDAPResultSuccess, ldap.LDAPResultInvalidCredentials}
		n := 0
		s := answering(ldaptest.Bind, func(r ldaptest.Request) []byte { n++; return r.Result(codes[n-1], "") })
		c, err := newPool(Options{}, s).open(t.Context(), Server{address: "0.test:389"})
		if err != nil {
			t.Fatal(err)
		}
		defer c.close()
		x := exchange{t.Context(), c}
		if x.TLS() != nil {
			t.Error("there is TLS")
		}
		for i, want := range []bool{false, true, true} {
			_, done, err := x.Step("EXAMPLE", []byte("credentials"))
			if done != want || ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidCredentials) != (i == 2) || (err == nil) != (i < 2) {
				t.Errorf("step %d: %v, %v", i, done, err)
			}
		}
	})
}

// TestCompare: only what a server says of the value counts.
func TestCompare(t *testing.T) {
	for code, want := range map[int64]bool{
		ldap.LDAPResultCompareTrue: true, ldap.LDAPResultCompareFalse: false, ldap.LDAPResultSuccess: false, ldap.LDAPResultNoSuchAttribute: false,
	} {
		bubble(t, func(t *testing.T) {
			match, err := newPool(Options{}, result(ldaptest.Compare, code)).Compare(t.Context(), "cn=x", "a", protocol.Secret("v"))
			told := code == ldap.LDAPResultCompareTrue || code == ldap.LDAPResultCompareFalse
			if match != want || (err == nil) != told || errors.Is(err, errNoAnswer) {
				t.Errorf("code %d: %v, %v", code, match, err)
			}
		})
	}
}
