//go:build unix

package e2e_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"squidauth/e2e"
	"squidauth/negotiate/spnego"
	"squidauth/ntlm/ntlmssp"
	"squidauth/ntlm/ntlmssp/ntlmtest"
)

// The C programs.
const (
	cWrapperPath  = "/usr/lib/squid/negotiate_wrapper_auth"
	cFakeNTLMPath = "/usr/lib/squid/ntlm_fake_auth"
)

// framings are the ways in which clients put NTLM into the Negotiate scheme.
var framings = []string{"bare", "SPNEGO", "SPNEGO without a token", "SPNEGO behind NegoEx"}

// framedLogin is a login with NTLM in the Negotiate scheme. It is used by one goroutine.
type framedLogin struct {
	t         *testing.T
	conn      *e2e.Connection
	framing   string
	messages  e2e.NTLMMessages
	challenge []byte
}

func newFramed(t *testing.T, squid *e2e.Squid, framing string, m e2e.NTLMMessages) *framedLogin {
	t.Helper()
	return &framedLogin{t: t, conn: squid.Connect(t), framing: framing, messages: m}
}

// begin takes the login to the point where the client has the challenge.
func (l *framedLogin) begin(url string) error {
	negotiate, err := l.messages(nil)
	if err != nil {
		return err
	}
	init := e2e.NegTokenInit{MechTypes: mechs{e2e.NTLM}, MechToken: negotiate}
	switch l.framing {
	case "bare":
		l.challenge, err = l.ask(url, negotiate)
		return err
	case "SPNEGO":
		l.challenge, err = l.ask(url, l.der(init.Token(l.t)))
		return l.unframe(err)
	case "SPNEGO without a token":
		init.MechToken = nil
	case "SPNEGO behind NegoEx":
		init.MechTypes, init.MechToken = mechs{e2e.NegoEx, e2e.NTLM}, append([]byte("NEGOEXTS"), make([]byte, 88)...)
	}
	l.challenge, err = l.ask(url, l.der(init.Token(l.t)))
	if err := l.unframe(err); err != nil {
		return err
	}
	l.challenge, err = l.ask(url, l.der(e2e.NegTokenResp{State: e2e.AcceptIncomplete, ResponseToken: negotiate}.Token(l.t)))
	if err != nil {
		return err
	}
	r, err := spnego.ParseResp(l.challenge) // Samba names NTLM again
	l.challenge = r.ResponseToken
	return err
}

// unframe takes the challenge out of the first answer, which names NTLM.
func (l *framedLogin) unframe(err error) error {
	if err != nil {
		return err
	}
	r, err := spnego.ParseResp(l.challenge)
	if err == nil && (r.State != spnego.AcceptIncomplete || r.SupportedMech != spnego.NTLM) {
		err = fmt.Errorf("state %v and mechanism %v in the answer", r.State, r.SupportedMech)
	}
	l.challenge = r.ResponseToken
	return err
}

// finish answers the challenge.
func (l *framedLogin) finish(url string) (e2e.Answer, error) {
	token, err := l.messages(l.challenge)
	if err != nil {
		return e2e.Answer{}, err
	}
	if l.framing != "bare" {
		token = l.der(e2e.NegTokenResp{State: e2e.AcceptIncomplete, ResponseToken: token}.Token(l.t))
	}
	a, _, err := l.conn.Get(url, negotiateHeader(token))
	return a, err
}

// ask sends a token and returns the one that comes back.
func (l *framedLogin) ask(url string, token []byte) ([]byte, error) {
	a, header, err := l.conn.Get(url, negotiateHeader(token))
	if err != nil {
		return nil, err
	}
	encoded, ok := strings.CutPrefix(header, "Negotiate ")
	if !ok || a.Status != 407 {
		return nil, fmt.Errorf("no answer: status %d, %q, %.80q", a.Status, header, a.Body)
	}
	return base64.StdEncoding.DecodeString(encoded)
}

func (l *framedLogin) der(token string) []byte {
	b, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		l.t.Error(err)
	}
	return b
}

func negotiateHeader(token []byte) string {
	return "Negotiate " + base64.StdEncoding.EncodeToString(token)
}

