package gss

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
)

// input is a connection on which something comes in.
type input struct {
	net.Conn
	io.Reader
	closed bool
}

func (i *input) Read(p []byte) (int, error) { return i.Reader.Read(p) }
func (i *input) Close() error               { i.closed = true; return nil }

// unanswered is a login that nobody answered.
func unanswered(t *testing.T) *Context {
	t.Helper()
	ctx, _, err := Begin(credential(t, etypeID.AES128_CTS_HMAC_SHA1_96), now, Sealed, Bindings{})
	if err != nil {
		t.Fatal(err)
	}
	return ctx
}

// TestConn: what is not sealed, or too long, ends the connection, and none of it is
// passed on.
func TestConn(t *testing.T) {
	const unsealed = "\x00\x00\x00\x05hello"
	for name, c := range map[string]struct {
		in     string
		sealed bool
		want   string
		err    error
	}{
		"plain":           {unsealed, false, unsealed, nil},
		"not sealed":      {unsealed, true, "", nil},
		"too long":        {"\xff\xff\xff\xff", true, "", errSize},
		"cut short":       {unsealed[:7], true, "", nil},
		"cut in the size": {unsealed[:2], true, "", nil},
	} {
		in := &input{Reader: bytes.NewReader([]byte(c.in))}
		w := NewConn(in)
		if c.sealed {
			w.seal.Store(&seal{context: unanswered(t), max: maxSealed})
		}
		got, err := io.ReadAll(w)
		if string(got) != c.want || c.err != nil && !errors.Is(err, c.err) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if name == "not sealed" && (err == nil || !in.closed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// output is a connection that keeps what is sent.
type output struct {
	net.Conn
	bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) { return o.Buffer.Write(p) }
func (o *output) Read(p []byte) (int, error)  { return o.Buffer.Read(p) }

// TestConnWrite: what is sealed is in messages that the other side takes.
func TestConnWrite(t *testing.T) {
	out := new(output)
	w := NewConn(out)
	const most = 1000
	w.seal.Store(&seal{context: unanswered(t), max: most})
	text := bytes.Repeat([]byte("password"), 500)
	if n, err := w.Write(text); n != len(text) || err != nil {
		t.Fatal(n, err)
	}
	sent := out.Bytes()
	if bytes.Contains(sent, []byte("password")) {
		t.Error("it is not sealed")
	}
	messages := 0
	for len(sent) > 0 {
		size := int(binary.BigEndian.Uint32(sent))
		if size > most || size > len(sent)-4 {
			t.Fatalf("a message of %d bytes", size)
		}
		sent = sent[4+size:]
		messages++
	}
	if messages != 6 {
		t.Errorf("%d messages", messages)
	}
}

// TestUnsealedEnd: what comes with an error is no less sealed than the rest.
func TestUnsealedEnd(t *testing.T) {
	c := NewConn(&input{Reader: iotest.DataErrReader(strings.NewReader("not"))})
	c.Protect(&SASL{context: &Context{}})
	if n, err := c.Read(make([]byte, 100)); n != 0 || err != io.EOF {
		t.Errorf("%d bytes, %v", n, err)
	}
}
