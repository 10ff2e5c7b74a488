package fake_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"squidauth/ntlm/fake"
	"squidauth/ntlm/ntlmssp"
	"squidauth/ntlm/ntlmssp/ntlmtest"
	"squidauth/protocol"
)

func newHandler() *fake.Handler {
	return &fake.Handler{Now: time.Now, Rand: bytes.NewReader(make([]byte, 1<<10))}
}

func say(t *testing.T, h *fake.Handler, line string) string {
	t.Helper()
	return string(protocol.AppendReply(nil, h.Handle(t.Context(), []byte(line)), protocol.NTLM, protocol.Legacy))
}

// handshake returns the reply to KK of a client that is told the challenge to yr.
func handshake(t *testing.T, h *fake.Handler, yr string, c ntlmtest.Client) string {
	t.Helper()
	reply := say(t, h, yr)
	challenge, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(reply, "TT "))
	if err != nil {
		t.Fatalf("%q: %v", reply, err)
	}
	token, err := c.Authenticate(nil, challenge)
	if err != nil {
		t.Fatal(err)
	}
	return say(t, h, "KK "+base64.StdEncoding.EncodeToString(token))
}

// TestReplies are those of ntlm_fake_auth, but for the lines that it does not answer.
func TestReplies(t *testing.T) {
	h := newHandler()
	bob := ntlmtest.Client{Domain: "Dom", User: "Bob", Password: "anything"}
	yr := "YR " + base64.StdEncoding.EncodeToString(bob.Negotiate())
	for _, line := range []string{yr, "YR", "YR ", "YR !", "YR dG9rZW4="} {
		if got := handshake(t, h, line, bob); got != `AF Dom\bob` {
			t.Errorf("%s: %q", line, got)
		}
	}
	if got := handshake(t, h, yr, ntlmtest.Client{User: "JÜRGEN"}); got != "AF jürgen" {
		t.Errorf("%q", got)
	}
	if got := handshake(t, h, yr, ntlmtest.Client{Domain: "Dom"}); got != "NA invalid credentials, user=" {
		t.Errorf("%q", got)
	}
	if got := handshake(t, h, yr, ntlmtest.Client{User: "bob\nAF alice"}); got != "NA invalid credentials, user=" {
		t.Errorf("%q", got)
	}
	h.StripDomain = true
	if got := handshake(t, h, yr, bob); got != "AF bob" {
		t.Errorf("%q", got)
	}
	for line, want := range map[string]string{
		"KK": "BH received KK with no data! user=", "KK ": "BH received KK with no data! user=", "KK !": "BH wrong packet type! user=",
		"KK" + yr[2:]: "BH wrong packet type! user=",
	} {
		if got := say(t, h, line); got != want {
			t.Errorf("%s: %q", line, got)
		}
	}
	for _, line := range []string{"", "QQ", "yr"} {
		if got := say(t, h, line); !strings.HasPrefix(got, "BH ") {
			t.Errorf("%q: %q", line, got)
		}
	}
}

// TestChallenge: the target's name is where the message says it is.
func TestChallenge(t *testing.T) {
	reply := newHandler().Handle(t.Context(), []byte("YR"))
	line := protocol.AppendReply(nil, reply, protocol.NTLM, protocol.Modern)
	token, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(string(line), "TT "))
	if err != nil {
		t.Fatal(err)
	}
	if c, err := ntlmssp.ParseChallenge(token); err != nil || c.TargetName != "WORKGROUP" || len(c.TargetInfo) != 2 {
		t.Errorf("%+v, %v", c, err)
	}
	h := newHandler()
	h.Rand = iotest.ErrReader(errors.New("none"))
	if got := say(t, h, "YR"); !strings.HasPrefix(got, "BH ") {
		t.Errorf("%q", got)
	}
}

func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHandler()
		h.Delay = 3 * time.Second
		began := time.Now()
		if got := say(t, h, "KK"); got != "BH received KK with no data! user=" || time.Since(began) != h.Delay {
			t.Errorf("%q after %v", got, time.Since(began))
		}
	})
}
