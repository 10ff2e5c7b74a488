package negotiate_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"squidauth/negotiate"
	"squidauth/negotiate/kerberos/krbtest"
	"squidauth/negotiate/spnego"
	"squidauth/protocol"
)

// tell is ask of any mechanism.
func tell(t *testing.T, m negotiate.Mechanism, line string) protocol.Reply {
	t.Helper()
	r := m.Handle(t.Context(), []byte(line))
	parsed(t, r, protocol.Modern)
	parsed(t, r, protocol.Legacy)
	return r
}

func written(r protocol.Reply) string {
	return string(protocol.AppendReply(nil, r, protocol.Negotiate, protocol.Modern))
}

func b64(token []byte) string { return base64.StdEncoding.EncodeToString(token) }

// A leg is a line of a handshake and the answer that it must have.
type leg struct{ line, want string }

// The answers, as Squid is to get them.
var (
	yesKerberos = fmt.Sprintf("OK token=%s user=%s", b64(krbAnswer), krbUser)
	noKerberos  = `ERR message="no Kerberos"`
	noNTLM      = `ERR message="no NTLM"`
	refused     = `ERR message="The proxy did not accept your Kerberos login."`
	noLogin     = `ERR message="The proxy did not accept your login."`
	unavailable = `BH message="The login service is not available. Please try again later."`
)

func yesNTLM(token []byte) string {
	if token == nil {
		return `OK token=AA== user=DOM%5Cjohn%20smith`
	}
	return fmt.Sprintf(`OK token=%s user=DOM%%5Cjohn%%20smith`, b64(token))
}

// yr and kk are requests.
func yr(token []byte) string { return line("YR", token) }
func kk(token []byte) string { return line("KK", token) }

// answerOf is a client's NegTokenResp.
func answerOf(token []byte) []byte { return spnego.Resp{ResponseToken: token}.Append(nil) }

// tt is an answer of NTLM's within SPNEGO; the first one names NTLM.
func tt(first bool, token []byte) string {
	r := spnego.Resp{State: spnego.AcceptIncomplete, ResponseToken: token}
	if first {
		r.SupportedMech = spnego.NTLM
	}
	return "TT " + b64(r.Append(nil))
}

