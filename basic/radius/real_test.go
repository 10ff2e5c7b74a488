package radius

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"squidauth/basic/radius/radiustest"
	"squidauth/helper/secret"
	"squidauth/protocol"
)

// newReal makes a Backend of an address, over sockets of the system.
func newReal(t *testing.T, address string) *Backend {
	t.Helper()
	server, err := ParseServer(address, DefaultPort)
	if err != nil {
		t.Fatal(err)
	}
	server.Secret = secret.Fixed(testSecret)
	b, err := New(Config{Servers: []Server{server}, Log: discard})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// realTime is far more than anything takes here.
const realTime = 10 * time.Second

// TestSockets asks over UDP.
func TestSockets(t *testing.T) {
	server := alice()
	server.Secret = testSecret
	address, stop, err := server.Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	b := newReal(t, address)
	ctx, cancel := context.WithTimeout(t.Context(), realTime)
	defer cancel()
	for password, want := range map[protocol.Secret]string{"alices-password": "OK", "x": "ERR wrong-password"} {
		if got := spell(b.Authenticate(ctx, "alice", password)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for _, q := range server.Requests() {
		if got := q.Value(attrNASIPAddress); string(got) != "\x7f\x00\x00\x01" {
			t.Errorf("NAS-IP-Address %x", got)
		}
	}
}

// TestClosedPort: the system tells that nobody listens, and the operator is told.
func TestClosedPort(t *testing.T) {
	taken, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := taken.LocalAddr().String()
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	v := newReal(t, address).Authenticate(ctx, "alice", "x")
	if spell(v) != "BH server-unavailable" || !strings.Contains(v.Cause().Error(), "refused: does it run") {
		t.Errorf("%s: %v", spell(v), v.Cause())
	}
}

// TestOtherSender: an answer counts only if it comes from where the request went.
func TestOtherSender(t *testing.T) {
	asked, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer asked.Close()
	other, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	go func() {
		buf := make([]byte, maxPacket)
		n, from, err := asked.ReadFrom(buf)
		if err != nil {
			return
		}
		q, err := radiustest.ParseRequest(buf[:n], testSecret)
		if err != nil {
			return
		}
		other.WriteTo(q.Reply(accessAccept, radiustest.Signed()), from)
		asked.WriteTo(q.Reply(accessReject, radiustest.Signed()), from)
	}()
	ctx, cancel := context.WithTimeout(t.Context(), realTime)
	defer cancel()
	if got := spell(newReal(t, asked.LocalAddr().String()).Authenticate(ctx, "alice", "x")); got != "ERR wrong-password" {
		t.Errorf("got %s", got)
	}
}

// TestInterrupted: a receive that begins after its interrupt does not wait either.
func TestInterrupted(t *testing.T) {
	conn, err := alice().Dial(t.Context(), "udp", "")
	if err != nil {
		t.Fatal(err)
	}
	l := &link{conn: conn}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	l.interrupt()
	if _, err := l.receive(ctx, time.Now().Add(time.Hour)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error(err)
	}
}
