package rpc

import (
	"bytes"
	"net"
	"runtime"
	"testing"
	"time"
)

// replay is a connection that has all answers already.
type replay struct{ *bytes.Reader }

func (replay) Write(b []byte) (int, error)      { return len(b), nil }
func (replay) Close() error                     { return nil }
func (replay) LocalAddr() net.Addr              { return nil }
func (replay) RemoteAddr() net.Addr             { return nil }
func (replay) SetDeadline(time.Time) error      { return nil }
func (replay) SetReadDeadline(time.Time) error  { return nil }
func (replay) SetWriteDeadline(time.Time) error { return nil }

// FuzzBind binds to a server that answers anything. Without a token nothing is
// bound.
func FuzzBind(f *testing.F) {
	f.Add(ack([]byte("welcome")))
	f.Add(ack(nil))
	f.Add(pduOf(typeBindNak, whole, 1, 0, []byte{4, 0, 0}))
	f.Fuzz(func(t *testing.T, answer []byte) {
		c, err := Bind(t.Context(), replay{bytes.NewReader(answer)}, Netlogon, &testSecurity{})
		if (c == nil) == (err == nil) {
			t.Fatalf("%v, %v", c, err)
		}
		if err == nil && !bytes.Contains(answer, []byte("welcome")) {
			t.Fatal("bound without a token")
		}
	})
}

// FuzzCall makes a call to a server that answers anything. Only what is sealed is an
// answer, and no more is allocated than the answer is long, but for a constant.
func FuzzCall(f *testing.F) {
	f.Add(answerPDU(acceptor(), whole, "answer"))
	s := acceptor()
	f.Add(append(answerPDU(s, firstFragment, "one"), answerPDU(s, lastFragment, "two")...))
	f.Add(answerPDU(nil, whole, "answer"))
	f.Add(pduOf(typeFault, whole, 2, 0, make([]byte, 16)))
	f.Fuzz(func(t *testing.T, answer []byte) {
		all := append(ack([]byte("welcome")), answer...)
		c, err := Bind(t.Context(), replay{bytes.NewReader(all)}, Netlogon, &testSecurity{})
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got, err := c.Call(t.Context(), 1, nil)
		runtime.ReadMemStats(&after)
		if err != nil && got != "" {
			t.Fatal("an error and an answer")
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > uint64(8*len(answer)+64<<10) {
			t.Fatalf("%d bytes allocated for %d", used, len(answer))
		}
		if err == nil && !bytes.Contains(answer, []byte{'v', 2}) {
			t.Fatalf("an answer without a seal: %q", got)
		}
	})
}
