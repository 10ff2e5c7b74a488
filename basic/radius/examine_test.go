package radius

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"log/slog"
	"net"
	"testing"
	"testing/synctest"

	"squidauth/helper/doctor/doctortest"
	"squidauth/helper/secret"
	"squidauth/protocol"
)

// status plays a server that is asked for its status (RFC 5997 section 3), with a secret
// of its own. It is silent if the request is not signed with that, or of another kind.
type status struct {
	t      *testing.T
	secret string
	signs  bool
	forges bool // answers with another secret than it reads
}

func (s *status) dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	go func() {
		buf := make([]byte, maxPacket)
		for {
			n, err := far.Read(buf)
			if err != nil {
				return
			}
			if answer := s.answer(buf[:n]); answer != nil {
				_, _ = far.Write(answer)
			}
		}
	}()
	return near, nil
}

func (s *status) answer(q []byte) []byte {
	const at = headerSize + attrHeaderSize // the Message-Authenticator is the first
	if q[0] != 12 || q[headerSize] != attrMessageAuthenticator {
		s.t.Errorf("the request begins with % x", q[:headerSize+2])
		return nil
	}
	sum := [16]byte(q[at:])
	copy(q[at:], make([]byte, 16))
	if !hmac.Equal(mac(s.secret, q), sum[:]) {
		return nil
	}
	answer := append([]byte{accessAccept, q[1], 0, 0}, q[4:headerSize]...)
	if s.signs {
		answer = append(append(answer, attrMessageAuthenticator, 18), make([]byte, 16)...)
	}
	binary.BigEndian.PutUint16(answer[2:], uint16(len(answer)))
	key := s.secret
	if s.forges {
		key = "another"
	}
	if s.signs {
		copy(answer[at:], mac(key, answer))
	}
	final := md5.Sum(append(append([]byte(nil), answer...), key...))
	copy(answer[4:], final[:])
	return answer
}

func mac(key string, b []byte) []byte {
	h := hmac.New(md5.New, []byte(key))
	h.Write(b)
	return h.Sum(nil)
}

// TestExamine asks servers for their status, and nothing else.
func TestExamine(t *testing.T) {
	for name, c := range map[string]struct {
		server     status
		permit     bool
		refuse     bool
		want, cure string
	}{
		"good":      {server: status{secret: testSecret, signs: true}},
		"unsigned":  {server: status{secret: testSecret}, want: "warning radius-unsigned", cure: "require_message_authenticator"},
		"permitted": {server: status{secret: testSecret}, permit: true, want: "warning radius-unsigned", cure: "take --permit-unsigned away"},
		"silent":    {server: status{secret: "another"}, want: "warning radius-silent", cure: "status_server = yes"},
		"another's": {server: status{secret: testSecret, forges: true}, want: "fault radius-secret-wrong", cure: "clients.conf"},
		"not there": {refuse: true, want: "fault radius-unreachable", cure: "192.0.2.1:1812"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c.server.t = t
				config := Config{
					Servers:        []Server{{Host: "192.0.2.1", Port: DefaultPort, Secret: secret.Fixed(protocol.Secret(testSecret))}},
					PermitUnsigned: c.permit, Log: slog.New(slog.DiscardHandler), Dial: c.server.dial,
				}
				if c.refuse {
					config.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("connection refused") }
				}
				b, err := New(config)
				if err != nil {
					t.Fatal(err)
				}
				doctortest.Want(t, name, b, c.want, c.cure, testSecret)
			})
		})
	}
}