// handshakes has every form in which clients begin, and how it goes on.
func handshakes() map[string][]leg {
	completed := spnego.Resp{State: spnego.AcceptCompleted}.Append(nil)
	askForKerberos := "TT " + b64(spnego.Resp{State: spnego.RequestMIC, SupportedMech: spnego.KRB5}.Append(nil))
	begin := func(mechs ...spnego.OID) string { return yr(initOf(ntlmNegotiate, nil, mechs...)) }
	right, undecided := ntlmMessage(3, "right"), ntlmMessage(3, "undecided")
	return map[string][]leg{
		"Kerberos": {{yr(krbToken), yesKerberos}},
		"SPNEGO, Kerberos": {
			{yr(initOf(krbToken, nil, spnego.KRB5)), yesKerberos}},
		"SPNEGO, as Windows has it": {
			{yr(initOf(krbToken, nil, spnego.MSKRB5, spnego.KRB5, spnego.NegoEx, spnego.NTLM)), yesKerberos}},
		"SPNEGO, NTLM before Kerberos": {
			{begin(spnego.NTLM, spnego.KRB5), askForKerberos},
			{kk(answerOf(krbToken)), yesKerberos}},
		"SPNEGO, NegoEx before Kerberos": {
			{yr(initOf([]byte("NEGOEXTS"), nil, spnego.NegoEx, spnego.NTLM, spnego.MSKRB5)), askForKerberos},
			{kk(answerOf(krbToken)), yesKerberos}},
		"SPNEGO, Kerberos without a token": {
			{yr(initOf(nil, nil, spnego.KRB5, spnego.NTLM)), askForKerberos},
			{kk(answerOf(nil)), noKerberos}},
		"SPNEGO, NTLM after Kerberos was asked for": {
			{begin(spnego.NTLM, spnego.KRB5), askForKerberos},
			{kk(answerOf(ntlmNegotiate)), noKerberos}},
		"SPNEGO, NTLM without SPNEGO after Kerberos was asked for": {
			{begin(spnego.NTLM, spnego.KRB5), askForKerberos},
			{kk(ntlmNegotiate), noKerberos}},

		"NTLM": {
			{yr(ntlmNegotiate), "TT " + b64(ntlmChallenge)},
			{kk(right), yesNTLM(nil)}},
		"NTLM, wrong password": {
			{yr(ntlmNegotiate), "TT " + b64(ntlmChallenge)},
			{kk(ntlmMessage(3, "wrong")), noNTLM}},
		"NTLM, undecided": {
			{yr(ntlmNegotiate), "TT " + b64(ntlmChallenge)},
			{kk(undecided), `BH message="it is down"`}},
		"NTLM, three legs": {
			{yr(ntlmNegotiate), "TT " + b64(ntlmChallenge)},
			{kk(ntlmMessage(3, "more")), "TT " + b64(ntlmChallenge)},
			{kk(right), yesNTLM(nil)}},
		"NTLM, the last message first": {{yr(right), noNTLM}},
		"NTLM, then SPNEGO": {
			{yr(ntlmNegotiate), "TT " + b64(ntlmChallenge)},
			{kk(answerOf(right)), noNTLM}},
		"NTLM, then Kerberos": {
			{yr(ntlmNegotiate), "TT " + b64(ntlmChallenge)},
			{kk(krbToken), noNTLM}},

		"SPNEGO, NTLM": {
			{begin(spnego.NTLM), tt(true, ntlmChallenge)},
			{kk(answerOf(right)), yesNTLM(completed)}},
		"SPNEGO, NTLM and others": {
			{begin(spnego.NTLM, spnego.NegoEx, spnego.IAKERB), tt(true, ntlmChallenge)},
			{kk(answerOf(right)), yesNTLM(completed)}},
		"SPNEGO, NTLM, wrong password": {
			{begin(spnego.NTLM), tt(true, ntlmChallenge)},
			{kk(answerOf(ntlmMessage(3, "wrong"))), noNTLM}},
		"SPNEGO, NTLM, undecided": {
			{begin(spnego.NTLM), tt(true, ntlmChallenge)},
			{kk(answerOf(undecided)), `BH message="it is down"`}},
		"SPNEGO, NTLM, three legs": {
			{begin(spnego.NTLM), tt(true, ntlmChallenge)},
			{kk(answerOf(ntlmMessage(3, "more"))), tt(false, ntlmChallenge)},
			{kk(answerOf(right)), yesNTLM(completed)}},
		"SPNEGO, NTLM without a token": {
			{yr(initOf(nil, nil, spnego.NTLM)), tt(true, nil)},
			{kk(answerOf(ntlmNegotiate)), tt(false, ntlmChallenge)},
			{kk(answerOf(right)), yesNTLM(completed)}},
		"SPNEGO, NTLM with another token": {
			{yr(initOf([]byte("NEGOEXTS"), nil, spnego.NegoEx, spnego.NTLM)), tt(true, nil)},
			{kk(answerOf(ntlmNegotiate)), tt(false, ntlmChallenge)},
			{kk(answerOf(right)), yesNTLM(completed)}},
		"SPNEGO, NTLM with a token of Kerberos, which is not offered": {
			{yr(initOf(krbToken, nil, spnego.NTLM)), tt(true, nil)},
			{kk(answerOf(krbToken)), noLogin}},
		"SPNEGO, NTLM, the last message first": {{yr(initOf(right, nil, spnego.NTLM)), noNTLM}},
		"SPNEGO, NTLM, no token in the end": {
			{begin(spnego.NTLM), tt(true, ntlmChallenge)},
			{kk(answerOf(nil)), noLogin}},
		"SPNEGO, NTLM, then no SPNEGO": {
			{begin(spnego.NTLM), tt(true, ntlmChallenge)},
			{kk(right), noLogin}},
		"SPNEGO, NTLM, rejected": {
			{begin(spnego.NTLM), tt(true, ntlmChallenge)},
			{kk(spnego.Resp{State: spnego.Reject, ResponseToken: right}.Append(nil)), noLogin}},
		"SPNEGO, NTLM, begins again": {
			{begin(spnego.NTLM), tt(true, ntlmChallenge)},
			{kk(initOf(ntlmNegotiate, nil, spnego.NTLM)), noLogin}},

		"SPNEGO, neither":     {{yr(initOf(nil, nil, spnego.NegoEx)), noKerberos}},
		"SPNEGO, IAKERB only": {{yr(initOf(nil, nil, spnego.IAKERB)), noKerberos}},
		"SPNEGO, goes on with nothing": {
			{yr(answerOf(right)), noKerberos}},
		"neither":           {{yr([]byte("hello")), noKerberos}},
		"no token":          {{"YR", refused}},
		"no token, a blank": {{"YR ", refused}},
		"not base64":        {{"YR !!", refused}},
		"base64 and more":   {{yr(krbToken) + " 10.1.2.3", refused}},
		"KK alone":          {{kk(right), unavailable}},
		"KK, no token":      {{"KK", refused}},
		"NTLM, then nothing": {
			{yr(ntlmNegotiate), "TT " + b64(ntlmChallenge)},
			{"KK ", refused}},
		"QQ":   {{"QQ", unavailable}},
		"none": {{"", unavailable}},
	}
}

