package negotiate_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"

	"squidauth/helper/child"
	"squidauth/negotiate"
	"squidauth/negotiate/spnego"
	"squidauth/protocol"
)

// asMechanism is the first argument of this test binary where it plays a mechanism
// as a program of its own; the mechanism and its dialect follow.
const asMechanism = "-play-a-mechanism"

func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == asMechanism {
		playMechanism(os.Args[2], os.Args[3])
		return
	}
	os.Exit(m.Run())
}

// The tokens of the two mechanisms that are played.
var (
	krbToken  = spnego.MechToken{Mech: spnego.KRB5, ID: spnego.APReq, Body: []byte("ticket")}.Append(nil)
	krbAnswer = []byte("AP-REP")

	ntlmNegotiate = ntlmMessage(1, "")
	ntlmChallenge = ntlmMessage(2, "challenge")
)

func ntlmMessage(kind byte, word string) []byte {
	return append([]byte{'N', 'T', 'L', 'M', 'S', 'S', 'P', 0, kind, 0, 0, 0}, word...)
}

const (
	krbUser  = "alice@EXAMPLE.ORG"
	ntlmUser = `DOM\john smith`
)

// played is a mechanism that lets in who sends exactly the right tokens.
type played struct {
	step  func(first bool, token []byte) protocol.Reply
	begun bool
}

// Handle implements negotiate.Mechanism.
func (p *played) Handle(_ context.Context, line []byte) protocol.Reply {
	q, err := protocol.ParseHandshake(line, 0)
	if err != nil || q.Verb == protocol.KK && !p.begun {
		p.begun = false
		return protocol.Broken("not a request")
	}
	r := p.step(q.Verb == protocol.YR, q.Token)
	p.begun = r.Outcome() == protocol.Continue
	return r
}

func stepKerberos(first bool, token []byte) protocol.Reply {
	yes := protocol.Accept(protocol.Identity{User: krbUser}, krbAnswer)
	init, initErr := spnego.ParseInit(token)
	resp, respErr := spnego.ParseResp(token)
	switch {
	case first && bytes.Equal(token, krbToken),
		first && initErr == nil && bytes.Equal(init.MechToken, krbToken),
		!first && respErr == nil && bytes.Equal(resp.ResponseToken, krbToken):
		return yes
	case first && initErr == nil && strings.Contains(fmt.Sprint(init.MechTypes), "Kerberos"):
		return protocol.Challenge(spnego.Resp{State: spnego.RequestMIC, SupportedMech: spnego.KRB5}.Append(nil))
	}
	return protocol.Deny("no Kerberos")
}

func stepNTLM(first bool, token []byte) protocol.Reply {
	switch {
	case first && bytes.Equal(token, ntlmNegotiate):
		return protocol.Challenge(ntlmChallenge)
	case first:
	case bytes.Equal(token, ntlmMessage(3, "right")):
		return protocol.Accept(protocol.Identity{User: ntlmUser}, nil)
	case bytes.Equal(token, ntlmMessage(3, "more")):
		return protocol.Challenge(ntlmChallenge)
	case bytes.Equal(token, ntlmMessage(3, "undecided")):
		return protocol.Broken("it is down")
	}
	return protocol.Deny("no NTLM")
}

// playMechanism answers on standard output.
func playMechanism(name, dialect string) {
	m, scheme := &played{step: stepKerberos}, protocol.Negotiate
	if name == "ntlm" {
		m, scheme = &played{step: stepNTLM}, protocol.NTLM
	}
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		r := m.Handle(context.Background(), bytes.TrimSuffix(line, []byte("\n")))
		var out []byte
		switch dialect {
		case "modern":
			out = protocol.AppendReply(nil, r, scheme, protocol.Modern)
		case "legacy":
			out = protocol.AppendReply(nil, r, scheme, protocol.Legacy)
		default:
			out = []byte(inOtherWords(r, name))
		}
		os.Stdout.Write(append(out, '\n'))
	}
}

// inOtherWords is how Samba's ntlm_auth and Squid's negotiate_kerberos_auth answer,
// which Squid does not understand in each case.
func inOtherWords(r protocol.Reply, name string) string {
	token := base64.StdEncoding.EncodeToString(r.Token())
	switch r.Outcome() {
	case protocol.Accepted:
		if name == "ntlm" {
			return "AF " + r.Detail().User
		}
		return "AF " + token + " " + r.Detail().User
	case protocol.Continue:
		if name == "ntlm" {
			return "TT " + token + " *"
		}
		return "TT token=" + token
	case protocol.Denied:
		return "NA * " + r.Text()
	}
	return "BH " + r.Text()
}

// variants are the ways in which a mechanism may be there. No test can tell them
// apart.
var variants = []string{"in-process", "modern", "legacy", "other words"}

// mechanisms returns Kerberos and NTLM in each of the variants.
func mechanisms(t *testing.T) (kerberos, ntlm map[string]negotiate.Mechanism) {
	t.Helper()
	kerberos = map[string]negotiate.Mechanism{"in-process": &played{step: stepKerberos}}
	ntlm = map[string]negotiate.Mechanism{"in-process": &played{step: stepNTLM}}
	for _, dialect := range variants[1:] {
		kerberos[dialect] = startMechanism(t, "kerberos", dialect, protocol.Negotiate)
		ntlm[dialect] = startMechanism(t, "ntlm", dialect, protocol.NTLM)
	}
	return kerberos, ntlm
}

func startMechanism(t *testing.T, name, dialect string, scheme protocol.Scheme) *child.Child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c, err := child.New(child.Config{Command: []string{self, asMechanism, name, dialect}, Scheme: scheme, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }
