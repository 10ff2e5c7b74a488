package negotiate_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"squidauth/helper/identity"
	"squidauth/negotiate"
	"squidauth/negotiate/kerberos"
	"squidauth/negotiate/kerberos/krbtest"
	"squidauth/negotiate/rcache"
	"squidauth/negotiate/spnego"
	"squidauth/protocol"
)

func newHandler(tb testing.TB) *negotiate.Handler {
	tb.Helper()
	return &negotiate.Handler{Kerberos: newAcceptor(tb), Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

func line(verb string, token []byte) string {
	return verb + " " + base64.StdEncoding.EncodeToString(token)
}

// ask hands over a line and looks at what Squid would read, in both dialects.
func ask(t *testing.T, h *negotiate.Handler, line string) (protocol.Reply, protocol.ParsedReply) {
	t.Helper()
	r := h.Handle(t.Context(), []byte(line))
	modern := parsed(t, r, protocol.Modern)
	parsed(t, r, protocol.Legacy)
	return r, modern
}

// parsed writes a reply and reads it as Squid does: the outcome is the same, and a
// login has user and token, without which Squid exits.
func parsed(t *testing.T, r protocol.Reply, dialect protocol.Dialect) protocol.ParsedReply {
	t.Helper()
	const bufferOfSquid = 32 << 10
	text := protocol.AppendReply(nil, r, protocol.Negotiate, dialect)
	if bytes.ContainsAny(text, "\n\r\x00") || len(text) >= bufferOfSquid {
		t.Errorf("dialect %d: %d bytes: %.200q", dialect, len(text), text)
	}
	p := protocol.ParseReply(text)
	want := map[protocol.Outcome]protocol.Result{protocol.Accepted: protocol.ResultOK, protocol.Denied: protocol.ResultERR,
		protocol.Unavailable: protocol.ResultBH, protocol.Continue: protocol.ResultTT}[r.Outcome()]
	if p.Result != want || p.Other != "" {
		t.Errorf("dialect %d: read as %v: %.200q", dialect, p.Result, text)
	}
	user, hasUser := p.Note("user")
	token, hasToken := p.Note("token")
	if login := want == protocol.ResultOK; hasUser != login || login && (user == "" || user != r.Detail().User && !strings.EqualFold(user, r.Detail().User)) {
		t.Errorf("dialect %d: user %q, %v: %.200q", dialect, user, r.Detail().User, text)
	}
	if login := want == protocol.ResultOK || want == protocol.ResultTT; hasToken != login || login && token == "" {
		t.Errorf("dialect %d: token %q: %.200q", dialect, token, text)
	}
	return p
}

func want(t *testing.T, r protocol.Reply, outcome protocol.Outcome, reason any) {
	t.Helper()
	var code string
	switch reason := reason.(type) {
	case negotiate.Reason:
		code = string(reason)
	case kerberos.Reason:
		code = string(reason)
	case string:
		code = reason
	}
	if r.Outcome() != outcome || r.Detail().Reason != code {
		t.Errorf("%v, %q, cause %v; want %v, %q", r.Outcome(), r.Detail().Reason, r.Detail().Cause, outcome, code)
	}
}

const authenticated = "authenticated"

// TestLogin: the client's side of a login, to the last check of the AP-REP.
func TestLogin(t *testing.T) {
	for _, enctype := range krbtest.Enctypes() {
		h, l := newHandler(t), login(enctype)
		r, p := ask(t, h, line("YR", l.Init(spnego.KRB5)))
		want(t, r, protocol.Accepted, authenticated)
		if user, _ := p.Note("user"); user != l.User() {
			t.Errorf("user %q", user)
		}
		token, _ := p.Note("token")
		b, err := base64.StdEncoding.DecodeString(token)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := spnego.ParseResp(b)
		if err != nil {
			t.Fatal(err)
		}
		apRep(t, l, answer.ResponseToken, spnego.KRB5)
	}
}

// TestTwoLegs: TT in between, and KK after it.
func TestTwoLegs(t *testing.T) {
	h, l := newHandler(t), login(krbtest.AES256SHA1)
	r, _ := ask(t, h, line("YR", initOf(nil, nil, spnego.KRB5)))
	want(t, r, protocol.Continue, "")
	r, _ = ask(t, h, line("KK", spnego.Resp{ResponseToken: l.Token(spnego.KRB5)}.Append(nil)))
	want(t, r, protocol.Accepted, authenticated)
	r, _ = ask(t, h, line("KK", spnego.Resp{ResponseToken: login(krbtest.AES256SHA1).Token(spnego.KRB5)}.Append(nil)))
	want(t, r, protocol.Unavailable, negotiate.OutOfOrder)
}

// TestOrder: YR begins anew, and whatever is final ends the handshake.
func TestOrder(t *testing.T) {
	question := line("YR", initOf(nil, nil, spnego.KRB5))
	answer := func() string {
		return line("KK", spnego.Resp{ResponseToken: login(krbtest.AES256SHA1).Token(spnego.KRB5)}.Append(nil))
	}
	h := newHandler(t)
	r, _ := ask(t, h, answer())
	want(t, r, protocol.Unavailable, negotiate.OutOfOrder)
	for between, reason := range map[string]any{
		"KK":                    negotiate.Malformed,
		"KK !":                  negotiate.Malformed,
		"YR !":                  negotiate.Malformed,
		"YR":                    negotiate.Malformed,
		"XX":                    negotiate.BadRequest,
		"":                      negotiate.BadRequest,
		line("KK", ntlmToken):   negotiate.NTLM,
		line("YR", ntlmToken):   negotiate.NTLM,
		"YR " + "dG9rZW4=\x00":  negotiate.Malformed,
		"KK dG9r ZW4=":          negotiate.Malformed,
		"KK " + "dG9rZW4":       negotiate.Malformed,
		"KK " + "dG9rZW4=trail": negotiate.Malformed,
	} {
		ask(t, h, question)
		r, _ := ask(t, h, between)
		outcome := protocol.Denied
		if reason == negotiate.BadRequest {
			outcome = protocol.Unavailable
		}
		want(t, r, outcome, reason)
		r, _ = ask(t, h, answer())
		want(t, r, protocol.Unavailable, negotiate.OutOfOrder)
	}
	ask(t, h, question)
	ask(t, h, question)
	r, _ = ask(t, h, answer())
	want(t, r, protocol.Accepted, authenticated)
}

func TestKeyExtras(t *testing.T) {
	h := newHandler(t)
	h.KeyExtras = 2
	l := login(krbtest.AES256SHA1)
	r, _ := ask(t, h, line("YR", l.Init(spnego.KRB5))+" 192.0.2.1 -")
	want(t, r, protocol.Accepted, authenticated)
	if r.Detail().Extras != "192.0.2.1 -" || r.Detail().User != l.User() || r.Detail().Backend != "kerberos" {
		t.Errorf("%+v", r.Detail())
	}
	r, _ = ask(t, h, "YR !! 192.0.2.1 -")
	want(t, r, protocol.Denied, negotiate.Malformed)
	r, _ = ask(t, h, "YR dG9rZW4=")
	want(t, r, protocol.Unavailable, negotiate.KeyExtras)
}

func withoutKeytab(h *negotiate.Handler) {
	h.Kerberos.Keys = func(context.Context) (*kerberos.Keyring, error) {
		return nil, errors.New("/etc/keytab: permission denied")
	}
}

// wrong returns a valid login, made wrong in one thing.
func wrong(edit func(*krbtest.Login)) krbtest.Login {
	l := login(krbtest.AES256SHA1)
	edit(&l)
	return l
}

// TestRefusals: which outcome and which words a refusal has. What the operator
// must mend is not the client's fault, and nobody is told what only the log is.
func TestRefusals(t *testing.T) {
	at := func(now time.Time) func(*negotiate.Handler) {
		return func(h *negotiate.Handler) { h.Kerberos.Now = func() time.Time { return now } }
	}
	wrongKey := wrong(func(l *krbtest.Login) { l.Ticket.Key = krbtest.Key(krbtest.AES256SHA1, "old") })
	expired := wrong(func(l *krbtest.Login) { l.Ticket.EndTime = krbtest.Now.Add(-time.Hour) })
	future := wrong(func(l *krbtest.Login) { l.Ticket.StartTime = krbtest.Now.Add(time.Hour) })
	spoofed := wrong(func(l *krbtest.Login) { l.Auth.CRealm = "ADMIN.TEST" })
	for _, tt := range []struct {
		name    string
		login   krbtest.Login
		edit    func(*negotiate.Handler)
		outcome protocol.Outcome
		reason  any
		says    string
	}{
		// Of a ticket that is genuine the log names the client.
		{"wrong key", wrongKey, nil, protocol.Denied, kerberos.BadTicket, "did not accept"},
		{"spoofed", spoofed, nil, protocol.Denied, kerberos.BadMatch, "did not accept"},
		{"expired", expired, nil, protocol.Denied, kerberos.Expired, "not valid now"},
		{"from the future", future, nil, protocol.Denied, kerberos.NotYetValid, "not valid now"},
		{"clock", login(krbtest.AES256SHA1), at(krbtest.Now.Add(time.Hour)), protocol.Denied, kerberos.ClockSkew, "clock"},
		{"RC4", login(krbtest.RC4), func(h *negotiate.Handler) { h.Kerberos.PermitRC4 = false }, protocol.Denied, kerberos.WeakEncryption, "did not accept"},
		{"no keytab", login(krbtest.AES256SHA1), withoutKeytab, protocol.Unavailable, kerberos.NoKeytab, "not available"},
		{"no replay cache", login(krbtest.AES256SHA1), func(h *negotiate.Handler) { h.Kerberos.Replay = nil }, protocol.Unavailable, kerberos.ReplayCache, "not available"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHandler(t)
			if tt.edit != nil {
				tt.edit(h)
			}
			r, p := ask(t, h, line("YR", tt.login.Init(spnego.KRB5)))
			want(t, r, tt.outcome, tt.reason)
			tellsNothing(t, r, p, tt.says)
			genuine := !slices.Contains([]any{kerberos.BadTicket, kerberos.WeakEncryption, kerberos.NoKeytab}, tt.reason)
			if user := r.Detail().User; genuine && user != tt.login.User() || !genuine && user != "" {
				t.Errorf("the log names %q", user)
			}
		})
	}
	r, p := ask(t, newHandler(t), line("YR", ntlmToken))
	want(t, r, protocol.Denied, negotiate.NTLM)
	if message, _ := p.Note("message"); !strings.Contains(message, "did not use Kerberos") {
		t.Errorf("message %q", message)
	}
}

// tellsNothing wants a text for the client, and the rest in the log only.
func tellsNothing(t *testing.T, r protocol.Reply, p protocol.ParsedReply, says string) {
	t.Helper()
	message, _ := p.Note("message")
	if !strings.Contains(message, says) || strings.ContainsAny(message, "/@") || strings.Contains(message, krbtest.Client) {
		t.Errorf("message %q", message)
	}
	if r.Detail().Cause == nil {
		t.Errorf("%+v", r.Detail())
	}
}

// TestReplayedLine: the same line twice is a replay, whatever SPNEGO is around it.
func TestReplayedLine(t *testing.T) {
	h, token := newHandler(t), login(krbtest.AES256SHA1).Token(spnego.KRB5)
	r, _ := ask(t, h, line("YR", token))
	want(t, r, protocol.Accepted, authenticated)
	for _, again := range [][]byte{token, initOf(token, nil, spnego.KRB5), initOf(token, nil, spnego.NTLM, spnego.MSKRB5)} {
		r, _ = ask(t, h, line("YR", again))
		want(t, r, protocol.Denied, kerberos.Replay)
	}
}

// TestNames: Squid reads the name that was written, whatever is in it.
func TestNames(t *testing.T) {
	for _, tt := range []struct {
		names     identity.Names
		component []string
		want      string
	}{
		{identity.Names{}, []string{"Alice"}, "Alice@EXAMPLE.ORG"},
		{identity.Names{Form: identity.Bare}, []string{"Alice"}, "Alice"},
		{identity.Names{LowerCase: true}, []string{"Alice"}, "alice@example.org"},
		{identity.Names{LowerCase: true, Form: identity.Bare}, []string{"ALICE", "Admin"}, "alice/admin"},
		{identity.Names{LowerCase: true}, []string{"ÄRGER"}, "ärger@example.org"},
		{identity.Names{}, []string{"root@ADMIN.TEST"}, `root\@ADMIN.TEST@EXAMPLE.ORG`},
		{identity.Names{Form: identity.Bare}, []string{"root@ADMIN.TEST"}, `root\@ADMIN.TEST`},
		{identity.Names{}, []string{`a" group="x`}, `a" group="x@EXAMPLE.ORG`},
		{identity.Names{Form: identity.Bare}, []string{`group=x`}, `group=x`},
		{identity.Names{}, []string{" a  b "}, " a  b @EXAMPLE.ORG"},
		{identity.Names{}, []string{`%0aOK\n`}, `%0aOK\\n@EXAMPLE.ORG`},
	} {
		h := newHandler(t)
		h.Names = tt.names
		ticket := krbtest.NewTicket(krbtest.AES256SHA1)
		ticket.CName = tt.component
		r := h.Handle(t.Context(), []byte(line("YR", ticket.Login().Init(spnego.KRB5))))
		want(t, r, protocol.Accepted, authenticated)
		for _, dialect := range []protocol.Dialect{protocol.Modern, protocol.Legacy} {
			p := protocol.ParseReply(protocol.AppendReply(nil, r, protocol.Negotiate, dialect))
			if user, _ := p.Note("user"); p.Result != protocol.ResultOK || user != tt.want {
				t.Errorf("%q: dialect %d: %q, want %q", tt.component, dialect, user, tt.want)
			}
		}
	}
}

// TestSilence: no token and no key gets into the log, with whatever detail.
func TestSilence(t *testing.T) {
	var out bytes.Buffer
	h := newHandler(t)
	h.Log = slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	wrongKey := login(krbtest.AES256SHA1)
	wrongKey.Ticket.Key = krbtest.Key(krbtest.AES256SHA1, "old")
	for _, token := range [][]byte{login(krbtest.AES256SHA1).Init(spnego.KRB5), wrongKey.Init(spnego.KRB5), ntlmToken} {
		l := line("YR", token)
		r, _ := ask(t, h, l)
		if cause := r.Detail().Cause; cause != nil {
			out.WriteString(cause.Error())
		}
		if strings.Contains(out.String(), l[3:]) || bytes.Contains(out.Bytes(), token) {
			t.Errorf("the log has the token: %s", &out)
		}
	}
}

// TestKeytabFile: a keytab that comes later, and one that is changed.
func TestKeytabFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "krb5.keytab")
	h := newHandler(t)
	if err := h.Reload(t.Context()); err != nil {
		t.Errorf("without a keytab file: %v", err)
	}
	useKeytab(h, negotiate.OpenKeytab(path, keytabOptions(h, 0)))
	r, _ := ask(t, h, line("YR", login(krbtest.AES256SHA1).Init(spnego.KRB5)))
	want(t, r, protocol.Unavailable, kerberos.NoKeytab)
	if err := h.Reload(t.Context()); err == nil {
		t.Error("a file that is not there was read")
	}
	for _, enctype := range []int32{krbtest.AES256SHA1, krbtest.AES128SHA2} {
		if err := os.WriteFile(path, krbtest.ServiceKeytab(enctype), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := h.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		r, _ = ask(t, h, line("YR", login(enctype).Init(spnego.KRB5)))
		want(t, r, protocol.Accepted, authenticated)
	}
	r, _ = ask(t, h, line("YR", login(krbtest.AES256SHA1).Init(spnego.KRB5)))
	want(t, r, protocol.Denied, kerberos.NoKey)
}