// TestWrapperRoutes: every form of token, with every kind of mechanism. After the
// last answer the handshake is over.
func TestWrapperRoutes(t *testing.T) {
	kerberos, ntlm := mechanisms(t)
	for _, k := range variants {
		for _, n := range variants {
			t.Run("Kerberos "+k+", NTLM "+n, func(t *testing.T) {
				w := &negotiate.Wrapper{Kerberos: kerberos[k], NTLM: ntlm[n], Log: quiet()}
				for name, legs := range handshakes() {
					for i, l := range legs {
						if got := written(tell(t, w, l.line)); got != l.want {
							t.Fatalf("%s, leg %d: got %s, want %s", name, i+1, got, l.want)
						}
					}
					if got := written(tell(t, w, kk(ntlmMessage(3, "right")))); got != unavailable {
						t.Errorf("%s, after the end: got %s", name, got)
					}
				}
			})
		}
	}
}

// TestWrapperInterleaved: what a client leaves unfinished, as Squid does not tell, is
// no hindrance to the next, and cannot be finished by it.
func TestWrapperInterleaved(t *testing.T) {
	kerberos, ntlm := mechanisms(t)
	starts := map[string]string{
		"NTLM":             yr(ntlmNegotiate),
		"SPNEGO, NTLM":     yr(initOf(ntlmNegotiate, nil, spnego.NTLM)),
		"SPNEGO, no token": yr(initOf(nil, nil, spnego.NegoEx, spnego.NTLM)),
		"SPNEGO, Kerberos": yr(initOf(nil, nil, spnego.KRB5)),
	}
	for _, v := range variants {
		w := &negotiate.Wrapper{Kerberos: kerberos[v], NTLM: ntlm[v], Log: quiet()}
		for left, start := range starts {
			for name, legs := range handshakes() {
				tell(t, w, start)
				for i, l := range legs {
					if strings.HasPrefix(legs[0].line, "KK") {
						break // goes on with what was left
					}
					if got := written(tell(t, w, l.line)); got != l.want {
						t.Fatalf("%s: %s after %s, leg %d: got %s, want %s", v, name, left, i+1, got, l.want)
					}
				}
			}
			tell(t, w, start)
			tell(t, w, "YR !!")
			for _, token := range [][]byte{ntlmMessage(3, "right"), answerOf(ntlmMessage(3, "right")), answerOf(krbToken)} {
				if got := written(tell(t, w, kk(token))); got != unavailable {
					t.Errorf("%s: after %s and a line that is none: %s", v, left, got)
				}
			}
		}
	}
}

