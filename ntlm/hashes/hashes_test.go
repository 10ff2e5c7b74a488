package hashes

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"squidauth/helper/watch"
	"squidauth/ntlm"
	"squidauth/ntlm/ntlmssp"
	"squidauth/ntlm/ntlmssp/ntlmtest"
)

// nt returns the hash of a password as files have it.
func nt(password string) string {
	k := ntlmssp.NTOWFv1(password)
	return strings.ToUpper(hex.EncodeToString(k[:]))
}

const (
	noLM  = "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"
	noPwd = "NO PASSWORDXXXXXXXXXXXXXXXXXXXXX"
)

// samba is a line as 'pdbedit -Lw' writes it.
func samba(user, hash, flags string) string {
	return fmt.Sprintf("%s:1001:%s:%s:[%-11s]:LCT-5F3B0C00:\n", user, noLM, hash, flags)
}

// fixture is a hash file with a clock and a log of its own.
type fixture struct {
	*Verifier
	t    *testing.T
	path string
	log  bytes.Buffer
	time time.Time
}

func open(t *testing.T, content string) *fixture {
	f := &fixture{t: t, path: filepath.Join(t.TempDir(), "hashes"), time: time.Now().Add(time.Hour)}
	f.write(content)
	f.Verifier = Open(f.path, Options{
		Domain: "EXAMPLE",
		Log:    slog.New(slog.NewTextHandler(&f.log, nil)),
		Now:    func() time.Time { return f.time },
	})
	return f
}

// write replaces the file as careful programs do.
func (f *fixture) write(content string) {
	f.t.Helper()
	if err := os.WriteFile(f.path+".new", []byte(content), 0o600); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Rename(f.path+".new", f.path); err != nil {
		f.t.Fatal(err)
	}
}

// logon is what a client sends in answer to a challenge.
func logon(tb testing.TB, c ntlmtest.Client) *ntlm.Logon {
	tb.Helper()
	l := &ntlm.Logon{Challenge: [8]byte{8, 7, 6, 5, 4, 3, 2, 1}, Domain: c.Domain, User: c.User}
	ch := ntlmssp.Challenge{Flags: ntlmtest.DefaultFlags | ntlmssp.NegotiateTargetInfo, ServerChallenge: l.Challenge}
	token, err := c.Authenticate(c.Negotiate(), ch.Append(nil))
	if err != nil {
		tb.Fatal(err)
	}
	a, err := ntlmssp.ParseAuthenticate(token)
	if err != nil {
		tb.Fatal(err)
	}
	switch a.Form() {
	case ntlmssp.LMOnly:
		l.LMResponse = a.LMResponse
	case ntlmssp.NTLM2Session:
		l.Challenge = ntlmssp.NTLM2Challenge(l.Challenge, [8]byte(a.LMResponse))
	}
	l.NTResponse = a.NTResponse
	return l
}

// login returns who a client is, or why it is nobody, after the time that lets the
// verifier look at its file.
func (f *fixture) login(c ntlmtest.Client) string {
	f.t.Helper()
	f.time = f.time.Add(time.Second)
	return told(f.t, f.Verifier, c)
}