func keytabOptions(h *negotiate.Handler, keep time.Duration) negotiate.KeytabOptions {
	return negotiate.KeytabOptions{KeepOld: keep, Now: h.Kerberos.Now, Log: h.Log}
}

func useKeytab(h *negotiate.Handler, k *negotiate.Keytab) {
	h.Keytab, h.Kerberos.Keys, h.Kerberos.Newer = k, k.Keys, k.Newer
}

// TestKeytabMiss: a ticket for a key that was put into the keytab just now is good
// at once, and no older key is forgotten that is still there.
func TestKeytabMiss(t *testing.T) {
	path := filepath.Join(t.TempDir(), "krb5.keytab")
	write := func(enctypes ...int32) {
		if err := os.WriteFile(path, krbtest.ServiceKeytab(enctypes...), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, krbtest.Now, krbtest.Now); err != nil { // long rested, by a clock that stands
			t.Fatal(err)
		}
	}
	write(krbtest.AES256SHA1)
	h := newHandler(t)
	h.Kerberos.Now = func() time.Time { return krbtest.Now.Add(time.Second) }
	useKeytab(h, negotiate.OpenKeytab(path, keytabOptions(h, 0)))
	r, _ := ask(t, h, line("YR", login(krbtest.AES128SHA2).Init(spnego.KRB5)))
	want(t, r, protocol.Denied, kerberos.NoKey)
	write(krbtest.AES256SHA1, krbtest.AES128SHA2)
	for _, enctype := range []int32{krbtest.AES128SHA2, krbtest.AES256SHA1} {
		r, _ = ask(t, h, line("YR", login(enctype).Init(spnego.KRB5)))
		want(t, r, protocol.Accepted, authenticated)
	}
}

