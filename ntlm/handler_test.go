package ntlm_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"squidauth/helper/identity"
	"squidauth/ntlm"
	"squidauth/ntlm/ntlmssp"
	"squidauth/ntlm/ntlmssp/ntlmtest"
	"squidauth/protocol"
)

func newHandler(tb testing.TB) *ntlm.Handler {
	tb.Helper()
	return &ntlm.Handler{Acceptor: newAcceptor(tb), Backend: "hashes", Names: identity.Names{Form: identity.Domain}, Log: quiet()}
}

func line(verb string, token []byte) string {
	return verb + " " + base64.StdEncoding.EncodeToString(token)
}

// ask hands over a line and looks at what Squid would read, in both dialects.
func ask(t *testing.T, h *ntlm.Handler, line string) (protocol.Reply, protocol.ParsedReply) {
	t.Helper()
	r := h.Handle(t.Context(), []byte(line))
	modern := parsed(t, r, protocol.Modern)
	parsed(t, r, protocol.Legacy)
	return r, modern
}

// parsed writes a reply and reads it as Squid does: the outcome is the same, and
// only a login has a user.
func parsed(t *testing.T, r protocol.Reply, dialect protocol.Dialect) protocol.ParsedReply {
	t.Helper()
	text := protocol.AppendReply(nil, r, protocol.NTLM, dialect)
	p := protocol.ParseReply(text)
	want := map[protocol.Outcome]protocol.Result{protocol.Accepted: protocol.ResultOK, protocol.Denied: protocol.ResultERR,
		protocol.Unavailable: protocol.ResultBH, protocol.Continue: protocol.ResultTT}[r.Outcome()]
	user, hasUser := p.Note("user")
	if bytes.ContainsAny(text, "\n\r\x00") || p.Result != want || hasUser != (want == protocol.ResultOK) || hasUser && user != r.Detail().User {
		t.Errorf("dialect %d: read as %v, %q: %.200q", dialect, p.Result, user, text)
	}
	return p
}

func want(t *testing.T, r protocol.Reply, outcome protocol.Outcome, reason ntlm.Reason) {
	t.Helper()
	if r.Outcome() != outcome || r.Detail().Reason != string(reason) {
		t.Errorf("%v, %q, cause %v; want %v, %q", r.Outcome(), r.Detail().Reason, r.Detail().Cause, outcome, reason)
	}
}