// told has a handshake show the verdict.
func told(tb testing.TB, v ntlm.Verifier, c ntlmtest.Client) string {
	tb.Helper()
	s := ntlm.NewServer(&ntlm.Acceptor{
		Verifier: v, PermitNTLMv1: true, PermitLMv2: true, Now: time.Now, Rand: bytes.NewReader([]byte("challeng")),
	})
	negotiate := c.Negotiate()
	step, err := s.Next(tb.Context(), negotiate)
	if err != nil {
		tb.Fatal(err)
	}
	token, err := c.Authenticate(negotiate, step.Token)
	if err != nil {
		tb.Fatal(err)
	}
	step, err = s.Next(tb.Context(), token)
	if err == nil {
		return step.Client.Domain + `\` + step.Client.Name
	}
	return string(err.(*ntlm.Error).Reason)
}

func (f *fixture) expect(user, password, want string) {
	f.t.Helper()
	for _, form := range []ntlmssp.Form{ntlmssp.NTLMv2, ntlmssp.NTLM2Session, ntlmssp.NTLMv1, ntlmssp.LMOnly} {
		if got := f.login(ntlmtest.Client{User: user, Password: password, Domain: "PC-7", Form: form}); got != want {
			f.t.Errorf("%s, %v: got %q, want %q", user, form, got, want)
		}
	}
}

func (f *fixture) expectLog(want ...string) {
	f.t.Helper()
	for _, w := range want {
		if n := strings.Count(f.log.String(), w); n != 1 {
			f.t.Errorf("%q is in the log %d times:\n%s", w, n, &f.log)
		}
	}
	f.log.Reset()
}

func TestVerify(t *testing.T) {
	f := open(t, "# comment\n bob:"+nt("x")+"\n\tbob:x\n\n"+
		"bob:"+nt("secret")+"\nalice:"+strings.ToLower(nt("pässwörd"))+":anything\r\nMüller:"+nt("x")+"\neve@example.org:"+nt("y"))
	f.expect("bob", "secret", `EXAMPLE\bob`)
	f.expect("Bob", "secret", `EXAMPLE\bob`)
	f.expect("alice", "pässwörd", `EXAMPLE\alice`)
	f.expect("MÜLLER", "x", `EXAMPLE\Müller`)
	f.expect("eve@EXAMPLE.org", "y", `EXAMPLE\eve@example.org`)
	f.expect("bob", "secret2", "wrong-password")
	f.expect("bob", "", "wrong-password")
	f.expect("eve", "y", "no-such-user")
	f.expect("#", "comment", "no-such-user")
	if f.log.Len() > 0 {
		t.Errorf("log: %s", &f.log)
	}
}

// TestNobodyElse: no password of anybody, and not the hash of zeros that is computed
// with for an unknown user, lets somebody else in.
func TestNobodyElse(t *testing.T) {
	f := open(t, "bob:"+nt("secret")+"\n"+samba("pc$", nt("secret"), "W"))
	for _, user := range []string{"eve", "bo", "bobb", "bob\u0130", "pc$"} {
		f.expect(user, "x", map[bool]string{true: "wrong-password", false: "no-such-user"}[user == "pc$"])
	}
	l := &ntlm.Logon{User: "eve", NTResponse: make([]byte, 0, 24)}
	response := ntlmssp.Key{}.NTLMv1(l.Challenge)
	l.NTResponse = response[:]
	if base, ok := check(ntlmssp.Key{}, l); !ok || base == (ntlmssp.Key{}) {
		t.Fatal("the test does not do what it says")
	}
	s := fmt.Sprintf("%+v", f.Verify(t.Context(), l))
	if want := fmt.Sprintf("%+v", ntlm.No(ntlm.NoSuchUser, nil)); s != want {
		t.Errorf("%s, want %s", s, want)
	}
}

// TestSamba reads what smbpasswd and pdbedit write.
func TestSamba(t *testing.T) {
	f := open(t, "# smbpasswd\n"+samba("bob", nt("secret"), "U")+samba("carol", nt("secret"), "DU")+samba("dave", nt("secret"), "UL")+
		samba("pc-7$", nt("secret"), "W")+samba("EXAMPLE$", nt("secret"), "I")+samba("frank", noPwd, "NU")+samba("grace", noLM, "DU")+
		samba("heidi", nt(""), "U")+samba("ivan", nt("secret"), "NU")+"judy:1002:aad3b435b51404eeaad3b435b51404ee:"+nt("secret")+":::\n")
	f.expectLog("line=7 ", "line=8 ", "line=9 ", "line=10 ")
	f.expect("bob", "secret", `EXAMPLE\bob`)
	f.expect("judy", "secret", `EXAMPLE\judy`)
	for user, reason := range map[string]string{"carol": "account-disabled", "dave": "account-locked-out", "pc-7$": "logon-refused", "example$": "logon-refused"} {
		f.expect(user, "secret", reason)
		f.expect(user, "wrong", "wrong-password") // what else there is to say, only the password tells
	}
	for _, user := range []string{"frank", "grace", "heidi", "ivan"} {
		f.expect(user, "", "logon-refused")
		f.expect(user, "secret", "logon-refused")
	}
}

func TestFlagsOfOwnLines(t *testing.T) {
	f := open(t, "bob:"+nt("x")+":[D ]:gone\nalice:"+nt("x")+":[U]\ncarol:"+nt("x")+":D\n")
	f.expect("bob", "x", "account-disabled")
	f.expect("alice", "x", `EXAMPLE\alice`)
	f.expect("carol", "x", `EXAMPLE\carol`)
}

// TestBadLines: a line that cannot be used is named, and spoils no other.
func TestBadLines(t *testing.T) {
	f := open(t, "bob:"+nt("old")+"\nBOB:"+nt("new")+"\nbroken\n:"+nt("x")+"\nshort:ABC\nhex:"+strings.Repeat("g", 32)+
		"\nJ\xfcrgen:"+nt("x")+"\nlong:"+strings.Repeat("x", 9000)+"\nesc\x1b:"+nt("x")+"\nplain:password\n")
	f.expectLog("line=2 note=\"the user has a line further up", "line=3 ", "line=4 ", "line=5 ", "line=6 ", "line=7 ", "line=8 ", "line=9 ", "line=10 ")
	f.expect("bob", "old", "wrong-password")
	f.expect("bob", "new", `EXAMPLE\BOB`)
	f.expect("short", "x", "no-such-user")
	var many strings.Builder
	for i := range 50 {
		fmt.Fprintf(&many, "user%d:x\n", i)
	}
	f.write(many.String() + "bob:" + nt("x"))
	f.expect("bob", "x", `EXAMPLE\bob`)
	f.expectLog("count=30")
}

// TestNoHashInLog: a line that cannot be read may still hold one.
func TestNoHashInLog(t *testing.T) {
	f := open(t, "bob:"+nt("x")+"\nalice:x"+nt("y")+"\n"+nt("z")+"\n")
	for _, password := range []string{"x", "y", "z"} {
		if strings.Contains(f.log.String(), nt(password)) {
			t.Errorf("log: %s", &f.log)
		}
	}
}

// TestChanges: a good file is adopted, a bad one is not, and a list of nobody is a
// good one.
func TestChanges(t *testing.T) {
	f := open(t, "")
	f.expect("bob", "x", "no-hash-file")
	if f.Ready(t.Context()) == nil {
		t.Error("ready without a file")
	}
	f.expectLog("is empty: add users with")
	f.write("bob:" + nt("x") + "\n")
	f.expect("bob", "x", `EXAMPLE\bob`)
	if err := f.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", "bob\n", "bob:x\n"} {
		f.write(bad)
		f.expect("bob", "x", `EXAMPLE\bob`)
		if f.Reload(t.Context()) == nil {
			t.Errorf("%q is no hash file", bad)
		}
	}
	f.write("# nobody\n")
	f.expect("bob", "x", "no-such-user")
}

func TestReadableByAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hashes")
	if err := os.WriteFile(path, []byte("bob:"+nt("x")), 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, warned := range map[os.FileMode]bool{0o600: false, 0o640: false, 0o644: true, 0o660: true, 0o602: true} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		Open(path, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		if strings.Contains(log.String(), "chmod g-w,o=") != warned {
			t.Errorf("%o: %s", mode, &log)
		}
	}
}

// TestResponses: nothing but the right response is one, whatever its length.
func TestResponses(t *testing.T) {
	f := open(t, "bob:"+nt("secret")+"\n")
	right := logon(t, ntlmtest.Client{User: "bob", Password: "secret", Domain: "EXAMPLE"})
	hash := ntlmssp.NTOWFv1("secret")
	if _, ok := check(hash, right); !ok {
		t.Fatal("the right response")
	}
	for n := range len(right.NTResponse) {
		l := *right
		l.NTResponse = right.NTResponse[:n]
		if _, ok := check(hash, &l); ok {
			t.Errorf("%d bytes are a response", n)
		}
	}
	for _, n := range []int{0, 1, 23, 24, 25, 48} {
		for _, lm := range []int{0, 1, 24, 48} {
			l := *right
			l.NTResponse, l.LMResponse = make([]byte, n), make([]byte, lm)
			if _, ok := check(hash, &l); ok {
				t.Errorf("%d zeros, and %d, are a response", n, lm)
			}
		}
	}
	f.expect("bob", "secret", `EXAMPLE\bob`)
}

// FuzzParse: whatever a file holds, it is read or refused, and who is in it has a
// name that Squid can be told.
func FuzzParse(f *testing.F) {
	f.Add([]byte("bob:" + nt("x") + "\n"))
	f.Add([]byte(samba("bob", nt("x"), "DU")))
	f.Add([]byte("# nobody"))
	f.Add([]byte(byteOrderMark + "bob:" + nt("x") + ":[L]:\r\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		table, err := parse(content)
		if (table == nil) == (err == nil) {
			t.Fatalf("%v, %v", table, err)
		}
		if err != nil {
			return
		}
		for key, a := range table.accounts {
			if found, ok := table.find(a.name); !ok || found != a || key != ntlmssp.Upper(a.name) || a.name == "" || strings.ContainsAny(a.name, "\n\r\x00:") {
				t.Fatalf("%q: %+v", key, a)
			}
		}
		if len(table.notes.List) > watch.MaxNotes {
			t.Fatal("notes without bound")
		}
	})
}