// TestKeepOldKeys: keys that the file no longer has stay good for as long as was
// said, also for a ticket that is remembered, and not a moment longer.
func TestKeepOldKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "krb5.keytab")
	h := newHandler(t)
	now := krbtest.Now
	h.Kerberos.Now = func() time.Time { return now }
	h.Kerberos.MaxSkew = time.Hour
	for i, enctype := range []int32{krbtest.AES256SHA1, krbtest.AES128SHA1, krbtest.AES128SHA2} {
		if err := os.WriteFile(path, krbtest.ServiceKeytab(enctype), 0o600); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			useKeytab(h, negotiate.OpenKeytab(path, keytabOptions(h, 10*time.Minute)))
		} else if err := h.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Minute)
	}
	// The first key went after a minute, the second after two.
	old, newer := login(krbtest.AES256SHA1), login(krbtest.AES128SHA1)
	sealed := old.Ticket.Seal()
	old.Sealed = &sealed
	token := func(l krbtest.Login, n int64) string {
		l.Auth.Cusec = int(n)
		return line("YR", l.Init(spnego.KRB5))
	}
	for i, step := range []struct {
		at         time.Duration
		old, newer protocol.Outcome
	}{
		{3 * time.Minute, protocol.Accepted, protocol.Accepted},
		{11 * time.Minute, protocol.Accepted, protocol.Accepted},
		{11*time.Minute + 1, protocol.Denied, protocol.Accepted},
		{12*time.Minute + 1, protocol.Denied, protocol.Denied},
	} {
		now = krbtest.Now.Add(step.at)
		for l, outcome := range map[*krbtest.Login]protocol.Outcome{&old: step.old, &newer: step.newer} {
			if r, _ := ask(t, h, token(*l, int64(i))); r.Outcome() != outcome {
				t.Errorf("after %v: %v %+v, want %v", step.at, r.Outcome(), r.Detail(), outcome)
			}
		}
	}
	r, _ := ask(t, h, line("YR", login(krbtest.AES128SHA2).Init(spnego.KRB5)))
	want(t, r, protocol.Accepted, authenticated)
}

// TestLazyCache: it is opened when it is needed, again as long as it cannot be,
// and once.
func TestLazyCache(t *testing.T) {
	opened, fail := 0, errors.New("no folder")
	cache := &negotiate.LazyCache{Open: func() (rcache.Cache, error) {
		opened++
		if fail != nil {
			return nil, fail
		}
		return rcache.NewMemory(time.Minute, 10)
	}}
	tag := make([]byte, rcache.TagLen)
	for range 2 {
		if seen, err := cache.Seen(tag, krbtest.Now); !seen || !errors.Is(err, fail) {
			t.Errorf("%v, %v", seen, err)
		}
	}
	fail = nil
	for i := range 3 {
		if seen, err := cache.Seen(tag, krbtest.Now); seen != (i > 0) || err != nil {
			t.Errorf("%v, %v", seen, err)
		}
	}
	if opened != 3 {
		t.Errorf("opened %d times", opened)
	}
}
