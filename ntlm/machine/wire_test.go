package machine

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/kerberos/initiator"
	"squidauth/ntlm/machine/gss"
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
func unanswered(t *testing.T) *gss.Context {
	t.Helper()
	key := types.EncryptionKey{KeyType: etypeID.AES128_CTS_HMAC_SHA1_96, KeyValue: make([]byte, 16)}
	c, err := initiator.Forge(initiator.ServiceKey{Principal: initiator.Principal{Name: []string{"ldap"}, Realm: "R"}, Key: key}, initiator.Principal{Name: []string{"a"}, Realm: "R"}, now, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	ctx, _, err := gss.Begin(c, now, gss.Sealed, gss.Bindings{})
	if err != nil {
		t.Fatal(err)
	}
	return ctx
}

// TestWire: what is not sealed, or too much, ends the connection, and none of it is
// passed on.
func TestWire(t *testing.T) {
	const unsealed = "\x00\x00\x00\x05hello"
	for name, c := range map[string]struct {
		in     string
		sealed bool
		want   string
		err    error
	}{
		"plain":           {unsealed, false, unsealed, nil},
		"not sealed":      {unsealed, true, "", nil},
		"too long":        {"\xff\xff\xff\xff", true, "", errInput},
		"cut short":       {unsealed[:7], true, "", nil},
		"cut in the size": {unsealed[:2], true, "", nil},
		"without end":     {string(make([]byte, maxInput+1)), false, "", errInput},
	} {
		in := &input{Reader: bytes.NewReader([]byte(c.in))}
		w := newWire(in)
		if c.sealed {
			w.seal.Store(&seal{context: unanswered(t), max: maxSealed})
		}
		got, err := io.ReadAll(w)
		if name != "without end" && string(got) != c.want || c.err != nil && !errors.Is(err, c.err) {
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

// TestWireWrite: what is sealed is in messages that the other side takes.
func TestWireWrite(t *testing.T) {
	out := new(output)
	w := newWire(out)
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
