package rpc

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// call binds and makes a call, both answered as given.
func call(t testing.TB, s Security, answers ...[]byte) (string, error) {
	t.Helper()
	var token []byte
	if s != nil {
		token = []byte("welcome")
	}
	c, err := Bind(t.Context(), dial(t, append([][]byte{ack(token)}, answers...)...), Netlogon, s)
	if err != nil {
		t.Fatal(err)
	}
	return c.Call(t.Context(), 1, []byte("parameters"))
}

func TestCall(t *testing.T) {
	long := strings.Repeat("x", 3000)
	tests := []struct {
		name   string
		parts  []string
		sealed bool
	}{
		{"plain", []string{"answer"}, false},
		{"sealed", []string{"answer"}, true},
		{"empty", []string{""}, true},
		{"in parts", []string{long, "y", "", long}, false},
		{"in sealed parts", []string{long, "y", "", long}, true},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			var client, server Security
			if c.sealed {
				client, server = &testSecurity{}, acceptor()
			}
			var answer []byte
			for i, part := range c.parts {
				var flags byte
				if i == 0 {
					flags |= firstFragment
				}
				if i == len(c.parts)-1 {
					flags |= lastFragment
				}
				answer = append(answer, answerPDU(server, flags, part)...)
			}
			if got, err := call(t, client, answer); err != nil || got != strings.Join(c.parts, "") {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
}

// changed returns a copy with some bytes replaced.
func changed(b []byte, at int, with ...byte) []byte {
	b = bytes.Clone(b)
	copy(b[at:], with)
	return b
}

// TestRefusedAnswers: every answer that is not as it must be is an error, and the
// connection is of no use after it.
func TestRefusedAnswers(t *testing.T) {
	sealed := func() []byte { return answerPDU(acceptor(), whole, "answer") }
	twice := func(s Security, first, second byte) []byte {
		return append(answerPDU(s, first, "one"), answerPDU(s, second, "two")...)
	}
	tests := []struct {
		name   string
		answer []byte
		want   error // nil: any
	}{
		{"not sealed", answerPDU(nil, whole, "answer"), errTrailer},
		{"sealed before", answerPDU(&testSecurity{}, whole, "answer"), errTest},
		{"sealed later", answerPDU(&testSecurity{count: 2}, whole, "answer"), errTest},
		{"version 4", changed(sealed(), 0, 4), errHeader},
		{"version 5.2", changed(sealed(), 1, 2), errHeader},
		{"a request", changed(sealed(), 2, typeRequest), errType},
		{"a bind", changed(sealed(), 2, typeBind), errType},
		{"a bind_ack", changed(sealed(), 2, typeBindAck), errType},
		{"an alter_context_resp", changed(sealed(), 2, 15), errType},
		{"a cl_cancel", changed(sealed(), 2, 8), errType},
		{"an unknown type", changed(sealed(), 2, 200), errType},
		{"not the first fragment", changed(sealed(), 3, lastFragment), errFlags},
		{"big-endian", changed(sealed(), 4, 0), errHeader},
		{"shorter than a header", changed(sealed(), 8, headerSize-1, 0), errHeader},
		{"a header only", changed(sealed(), 8, headerSize, 0), errHeader},
		{"longer than agreed", changed(sealed(), 8, (maxFragment+1)&0xff, (maxFragment+1)>>8), errHeader},
		{"no verifier", changed(sealed(), 10, 0, 0), errTrailer},
		{"a short verifier", changed(sealed(), 10, 3, 0), errTrailer},
		{"a verifier longer than the PDU", changed(sealed(), 10, 0xff, 0xff), errTrailer},
		{"of another call", changed(sealed(), 12, 3), errHeader},
		{"of another context", changed(sealed(), 20, 1), errHeader},
		{"of another security type", changed(sealed(), 32, testType+1), errTrailer},
		{"signed only", changed(sealed(), 33, 5), errTrailer},
		{"with another security context", changed(sealed(), 36, 2), errTrailer},
		{"more padding than there is", changed(sealed(), 34, 9), errTrailer},
		{"changed", changed(sealed(), 24, 0), errTest},
		{"first fragment twice", twice(acceptor(), firstFragment, whole), errFlags},
		{"fragments exchanged", twice(acceptor(), lastFragment, firstFragment), errFlags},
		{"second fragment not sealed", append(answerPDU(acceptor(), firstFragment, "one"), answerPDU(nil, lastFragment, "two")...), errTrailer},
		{"first fragment alone", answerPDU(acceptor(), firstFragment, "one"), io.EOF},
		{"cut short", sealed()[:40], io.EOF},
		{"nothing", nil, io.EOF},
		{"a short fault", pduOf(typeFault, whole, 2, 0, make([]byte, 11)), errHeader},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			client, server := net.Pipe()
			go func() {
				defer server.Close()
				b := make([]byte, maxFragment)
				server.Read(b)
				server.Write(ack([]byte("welcome")))
				server.Read(b)
				server.Write(c.answer)
			}()
			conn, err := Bind(t.Context(), client, Netlogon, &testSecurity{})
			if err != nil {
				t.Fatal(err)
			}
			answer, err := conn.Call(t.Context(), 1, nil)
			switch {
			case err == nil || answer != "":
				t.Fatalf("%q, %v", answer, err)
			case c.want == io.EOF && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)):
			case !errors.Is(err, c.want):
				t.Errorf("%v, want %v", err, c.want)
			}
			var notSent *NotSent
			if _, err := conn.Call(t.Context(), 1, nil); !errors.As(err, &notSent) || conn.Alive() {
				t.Errorf("the connection is used again: %v", err)
			}
		})
	}
}