// TestWrapperTruncated: of every token, what a line that was cut leaves of it. There
// is one answer, and it is no success.
func TestWrapperTruncated(t *testing.T) {
	kerberos, ntlm := mechanisms(t)
	var lines []string
	for _, legs := range handshakes() {
		for _, l := range legs {
			lines = append(lines, l.line)
		}
	}
	for _, v := range []string{"in-process", "other words"} {
		w := &negotiate.Wrapper{Kerberos: kerberos[v], NTLM: ntlm[v], Log: quiet()}
		for _, l := range lines {
			verb, word, _ := strings.Cut(l, " ")
			token, err := base64.StdEncoding.DecodeString(word)
			if err != nil {
				continue // none to begin with
			}
			for n := range len(token) {
				tell(t, w, yr(initOf(ntlmNegotiate, nil, spnego.NTLM))) // so that a KK has something to go on with
				if r := tell(t, w, line(verb, token[:n])); r.Outcome() == protocol.Accepted {
					t.Fatalf("%s: %d bytes of %s: %s", v, n, l, written(r))
				}
			}
		}
	}
	genuine := newHandler(t)
	w := &negotiate.Wrapper{Kerberos: genuine, Log: quiet()}
	token := login(krbtest.AES256SHA1).Init(spnego.KRB5, spnego.NTLM)
	for n := range len(token) {
		if r := tell(t, w, yr(token[:n])); r.Outcome() == protocol.Accepted {
			t.Fatalf("%d bytes: %s", n, written(r))
		}
	}
	if r := tell(t, w, yr(token)); r.Outcome() != protocol.Accepted || r.Detail().Backend != "kerberos" {
		t.Errorf("the whole token: %s, %+v", written(r), r.Detail())
	}
}

// TestWrapperNTLMOff: without NTLM, clients that offer nothing else are told so, and
// the others notice nothing.
func TestWrapperNTLMOff(t *testing.T) {
	ofNTLM := []string{noNTLM, "TT " + b64(ntlmChallenge), tt(true, ntlmChallenge), tt(true, nil)}
	for name, legs := range handshakes() {
		w := &negotiate.Wrapper{Kerberos: &played{step: stepKerberos}, Log: quiet()}
		r := tell(t, w, legs[0].line)
		if got := written(r); !slices.Contains(ofNTLM, legs[0].want) {
			if got != legs[0].want {
				t.Errorf("%s: got %s, want %s", name, got, legs[0].want)
			}
			continue
		}
		if r.Outcome() != protocol.Denied || r.Detail().Reason != string(negotiate.NTLM) || !strings.Contains(r.Text(), "did not use Kerberos") {
			t.Errorf("%s: %s, %+v", name, written(r), r.Detail())
		}
	}
}

func offersKerberos(line string) bool {
	q, err := protocol.ParseHandshake([]byte(line), 0)
	init, initErr := spnego.ParseInit(q.Token)
	return err == nil && initErr == nil && slices.ContainsFunc(init.MechTypes, spnego.OID.IsKerberos)
}

// recorder is a mechanism that keeps what it was asked and always says the same.
type recorder struct {
	lines []string
	reply protocol.Reply
}

func (r *recorder) Handle(_ context.Context, line []byte) protocol.Reply {
	r.lines = append(r.lines, string(line))
	return r.reply
}

func (r *recorder) Reload(context.Context) error { return errors.New("reloaded") }

// TestWrapperExtras: the words of key_extras reach the mechanisms, whichever way the
// token takes.
func TestWrapperExtras(t *testing.T) {
	const extras = "10.1.2.3 -"
	kerberos, ntlm := &recorder{reply: protocol.Deny("no")}, &recorder{reply: protocol.Challenge(ntlmChallenge)}
	w := &negotiate.Wrapper{Kerberos: kerberos, NTLM: ntlm, KeyExtras: 2, Log: quiet()}
	for _, l := range []string{
		yr(krbToken), yr(ntlmNegotiate), kk(ntlmMessage(3, "a")),
		yr(initOf(ntlmNegotiate, nil, spnego.NTLM)), kk(answerOf(ntlmMessage(3, "b"))),
	} {
		if r := tell(t, w, l+" "+extras); r.Detail().Extras != extras {
			t.Errorf("%+v", r.Detail())
		}
	}
	want := []string{yr(ntlmNegotiate), kk(ntlmMessage(3, "a")), yr(ntlmNegotiate), kk(ntlmMessage(3, "b"))}
	if got := strings.Join(ntlm.lines, ","); got != strings.Join(want, " "+extras+",")+" "+extras {
		t.Errorf("NTLM got %s", got)
	}
	if len(kerberos.lines) != 1 || kerberos.lines[0] != yr(krbToken)+" "+extras {
		t.Errorf("Kerberos got %q", kerberos.lines)
	}
	want2 := map[string]negotiate.Reason{yr(krbToken): negotiate.KeyExtras, "YR": negotiate.Malformed, "XX a b": negotiate.BadRequest}
	for l, reason := range want2 {
		if r := tell(t, w, l); r.Detail().Reason != string(reason) {
			t.Errorf("%s: %+v", l, r.Detail())
		}
	}
}