// run is the whole login, on a connection that is closed then: one that were left
// before its end would keep a helper from others.
func (l *framedLogin) run(url string) (e2e.Answer, error) {
	defer l.conn.Close()
	if err := l.begin(url); err != nil {
		return e2e.Answer{}, err
	}
	return l.finish(url)
}

// mustAdmit wants the origin's answer, and that the user has that name for Squid.
func mustAdmit(t *testing.T, squid *e2e.Squid, origin *e2e.Origin, l *framedLogin, name string) {
	t.Helper()
	url := origin.URL()
	a, err := l.run(url)
	if err != nil || !a.Fetched() || origin.Hits(url) != 1 {
		t.Errorf("%s, %s: status %d, %v, %.80q", name, l.framing, a.Status, err, a.Body)
		return
	}
	e2e.Eventually(t, soon, url+" by "+name+" in access.log", func() bool {
		line, ok := lastLine(squid, url)
		return ok && line.Status == 200 && line.User == name
	})
}

func mustNotAdmit(t *testing.T, origin *e2e.Origin, l *framedLogin) {
	t.Helper()
	url := origin.URL()
	if a, err := l.run(url); err != nil || !a.Refused() || origin.Hits(url) != 0 {
		t.Errorf("%s: status %d, %v, %.80q", l.framing, a.Status, err, a.Body)
	}
}

// A wrapping is what the tests of the wrapper have in common: a KDC with a keytab, and
// users of NTLM with a file of their hashes.
type wrapping struct {
	*negotiation
	ntlmUsers []e2e.User
	hashes    string
}

func newWrapping(t *testing.T) *wrapping {
	t.Helper()
	users := ntlmUsers()
	return &wrapping{newNegotiation(t), users, e2e.PasswordFile(t, users)}
}

// inProcess are the options of a wrapper without other programs.
func (w *wrapping) inProcess() string {
	return " --keytab " + w.keytab + " --hashes " + w.hashes + " --domain EXAMPLE"
}

// ours are our helpers as the programs of a wrapper, and theirs the C programs.
func (w *wrapping) ours(t *testing.T) string {
	t.Helper()
	return " --kerberos " + programs.Path(t, "negotiate") + " --keytab " + w.keytab + " --replay-cache none" +
		" --ntlm " + programs.Path(t, "ntlm") + " --dialect legacy --domain EXAMPLE --hashes " + w.hashes
}

func (w *wrapping) theirs(t *testing.T) string {
	t.Helper()
	needC(t, cFakeNTLMPath, cKerberosPath)
	return " --ntlm " + cFakeNTLMPath + " --kerberos " + cKerberosPath + " -s GSS_C_NO_NAME -k " + w.keytab + " -t none"
}

func needC(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if _, err := os.Stat(path); err != nil {
			e2e.Lacking(t, "Squid's own helper is not installed: %v", err)
		}
	}
}

func (w *wrapping) start(t *testing.T, command, children string) (*e2e.Squid, *e2e.Origin) {
	t.Helper()
	squid := e2e.Start(t, e2e.Config{
		Auth:    []string{e2e.Negotiate(command, children)},
		Env:     append(w.env, "KRB5_CONFIG="+w.krb5Config()),
		Secrets: append(e2e.Secrets(w.users), e2e.Secrets(w.ntlmUsers)...),
	})
	return squid, e2e.StartOrigin(t)
}

// krb5Config is the file of that name which the KDC made for its clients.
func (w *wrapping) krb5Config() string {
	for _, v := range w.kdc.Env() {
		if path, ok := strings.CutPrefix(v, "KRB5_CONFIG="); ok {
			return path
		}
	}
	return ""
}

// mustAdmitAlice logs in with a ticket.
func (w *wrapping) mustAdmitAlice(t *testing.T, squid *e2e.Squid, origin *e2e.Origin) {
	t.Helper()
	answers := squid.Curl(t, by(origin, w.alice, ""))
	mustFetch(t, origin, answers)
	mustLogAll(t, squid, answers)
}