// challenge sends YR and returns the token of the reply.
func challenge(t *testing.T, h *ntlm.Handler, line string) []byte {
	t.Helper()
	r, p := ask(t, h, line)
	if r.Outcome() != protocol.Continue {
		t.Fatalf("%v: %v, %v", line, r.Outcome(), r.Detail().Cause)
	}
	token, _ := p.Note("token")
	b, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// handshake is a login with whole lines, and with words behind the tokens.
func handshake(t *testing.T, h *ntlm.Handler, c ntlmtest.Client, extras string) (protocol.Reply, protocol.ParsedReply) {
	t.Helper()
	negotiate := c.Negotiate()
	return ask(t, h, line("KK", answer(t, c, negotiate, challenge(t, h, line("YR", negotiate)+extras)))+extras)
}

func TestHandlerLogin(t *testing.T) {
	h := newHandler(t)
	r, p := handshake(t, h, alice(), "")
	want(t, r, protocol.Accepted, ntlm.Authenticated)
	if user, _ := p.Note("user"); user != `EXAMPLE\alice` || r.Detail().Backend != "hashes" {
		t.Errorf("user %q, %+v", user, r.Detail())
	}
	wrong := alice()
	wrong.Password, wrong.Domain = "x", "PC-7"
	r, p = handshake(t, h, wrong, "")
	want(t, r, protocol.Denied, ntlm.WrongPassword)
	stranger := wrong
	stranger.User = "eve"
	q, other := handshake(t, h, stranger, "")
	want(t, q, protocol.Denied, ntlm.NoSuchUser)
	one, _ := p.Note("message")
	two, _ := other.Note("message")
	if one != two || one == "" || r.Detail().User != `PC-7\alice` || q.Detail().User != `PC-7\eve` {
		t.Errorf("%q, %q; %+v, %+v", one, two, r.Detail(), q.Detail())
	}
}

// TestOrder: YR begins anew, and whatever is final ends the handshake.
func TestOrder(t *testing.T) {
	h, c := newHandler(t), alice()
	negotiate := c.Negotiate()
	yr := line("YR", negotiate)
	r, _ := ask(t, h, line("KK", answer(t, c, negotiate, challenge(t, newHandler(t), yr))))
	want(t, r, protocol.Unavailable, ntlm.OutOfOrder)
	for between, reason := range map[string]ntlm.Reason{
		"KK":                  ntlm.Malformed,
		"KK ":                 ntlm.Malformed,
		"KK !":                ntlm.Malformed,
		"YR !":                ntlm.Malformed,
		"KK dG9r ZW4=":        ntlm.Malformed,
		"YR dG9rZW4=":         ntlm.Malformed,
		"KK dG9rZW4=":         ntlm.Malformed,
		line("KK", negotiate): ntlm.Malformed,
		"XX":                  ntlm.BadRequest,
		"":                    ntlm.BadRequest,
		"QQ":                  ntlm.BadRequest,
	} {
		kk := line("KK", answer(t, c, negotiate, challenge(t, h, yr)))
		r, _ := ask(t, h, between)
		outcome := protocol.Denied
		if reason == ntlm.BadRequest {
			outcome = protocol.Unavailable
		}
		want(t, r, outcome, reason)
		r, _ = ask(t, h, kk)
		want(t, r, protocol.Unavailable, ntlm.OutOfOrder)
	}
	old := line("KK", answer(t, c, negotiate, challenge(t, h, yr)))
	kk := line("KK", answer(t, c, negotiate, challenge(t, h, yr)))
	r, _ = ask(t, h, kk)
	want(t, r, protocol.Accepted, ntlm.Authenticated)
	r, _ = ask(t, h, kk)
	want(t, r, protocol.Unavailable, ntlm.OutOfOrder)
	challenge(t, h, yr)
	r, _ = ask(t, h, old)
	want(t, r, protocol.Denied, ntlm.WrongPassword) // of another challenge
}

// TestBareYR: Squid 2.5 sends no token, and Squid of today an empty one if the
// client does.
func TestBareYR(t *testing.T) {
	h, c := newHandler(t), alice()
	for _, yr := range []string{"YR", "YR "} {
		r, _ := ask(t, h, line("KK", answer(t, c, nil, challenge(t, h, yr))))
		want(t, r, protocol.Accepted, ntlm.Authenticated)
	}
}

// TestChallengeReuse: with --challenge-uses a YR serves several KK.
func TestChallengeReuse(t *testing.T) {
	h, c := newHandler(t), alice()
	h.Acceptor.ChallengeUses = 3
	ch := challenge(t, h, "YR")
	bob := ntlmtest.Client{User: "bob", Password: "wrong"}
	for _, k := range []struct {
		client  ntlmtest.Client
		outcome protocol.Outcome
		reason  ntlm.Reason
	}{{c, protocol.Accepted, ntlm.Authenticated}, {bob, protocol.Denied, ntlm.WrongPassword}, {c, protocol.Denied, ntlm.Replay}, {bob, protocol.Unavailable, ntlm.OutOfOrder}} {
		r, _ := ask(t, h, line("KK", answer(t, k.client, nil, ch)))
		want(t, r, k.outcome, k.reason)
	}
}

func TestBindExtras(t *testing.T) {
	h, c := newHandler(t), alice()
	h.KeyExtras = 2
	negotiate := c.Negotiate()
	for _, bound := range []bool{false, true} {
		h.BindExtras = bound
		r, _ := handshake(t, h, c, " 192.0.2.1 4711")
		want(t, r, protocol.Accepted, ntlm.Authenticated)
		if r.Detail().Extras != "192.0.2.1 4711" {
			t.Errorf("%+v", r.Detail())
		}
		for _, other := range []string{" 192.0.2.1 4712", " 192.0.2.2 4711", " 192.0.2.14 711"} {
			kk := line("KK", answer(t, c, negotiate, challenge(t, h, line("YR", negotiate)+" 192.0.2.1 4711")))
			r, _ := ask(t, h, kk+other)
			if bound {
				want(t, r, protocol.Denied, ntlm.OtherExtras)
				r, _ = ask(t, h, kk+" 192.0.2.1 4711")
				want(t, r, protocol.Unavailable, ntlm.OutOfOrder)
			} else {
				want(t, r, protocol.Accepted, ntlm.Authenticated)
			}
		}
	}
	r, _ := ask(t, h, line("YR", negotiate))
	want(t, r, protocol.Unavailable, ntlm.KeyExtras)
}

// TestModes: off refuses, audit tells, and on does so with -d only.
func TestModes(t *testing.T) {
	h, c := newHandler(t), alice()
	h.KeyExtras = 1
	var log bytes.Buffer
	h.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	const told = `msg="NTLM is still used" user=EXAMPLE\alice workstation=PC-7 version=ntlmv2 extras=192.0.2.1 reason=authenticated`
	for mode, level := range map[string]string{"on": "level=DEBUG ", "audit": "level=WARN "} {
		h.Mode, _ = ntlm.ParseMode(mode)
		log.Reset()
		r, _ := handshake(t, h, c, " 192.0.2.1")
		want(t, r, protocol.Accepted, ntlm.Authenticated)
		if !strings.Contains(log.String(), level+told) {
			t.Errorf("%s: %s", mode, &log)
		}
	}
	h.Mode, _ = ntlm.ParseMode("off")
	log.Reset()
	hello := ntlmssp.Negotiate{Flags: ntlmssp.NegotiateOEMWorkstationSupplied, Workstation: "OLD-PC"}.Append(nil)
	for _, verb := range []string{"YR", "KK"} {
		r, p := ask(t, h, line(verb, hello)+" 192.0.2.1")
		want(t, r, protocol.Denied, ntlm.SwitchedOff)
		if message, _ := p.Note("message"); message != "This proxy does not accept NTLM logins." {
			t.Errorf("%q", message)
		}
	}
	if !strings.Contains(log.String(), "workstation=OLD-PC") {
		t.Error(log.String())
	}
	if _, ok := ntlm.ParseMode("maybe"); ok {
		t.Error("there is no such mode")
	}
}

// TestTexts: the client is told why only if it may know.
func TestTexts(t *testing.T) {
	for _, reason := range []ntlm.Reason{ntlm.AccountDisabled, ntlm.AccountLocked, ntlm.AccountExpired, ntlm.PasswordExpired,
		ntlm.PasswordMustChange, ntlm.LogonHours, ntlm.WrongWorkstation, ntlm.WrongPassword, ntlm.NoSuchUser, ntlm.LogonRefused} {
		for _, told := range []bool{false, true} {
			h := newHandler(t)
			h.DetailedMessages = told
			h.Acceptor.Verifier = &verdict{Verdict: ntlm.No(reason, nil)}
			r, p := handshake(t, h, alice(), "")
			want(t, r, protocol.Denied, reason)
			neutral := !told || reason == ntlm.WrongPassword || reason == ntlm.NoSuchUser || reason == ntlm.LogonRefused
			if message, _ := p.Note("message"); (message == "Wrong user name or password") != neutral || message == "" {
				t.Errorf("%s, %v: %q", reason, told, message)
			}
		}
	}
}

// TestOldVersionText: the cure is in the client's hands, so it is told.
func TestOldVersionText(t *testing.T) {
	h, c := newHandler(t), alice()
	c.Form = ntlmssp.NTLMv1
	r, p := handshake(t, h, c, "")
	want(t, r, protocol.Denied, ntlm.OldVersion)
	if message, _ := p.Note("message"); !strings.Contains(message, "old version of NTLM") {
		t.Errorf("%q", message)
	}
	if text := r.Detail().Cause.Error(); !strings.Contains(text, "LmCompatibilityLevel") {
		t.Errorf("%q", text)
	}
}

// reloading is a Verifier that can reload.
type reloading struct {
	verdict
	err error
}

func (r *reloading) Reload(context.Context) error { return r.err }

func TestReload(t *testing.T) {
	h, broken := newHandler(t), errors.New("broken")
	h.Acceptor.Verifier = &reloading{err: broken}
	if err := h.Reload(t.Context()); err != broken {
		t.Error(err)
	}
	h.Acceptor.Verifier = &verdict{}
	if err := h.Reload(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestGroups(t *testing.T) {
	own, staff, other := sid(t, "S-1-5-21-1-2-3-1104"), sid(t, "S-1-5-21-1-2-3-513"), sid(t, "S-1-5-21-1-2-3-2000")
	account := &ntlm.Account{Account: identity.Account{Name: "alice", Domain: "EXAMPLE"}, Groups: []identity.SID{own, staff}}
	v2 := alice()
	v2.Change = func(a *ntlmssp.Authenticate) {
		a.NTResponse = append(make([]byte, 16), ntlmssp.Blob(0, [8]byte{}, nil)...) // no MIC
	}
	h := newHandler(t)
	h.Acceptor.Verifier = &verdict{Verdict: ntlm.Yes(account)}
	h.Groups = identity.Groups{Format: identity.GroupsSID}
	r, p := handshake(t, h, v2, "")
	want(t, r, protocol.Accepted, ntlm.Authenticated)
	if groups := notes(p, "group"); strings.Join(groups, " ") != own.String()+" "+staff.String() {
		t.Errorf("%q", groups)
	}
	h.Groups.Require = identity.GroupSet{SIDs: []identity.SID{other}}
	r, _ = handshake(t, h, v2, "")
	want(t, r, protocol.Denied, ntlm.NotInGroup)
	h.Groups.Require = identity.GroupSet{SIDs: []identity.SID{other, staff}}
	r, _ = handshake(t, h, v2, "")
	want(t, r, protocol.Accepted, ntlm.Authenticated)
	h.Groups.Require = identity.GroupSet{Names: []string{"Staff"}} // there is no directory to ask
	r, _ = handshake(t, h, v2, "")
	want(t, r, protocol.Unavailable, ntlm.NoDirectory)
}

func sid(t *testing.T, s string) identity.SID {
	t.Helper()
	sid, err := identity.ParseSID(s)
	if err != nil {
		t.Fatal(err)
	}
	return sid
}

func notes(p protocol.ParsedReply, key string) (values []string) {
	for _, n := range p.Notes {
		if n.Key == key {
			values = append(values, n.Value)
		}
	}
	return values
}

// waiting is a Verifier that becomes ready.
type waiting struct {
	verdict
	asked int
	ready func(asked int) error
}

func (w *waiting) Ready(context.Context) error {
	w.asked++
	return w.ready(w.asked)
}

func TestHold(t *testing.T) {
	down := errors.New("no domain controller answers")
	for _, hold := range []bool{false, true} {
		for _, until := range []int{1, 3, 1 << 30} {
			synctest.Test(t, func(t *testing.T) {
				h := newHandler(t)
				h.Hold = hold
				h.Acceptor.Verifier = &waiting{ready: func(asked int) error {
					if asked < until {
						return down
					}
					return nil
				}}
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				began := time.Now()
				r := h.Handle(ctx, []byte(line("YR", alice().Negotiate())))
				switch took := time.Since(began); {
				case !hold || until == 1:
					want(t, r, protocol.Continue, "")
					if took != 0 {
						t.Errorf("%v", took)
					}
				case until == 3:
					want(t, r, protocol.Continue, "")
					if took > time.Second {
						t.Errorf("%v", took)
					}
				default:
					want(t, r, protocol.Unavailable, ntlm.NotReady)
					if took != 10*time.Second || !errors.Is(r.Detail().Cause, down) {
						t.Errorf("%v, %v", took, r.Detail().Cause)
					}
				}
			})
		}
	}
}

// TestSecrets: nothing of a handshake that could be used for another is logged.
func TestSecrets(t *testing.T) {
	h, c := newHandler(t), alice()
	var log bytes.Buffer
	h.Log, h.Mode = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), ntlm.Audit
	negotiate := c.Negotiate()
	token := answer(t, c, negotiate, challenge(t, h, line("YR", negotiate)))
	r, _ := ask(t, h, line("KK", token))
	text := log.String() + strings.Join([]string{r.Detail().User, r.Detail().Reason, r.Detail().Extras}, " ")
	if strings.Contains(text, c.Password) || strings.Contains(text, base64.StdEncoding.EncodeToString(token)) {
		t.Error(text)
	}
}

// TestGarbageForOneChallenge: what is no message costs one of the answers to a
// challenge that several clients share, and not all.
func TestGarbageForOneChallenge(t *testing.T) {
	for _, garbage := range []string{"KK !!!", "KK", line("KK", []byte("NTLMSSP\x00junk"))} {
		h := newHandler(t)
		h.Acceptor.ChallengeUses = 2
		sent := challenge(t, h, "YR")
		if r, _ := ask(t, h, garbage); r.Outcome() != protocol.Denied {
			t.Errorf("%.12q: %v", garbage, r.Outcome())
		}
		if r, _ := ask(t, h, line("KK", answer(t, alice(), nil, sent))); r.Outcome() != protocol.Accepted {
			t.Errorf("after %.12q: %v %+v", garbage, r.Outcome(), r.Detail())
		}
		if r, _ := ask(t, h, line("KK", answer(t, alice(), nil, sent))); r.Outcome() != protocol.Unavailable {
			t.Errorf("a third answer: %v", r.Outcome())
		}
	}
}

// TestClientInTheLog: whoever logs in or is refused, the audit line has the version of
// NTLM and the workstation.
func TestClientInTheLog(t *testing.T) {
	for password, outcome := range map[string]protocol.Outcome{alice().Password: protocol.Accepted, "wrong": protocol.Denied} {
		h, client := newHandler(t), alice()
		client.Password, client.Workstation = password, "PC-7"
		sent := challenge(t, h, line("YR", client.Negotiate()))
		r, _ := ask(t, h, line("KK", answer(t, client, client.Negotiate(), sent)))
		if r.Outcome() != outcome || r.Detail().Client != "ntlmv2 from PC-7" {
			t.Errorf("%v %+v", r.Outcome(), r.Detail())
		}
	}
	h := newHandler(t)
	if r, _ := ask(t, h, "KK"); r.Detail().Client != "" {
		t.Errorf("of nobody the log says %q", r.Detail().Client)
	}
}