// TestWrapperTakesSPNEGO: an NTLM that knows SPNEGO gets its lines unchanged, and its
// answers are not touched.
func TestWrapperTakesSPNEGO(t *testing.T) {
	kerberos, ntlm := &recorder{}, &recorder{reply: protocol.Challenge([]byte("its own"))}
	w := &negotiate.Wrapper{Kerberos: kerberos, NTLM: ntlm, NTLMTakesSPNEGO: true, Log: quiet()}
	lines := []string{
		yr(ntlmNegotiate), kk(ntlmMessage(3, "a")),
		yr(initOf(ntlmNegotiate, nil, spnego.NTLM)), kk(spnego.Resp{ResponseToken: ntlmMessage(3, "a"), MechListMIC: []byte("mic")}.Append(nil)),
		yr(initOf(nil, nil, spnego.NegoEx, spnego.NTLM)), kk(answerOf(nil)),
	}
	for _, l := range lines {
		if got := written(tell(t, w, l)); got != "TT "+b64([]byte("its own")) {
			t.Errorf("%s: %s", l, got)
		}
	}
	if got := strings.Join(ntlm.lines, ","); got != strings.Join(lines, ",") || kerberos.lines != nil {
		t.Errorf("NTLM got %s, Kerberos %q", got, kerberos.lines)
	}
	ntlm.reply = protocol.Accept(protocol.Identity{User: "bob"}, []byte("done"))
	if got := written(tell(t, w, kk(answerOf(ntlmMessage(3, "a"))))); got != "OK token="+b64([]byte("done"))+" user=bob" {
		t.Errorf("got %s", got)
	}
}

// TestWrapperAudit: each use of NTLM is in the log once, and nothing else is.
func TestWrapperAudit(t *testing.T) {
	var out bytes.Buffer
	w := &negotiate.Wrapper{
		Kerberos: &played{step: stepKerberos}, NTLM: &played{step: stepNTLM},
		Log: slog.New(slog.NewTextHandler(&out, nil)),
	}
	for _, audit := range []bool{false, true} {
		w.AuditNTLM = audit
		for name, legs := range handshakes() {
			out.Reset()
			var last protocol.Reply
			for _, l := range legs {
				last = tell(t, w, l.line)
			}
			ntlm := strings.Contains(legs[len(legs)-1].want, "john") || legs[len(legs)-1].want == noNTLM
			if n := strings.Count(out.String(), "NTLM is still used"); ntlm && (n == 1) != audit || n > 1 || !audit && out.Len() > 0 {
				t.Errorf("%s: %s", name, &out)
			}
			if end := legs[len(legs)-1].want; (end == yesKerberos || end == noKerberos) && out.Len() > 0 {
				t.Errorf("%s: %s", name, &out)
			}
			if user := last.Detail().User; audit && ntlm && user != "" && !strings.Contains(out.String(), `user="DOM\\john smith"`) {
				t.Errorf("%s: %s", name, &out)
			}
		}
	}
}

// TestWrapperSilence: no token reaches the log, with whatever detail.
func TestWrapperSilence(t *testing.T) {
	var out bytes.Buffer
	w := &negotiate.Wrapper{
		Kerberos: &played{step: stepKerberos}, NTLM: &played{step: stepNTLM}, AuditNTLM: true,
		Log: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for name, legs := range handshakes() {
		for _, l := range legs {
			if cause := tell(t, w, l.line).Detail().Cause; cause != nil {
				out.WriteString(cause.Error())
			}
			if _, token, _ := strings.Cut(l.line, " "); len(token) > 4 && strings.Contains(out.String(), token) {
				t.Errorf("%s: %s", name, &out)
			}
		}
	}
}

func TestWrapperReload(t *testing.T) {
	w := &negotiate.Wrapper{Kerberos: &recorder{}, NTLM: &played{}, Log: quiet()}
	if err := w.Reload(t.Context()); err == nil || err.Error() != "reloaded" {
		t.Errorf("%v", err)
	}
	w.Kerberos, w.NTLM = w.NTLM, nil
	if err := w.Reload(t.Context()); err != nil {
		t.Errorf("%v", err)
	}
}