// TestWrapper is one program for both mechanisms, in every framing and with clients
// that others wrote.
func TestWrapper(t *testing.T) {
	t.Parallel()
	w := newWrapping(t)
	squid, origin := w.start(t, programs.Path(t, "wrapper")+w.inProcess()+" --ntlm-mode audit --audit all", "5 startup=2 idle=1")
	for _, framing := range framings {
		for name, client := range map[string]func(string, e2e.User) e2e.NTLMMessages{"ours": ours, "Azure": byAzure, "bodgit": byBodgit} {
			t.Run(framing+", "+name, func(t *testing.T) {
				u := w.ntlmUsers[0]
				mustAdmit(t, squid, origin, newFramed(t, squid, framing, client("EXAMPLE", u)), `EXAMPLE\alice`)
				mustNotAdmit(t, origin, newFramed(t, squid, framing, client("EXAMPLE", e2e.NTUser(u.Name, "not-a-secret"))))
			})
		}
		w.mustAdmitAlice(t, squid, origin)
	}
	mustSay(t, squid, "login accepted", `user=EXAMPLE\alice`, "scheme=negotiate", "backend=hashes")
	mustSay(t, squid, "login accepted", "user=alice@EXAMPLE.TEST", "backend=kerberos")
	mustSay(t, squid, "WARNING: NTLM is still used", `EXAMPLE\alice`, "version=ntlmv2")
}

// lenient is a client who reads ntlm_fake_auth's challenge, which has a name where it
// says that there is none: the random number in it is all that it takes.
func lenient(domain string, u e2e.User) e2e.NTLMMessages {
	messages := ours(domain, u)
	return func(challenge []byte) ([]byte, error) {
		if _, err := ntlmssp.ParseChallenge(challenge); err != nil && len(challenge) >= 32 {
			bare := ntlmssp.Challenge{Flags: ntlmtest.DefaultFlags &^ ntlmssp.NegotiateOEM, ServerChallenge: [8]byte(challenge[24:])}
			challenge = bare.Append(nil)
		}
		return messages(challenge)
	}
}

// TestWrapperFourfold has the C wrapper and ours in front of the C helpers and ours.
// The C wrapper knows no NTLM within SPNEGO, and ntlm_fake_auth no passwords.
func TestWrapperFourfold(t *testing.T) {
	t.Parallel()
	w := newWrapping(t)
	for name, wrapper := range map[string]string{"C": cWrapperPath, "our": programs.As(t, "wrapper", "negotiate_wrapper_auth")} {
		for whose, helpers := range map[string]string{"C": w.theirs(t), "our": w.ours(t)} {
			t.Run(name+" wrapper, "+whose+" helpers", func(t *testing.T) {
				t.Parallel()
				needC(t, cWrapperPath)
				squid, origin := w.start(t, wrapper+helpers, "2 startup=1 idle=1")
				for _, framing := range framings {
					if name == "C" && framing != "bare" {
						continue
					}
					mustAdmit(t, squid, origin, newFramed(t, squid, framing, lenient("EXAMPLE", w.ntlmUsers[0])), `EXAMPLE\alice`)
					if whose == "our" {
						mustNotAdmit(t, origin, newFramed(t, squid, framing, lenient("EXAMPLE", e2e.NTUser("alice", "not-a-secret"))))
					}
					w.mustAdmitAlice(t, squid, origin)
				}
			})
		}
	}
}

// TestWrapperSamba has our wrapper in front of Samba's ntlm_auth, in both of its
// protocols. It is told the password of all users, so that it needs no domain.
func TestWrapperSamba(t *testing.T) {
	t.Parallel()
	samba := e2e.Need(t, "ntlm_auth")
	w := newWrapping(t)
	john := e2e.NTUser("john smith", "same-for-all")
	for _, protocol := range []string{"squid-2.5-ntlmssp", "gss-spnego"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			squid, origin := w.start(t, programs.Path(t, "wrapper")+" --keytab "+w.keytab+
				" --ntlm "+samba+" --configfile=/dev/null --password="+john.Password+" --helper-protocol="+protocol, "2 startup=1 idle=1")
			for _, framing := range framings {
				if protocol == "gss-spnego" && framing == "SPNEGO behind NegoEx" {
					continue // it insists on a MIC then, of which none of our clients is capable
				}
				mustAdmit(t, squid, origin, newFramed(t, squid, framing, byAzure("EXAMPLE", john)), `EXAMPLE\john smith`)
				mustNotAdmit(t, origin, newFramed(t, squid, framing, byAzure("EXAMPLE", e2e.NTUser("john smith", "not-a-secret"))))
				w.mustAdmitAlice(t, squid, origin)
			}
		})
	}
}