// TestTooMuch: an answer without an end.
func TestTooMuch(t *testing.T) {
	for name, part := range map[string]string{"long": strings.Repeat("x", 5000), "empty": ""} {
		var answer []byte
		for n := range maxFragments + 1 {
			var flags byte
			if n == 0 {
				flags = firstFragment
			}
			answer = append(answer, answerPDU(nil, flags, part)...)
		}
		if _, err := call(t, nil, answer); err != errTooLong {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnsealedConnection(t *testing.T) {
	if _, err := call(t, nil, answerPDU(acceptor(), whole, "answer")); err != errUnsealed {
		t.Error(err)
	}
}

func TestFault(t *testing.T) {
	body := make([]byte, 16)
	binary.LittleEndian.PutUint32(body[8:], FaultSecurity)
	for _, c := range []struct {
		flags byte
		want  Fault
	}{
		{whole, Fault{Status: FaultSecurity}},
		{whole | didNotExecute, Fault{Status: FaultSecurity, NotExecuted: true}},
	} {
		_, err := call(t, &testSecurity{}, pduOf(typeFault, c.flags, 2, 0, body))
		var f *Fault
		if !errors.As(err, &f) || *f != c.want || f.Busy() {
			t.Errorf("%v", err)
		}
	}
	if text := (&Fault{Status: 0x6BB}).Error(); text != "rpc: fault 0x000006BB (server too busy)" {
		t.Error(text)
	}
	if text := (&Fault{Status: 7}).Error(); text != "rpc: fault 0x00000007" {
		t.Error(text)
	}
}

// TestRefusedBinds: the same for answers to a bind.
func TestRefusedBinds(t *testing.T) {
	good := ack([]byte("welcome"))
	nak := func(reason byte) []byte { return pduOf(typeBindNak, whole, 1, 0, []byte{reason, 0, 0}) }
	tests := []struct {
		name   string
		answer []byte
		want   string
	}{
		{"good", good, ""},
		{"nak", nak(4), "rpc: the bind was refused, reason 4"},
		{"nak of the security", nak(8), "rpc: the bind was refused for its authentication, reason 8"},
		{"nak without a reason", pduOf(typeBindNak, whole, 1, 0, nil), errBindAnswer.Error()},
		{"a fragment", changed(good, 3, firstFragment), errBindAnswer.Error()},
		{"another type", changed(good, 2, typeResponse), errBindAnswer.Error()},
		{"too small fragments", changed(good, 18, 0, 1), errBindAnswer.Error()},
		{"address behind the end", changed(good, 24, 0xff, 0xff), errBindAnswer.Error()},
		{"two results", changed(good, 32, 2), errBindAnswer.Error()},
		{"rejected", changed(good, 36, 2, 0, 1, 0), "rpc: the bind was refused, result 2, reason 1"},
		{"another encoding", changed(good, 40, 0), errEncoding.Error()},
		{"no token", ack(nil), errTrailer.Error()},
		{"another token", ack([]byte("begone!")), errTest.Error()},
		{"trailer among the results", changed(good, 10, 30, 0), errTrailer.Error()},
		{"headers only", pduOf(typeBindAck, whole, 1, 0, make([]byte, 9)), errBindAnswer.Error()},
		{"no result", pduOf(typeBindAck, whole, 1, 0, append([]byte{0, 16, 0, 16}, make([]byte, 30)...)), errBindAnswer.Error()},
	}
	for _, c := range tests {
		conn, err := Bind(t.Context(), dial(t, c.answer), Netlogon, &testSecurity{})
		if c.want == "" && err == nil {
			continue
		}
		if conn != nil || err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	if _, err := Bind(t.Context(), dial(t, ack([]byte("welcome"))), Netlogon, nil); err != errUnsealed {
		t.Error(err)
	}
	for reason, busy := range map[byte]bool{1: true, 2: true, 3: false} {
		_, err := Bind(t.Context(), dial(t, nak(reason)), Netlogon, nil)
		var refused *BindRefused
		if !errors.As(err, &refused) || refused.Busy() != busy {
			t.Errorf("reason %d: %v", reason, err)
		}
	}
}

// TestBindPDU has the bind as it is on the wire.
func TestBindPDU(t *testing.T) {
	c := &Conn{call: 1, security: &testSecurity{}}
	b := c.bindPDU(EPM)
	want := "\x05\x00\x0b\x03\x10\x00\x00\x00\x55\x00\x05\x00\x01\x00\x00\x00" +
		"\xd0\x16\xd0\x16\x00\x00\x00\x00" + "\x01\x00\x00\x00" + "\x00\x00\x01\x00" +
		"\x08\x83\xaf\xe1\x1f\x5d\xc9\x11\x91\xa4\x08\x00\x2b\x14\xa0\xfa\x03\x00\x00\x00" +
		"\x04\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\x00\x2b\x10\x48\x60\x02\x00\x00\x00" +
		"\x63\x06\x00\x00\x01\x00\x00\x00hello"
	if string(b) != want {
		t.Errorf("got  %q\nwant %q", b, want)
	}
}

// TestNotSent: the errors that promise that the server saw no call.
func TestNotSent(t *testing.T) {
	var notSent *NotSent
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	bound := func() *Conn {
		c, err := Bind(t.Context(), dial(t, ack(nil)), Netlogon, nil)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if _, err := bound().Call(canceled, 1, nil); !errors.As(err, &notSent) || !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	if _, err := bound().Call(t.Context(), 1, make([]byte, maxFragment)); !errors.As(err, &notSent) || !errors.Is(err, ErrTooLong) {
		t.Errorf("too long: %v", err)
	}
	c := bound()
	c.Close()
	if _, err := c.Call(t.Context(), 1, nil); !errors.As(err, &notSent) {
		t.Errorf("closed: %v", err)
	}
	c = bound()
	c.net.Close()
	if _, err := c.Call(t.Context(), 1, nil); !errors.As(err, &notSent) {
		t.Errorf("connection closed: %v", err)
	}
}

// TestTime: a call ends with its context, and is not one that was not sent.
func TestTime(t *testing.T) {
	for name, begin := range map[string]func(context.Context) (context.Context, context.CancelFunc){
		"deadline": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Second)
		},
		"cancel": func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Second, cancel)
			return ctx, cancel
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			c, err := Bind(t.Context(), dial(t, ack(nil)), Netlogon, nil)
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			ctx, cancel := begin(t.Context())
			defer cancel()
			_, err = c.Call(ctx, 1, nil)
			var notSent *NotSent
			synctest.Wait()
			if !errors.Is(err, ctx.Err()) || errors.As(err, &notSent) || time.Since(start) != time.Second {
				t.Errorf("%s: %v after %v", name, err, time.Since(start))
			}
			if c.Alive() {
				t.Errorf("%s: the connection is used again", name)
			}
		})
	}
}

// TestMore: a connection on which more came than was asked for is of no use.
func TestMore(t *testing.T) {
	c, err := Bind(t.Context(), dial(t, ack(nil), append(answerPDU(nil, whole, "answer"), 5)), Netlogon, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !c.Alive() {
		t.Error("not alive")
	}
	if answer, err := c.Call(t.Context(), 1, nil); answer != "answer" || err != nil || c.Alive() {
		t.Errorf("%q, %v", answer, err)
	}
}

// TestAlive asks the operating system about a connection.
func TestAlive(t *testing.T) {
	tests := []struct {
		name string
		do   func(server net.Conn)
		want bool
	}{
		{"open", func(net.Conn) {}, true},
		{"closed", func(server net.Conn) { server.Close() }, false},
		{"unasked", func(server net.Conn) { server.Write([]byte("surprise")) }, false},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			client, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			server, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			go func() {
				b := make([]byte, maxFragment)
				server.Read(b)
				server.Write(ack(nil))
			}()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			conn, err := Bind(ctx, client, Netlogon, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			c.do(server)
			if !c.want { // what the server did may be on its way
				waitReadable(t, client)
			}
			if got := conn.Alive(); got != c.want {
				t.Error(got)
			}
		})
	}
}