// childOf returns the process that another started from the program.
func childOf(t *testing.T, parent int, program string) int {
	t.Helper()
	found := 0
	e2e.Eventually(t, soon, program+" runs", func() bool {
		stats, _ := filepath.Glob("/proc/[0-9]*/stat")
		for _, path := range stats {
			stat, err := os.ReadFile(path)
			fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
			if err != nil || len(fields) < 2 || fields[0] == "Z" || fields[1] != strconv.Itoa(parent) {
				continue
			}
			dir := filepath.Dir(path)
			if exe, err := os.Readlink(filepath.Join(dir, "exe")); err == nil && exe == program {
				found, _ = strconv.Atoi(filepath.Base(dir))
				return true
			}
		}
		return false
	})
	return found
}

// startOne starts Squid with one helper, a wrapper in front of ours, and returns the
// helper's number too.
func (w *wrapping) startOne(t *testing.T, options string) (*e2e.Squid, *e2e.Origin, int) {
	t.Helper()
	squid, origin := w.start(t, programs.Path(t, "wrapper")+options+w.ours(t), "1 startup=1 idle=1")
	var helpers []e2e.Process
	e2e.Eventually(t, soon, "the helper runs", func() bool {
		helpers = squid.Helpers()
		return len(helpers) == 1
	})
	return squid, origin, helpers[0].PID
}

// mustBreak begins a login, does something to the program that has its state, and
// wants that the client is refused and no worse.
func (w *wrapping) mustBreak(t *testing.T, squid *e2e.Squid, origin *e2e.Origin, framing string, harm func()) {
	t.Helper()
	url := origin.URL()
	l := newFramed(t, squid, framing, byAzure("EXAMPLE", w.ntlmUsers[0]))
	if err := l.begin(url); err != nil {
		t.Fatal(err)
	}
	harm()
	if a, err := l.finish(url); err != nil || !a.Refused() || origin.Hits(url) != 0 {
		t.Errorf("%s: status %d, %v, %.80q", framing, a.Status, err, a.Body)
	}
}

func send(t *testing.T, pid int, signal syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, signal); err != nil {
		t.Fatal(err)
	}
}

// mustBeGone waits for processes to end.
func mustBeGone(t *testing.T, pids ...int) {
	t.Helper()
	for _, pid := range pids {
		e2e.Eventually(t, soon, fmt.Sprintf("process %d ends", pid), func() bool {
			return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
		})
	}
}

// TestWrapperKilledChild kills programs of the wrapper in mid-handshake, and between
// handshakes. Only the handshake that is under way is lost.
func TestWrapperKilledChild(t *testing.T) {
	t.Parallel()
	w := newWrapping(t)
	squid, origin, helper := w.startOne(t, "")
	ntlm, kerberos := programs.Path(t, "ntlm"), programs.Path(t, "negotiate")
	for _, framing := range framings {
		w.mustBreak(t, squid, origin, framing, func() { send(t, childOf(t, helper, ntlm), syscall.SIGKILL) })
		mustAdmit(t, squid, origin, newFramed(t, squid, framing, byAzure("EXAMPLE", w.ntlmUsers[1])), `EXAMPLE\bob`)
		idle := childOf(t, helper, kerberos)
		send(t, idle, syscall.SIGKILL)
		mustBeGone(t, idle)
		w.mustAdmitAlice(t, squid, origin)
	}
	mustSay(t, squid, "a helper program ended", "program=negotiate", `status="signal: killed"`)
	if now := squid.Helpers(); len(now) != 1 || now[0].PID != helper {
		t.Errorf("helpers: %v, want %d", now, helper)
	}
}

// TestWrapperStoppedChild stops a program of the wrapper in mid-handshake: the client
// is told when the time is over, and the next has another program.
func TestWrapperStoppedChild(t *testing.T) {
	t.Parallel()
	w := newWrapping(t)
	squid, origin, helper := w.startOne(t, " --timeout 2s")
	ntlm := programs.Path(t, "ntlm")
	w.mustBreak(t, squid, origin, "SPNEGO", func() { send(t, childOf(t, helper, ntlm), syscall.SIGSTOP) })
	mustSay(t, squid, "login undecided", "backend=ntlm", "reason=child-timeout")
	mustAdmit(t, squid, origin, newFramed(t, squid, "bare", byAzure("EXAMPLE", w.ntlmUsers[0])), `EXAMPLE\alice`)
	w.mustAdmitAlice(t, squid, origin)
}

// TestWrapperKilled kills the wrapper itself: what it started ends with it, and Squid
// starts another.
func TestWrapperKilled(t *testing.T) {
	t.Parallel()
	w := newWrapping(t)
	squid, origin := w.start(t, programs.Path(t, "wrapper")+w.ours(t), noStartup)
	w.mustAdmitAlice(t, squid, origin)
	wrapper := squid.Helpers()[0]
	ntlm, kerberos := childOf(t, wrapper.PID, programs.Path(t, "ntlm")), childOf(t, wrapper.PID, programs.Path(t, "negotiate"))
	send(t, wrapper.PID, syscall.SIGKILL)
	mustBeGone(t, ntlm, kerberos)
	e2e.Eventually(t, soon, "Squid knows", func() bool {
		for _, h := range squid.Stats(t, negotiateReport) {
			if h.PID == wrapper.PID {
				return false
			}
		}
		return true
	})
	w.mustAdmitAlice(t, squid, origin)
}

// TestWrapperInterleaved has handshakes of both mechanisms under way at one time, and
// then 20 clients at once.
func TestWrapperInterleaved(t *testing.T) {
	t.Parallel()
	const clients, logins = 10, 3 // of each mechanism
	w := newWrapping(t)
	for name, options := range map[string]string{"in-process": w.inProcess(), "other programs": w.ours(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			squid, origin := w.start(t, programs.Path(t, "wrapper")+options, "5 startup=2 idle=1")
			one, two := newFramed(t, squid, "bare", byAzure("EXAMPLE", w.ntlmUsers[0])), newFramed(t, squid, "SPNEGO", byAzure("EXAMPLE", w.ntlmUsers[1]))
			urls := []string{origin.URL(), origin.URL()}
			if err := errors.Join(one.begin(urls[0]), two.begin(urls[1])); err != nil {
				t.Fatal(err)
			}
			w.mustAdmitAlice(t, squid, origin)
			b, err2 := two.finish(urls[1])
			a, err1 := one.finish(urls[0])
			if err1 != nil || err2 != nil || !a.Fetched() || !b.Fetched() {
				t.Errorf("%v, %d; %v, %d", err1, a.Status, err2, b.Status)
			}

			var crowd sync.WaitGroup
			lists := make([][]e2e.Request, clients)
			for i := range clients {
				u := w.ntlmUsers[i%2]
				crowd.Go(func() {
					for n := range logins {
						l := newFramed(t, squid, framings[(i+n)%len(framings)], byAzure("EXAMPLE", u))
						mustAdmit(t, squid, origin, l, `EXAMPLE\`+u.Name)
					}
				})
				for range logins {
					r := by(origin, w.bob, "")
					r.Alone = true
					lists[i] = append(lists[i], r)
				}
			}
			answers := squid.Parallel(t, lists...)
			crowd.Wait()
			mustFetch(t, origin, answers)
			mustLogAll(t, squid, answers)
		})
	}
}

// TestWrapperAbandoned: clients that go away after the challenge hold up nobody, and
// nobody can go on in their place.
func TestWrapperAbandoned(t *testing.T) {
	t.Parallel()
	w := newWrapping(t)
	squid, origin, _ := w.startOne(t, "")
	for _, framing := range framings {
		left := newFramed(t, squid, framing, byAzure("EXAMPLE", w.ntlmUsers[0]))
		if err := left.begin(origin.URL()); err != nil {
			t.Fatal(err)
		}
		if err := left.conn.Close(); err != nil {
			t.Fatal(err)
		}
		w.mustAdmitAlice(t, squid, origin)
		left.conn = squid.Connect(t)
		url := origin.URL()
		if a, err := left.finish(url); err != nil || !a.Refused() || origin.Hits(url) != 0 {
			t.Errorf("%s: status %d, %v", framing, a.Status, err)
		}
		mustAdmit(t, squid, origin, newFramed(t, squid, framing, byAzure("EXAMPLE", w.ntlmUsers[1])), `EXAMPLE\bob`)
	}
}

// TestWrapperHostile: whatever a client sends as its token, Squid and the helper live
// on, and so do the programs behind.
func TestWrapperHostile(t *testing.T) {
	t.Parallel()
	w := newWrapping(t)
	for name, options := range map[string]string{"in-process": w.inProcess(), "our programs": w.ours(t), "C programs": w.theirs(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			squid, origin := w.start(t, programs.Path(t, "wrapper")+options, "1 startup=1")
			negotiate, err := byAzure("EXAMPLE", w.ntlmUsers[0])(nil)
			if err != nil {
				t.Fatal(err)
			}
			headers := []string{"Negotiate !", "Negotiate AAAA BBBB", "Negotiate"}
			init := spnego.Init{MechTypes: []spnego.OID{spnego.KRB5}, MechToken: negotiate}
			for _, token := range [][]byte{
				nil, {0}, []byte("hello"), negotiate[:8], init.Append(nil), init.Append(nil)[:20],
				spnego.MechToken{Mech: spnego.KRB5, ID: spnego.APReq, Body: make([]byte, 20000)}.Append(nil),
				spnego.Resp{State: spnego.AcceptCompleted}.Append(nil),
			} {
				headers = append(headers, negotiateHeader(token))
			}
			for _, header := range headers {
				url, conn := origin.URL(), squid.Connect(t)
				if a, _, err := conn.Get(url, header); err != nil || a.Status != 407 || origin.Hits(url) != 0 {
					t.Errorf("%.60s: %v, %d", header, err, a.Status)
				}
				conn.Close()
			}
			mustAdmit(t, squid, origin, newFramed(t, squid, "SPNEGO", lenient("EXAMPLE", w.ntlmUsers[0])), `EXAMPLE\alice`)
			w.mustAdmitAlice(t, squid, origin)
			if hasLine(squid.CacheLog(), "a helper program was killed") || hasLine(squid.CacheLog(), "a helper program ended") {
				t.Error("a program was lost")
			}
			if helpers := squid.Helpers(); len(helpers) != 1 {
				t.Errorf("helpers: %v, want one", helpers)
			}
		})
	}
}

// TestAllSchemes offers Negotiate, NTLM and Basic with our programs, and has a client
// of each.
func TestAllSchemes(t *testing.T) {
	t.Parallel()
	w := newWrapping(t)
	carol := e2e.MD5User("carol", "carols-secret")
	squid, origin := w.startAll(t, carol)
	w.mustAdmitAlice(t, squid, origin)
	for _, framing := range framings {
		mustAdmit(t, squid, origin, newFramed(t, squid, framing, byAzure("EXAMPLE", w.ntlmUsers[0])), `EXAMPLE\alice`)
	}
	mustLogIn(t, squid, origin, byAzure("EXAMPLE", w.ntlmUsers[1]), `EXAMPLE\bob`)
	mustFetch(t, origin, squid.Curl(t, byNTLM(origin, w.ntlmUsers[1])))
	answers := squid.Curl(t, right(origin, carol))
	mustFetch(t, origin, answers)
	mustLogAll(t, squid, answers)
	mustRefuse(t, origin, squid.Curl(t, wrong(origin, carol, "not-a-secret")))
}

// startAll starts Squid with all three schemes; carol is the user of Basic.
func (w *wrapping) startAll(t *testing.T, carol e2e.User) (*e2e.Squid, *e2e.Origin) {
	t.Helper()
	squid := e2e.Start(t, e2e.Config{
		Auth: []string{
			e2e.Negotiate(programs.Path(t, "wrapper")+w.inProcess(), "2 startup=1 idle=1"),
			e2e.NTLMAuth(programs.Path(t, "ntlm")+" --domain EXAMPLE --hashes "+w.hashes, "2 startup=1 idle=1"),
			e2e.Basic(programs.Path(t, "basic")+" --concurrency 5 ncsa "+e2e.PasswordFile(t, []e2e.User{carol}), "1 startup=1 idle=1 concurrency=5"),
		},
		Env:     w.env,
		Secrets: append(e2e.Secrets(w.users), append(e2e.Secrets(w.ntlmUsers), carol.Password)...),
	})
	return squid, e2e.StartOrigin(t)
}
