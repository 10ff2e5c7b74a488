package sasl

import (
	"context"
	"encoding/binary"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"squidauth/basic"
	"squidauth/protocol"
)

const (
	yes   = protocol.Accepted
	no    = protocol.Denied
	maybe = protocol.Unavailable
)

// daemon is a saslauthd that answers each request with the same bytes.
type daemon struct {
	t      *testing.T
	fields int    // that it reads
	reply  []byte // nil: it says nothing
	wait   bool   // it says nothing more, but does not close
	drip   bool   // a byte a second
	fail   error  // of dialling

	mu       sync.Mutex
	dialled  int
	path     string
	requests [][]string
	play     sync.WaitGroup
}

func (d *daemon) dial(_ context.Context, network, path string) (net.Conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dialled++
	d.path = path
	if network != "unix" {
		d.t.Errorf("network %q", network)
	}
	if d.fail != nil {
		return nil, &net.OpError{Op: "dial", Net: "unix", Err: &os.SyscallError{Syscall: "connect", Err: d.fail}}
	}
	near, far := net.Pipe()
	d.play.Go(func() { d.serve(far) })
	return near, nil
}

func (d *daemon) serve(conn net.Conn) {
	defer conn.Close()
	var request []string
	for range max(d.fields, 5) {
		var count [2]byte
		if _, err := io.ReadFull(conn, count[:]); err != nil {
			return
		}
		field := make([]byte, binary.BigEndian.Uint16(count[:]))
		if _, err := io.ReadFull(conn, field); err != nil {
			return
		}
		request = append(request, string(field))
	}
	d.mu.Lock()
	d.requests = append(d.requests, request)
	d.mu.Unlock()
	for i := range d.reply {
		if d.drip {
			time.Sleep(time.Second)
		}
		if _, err := conn.Write(d.reply[i : i+1]); err != nil {
			return
		}
	}
	if d.wait {
		_, _ = io.Copy(io.Discard, conn) // until the other side closes
	}
}

func counted(text string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(text))), text...)
}

// ask has a Backend with the options log in once.
func ask(t *testing.T, opt Options, user, password string) basic.Verdict {
	t.Helper()
	opt.Log = slog.New(slog.DiscardHandler)
	if opt.Socket == "" && opt.Config == nil {
		opt.Socket = "/test/mux"
	}
	b, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return b.Authenticate(ctx, user, protocol.Secret(password))
}

// TestReplies has what saslauthd says, and what it never would.
func TestReplies(t *testing.T) {
	for reply, want := range map[string]struct {
		outcome protocol.Outcome
		reason  basic.Reason
	}{
		"OK":                                     {yes, basic.Authenticated},
		"OK remote authentication successful":    {yes, basic.Authenticated},
		"OK\x00":                                 {yes, basic.Authenticated},
		"OK\r\n":                                 {yes, basic.Authenticated},
		"NO":                                     {no, basic.WrongPassword},
		"NO ":                                    {no, basic.WrongPassword},
		"NO Incorrect password":                  {no, basic.WrongPassword},
		"NO PAM auth error":                      {no, basic.WrongPassword},
		"NO krb5_get_init_creds_password failed": {no, basic.WrongPassword},
		"NO remote server rejected your credentials": {no, basic.WrongPassword},
		"NO User unknown":                                                              {no, basic.WrongPassword},
		"NO Invalid username":                                                          {no, basic.NoSuchUser},
		"NO Invalid shadow username":                                                   {no, basic.NoSuchUser},
		"NO Account expired":                                                           {no, basic.AccountExpired},
		"NO Password expired":                                                          {no, basic.PasswordExpired},
		"NO PAM acct error":                                                            {no, basic.LogonRefused},
		"NO saslauthd realm mismatch":                                                  {no, basic.LogonRefused},
		"NO saslauthd principal name error":                                            {no, basic.IllegalName},
		"NO Username lookup failure: No such file or directory":                        {no, basic.NoSuchUser},
		"NO Username lookup failure: Input/output error":                               {maybe, basic.Unavailable},
		"NO Username shadow lookup failure: Permission denied":                         {maybe, basic.Unavailable},
		"NO PAM start error":                                                           {maybe, basic.Unavailable},
		"NO internal mechanism failure":                                                {maybe, basic.Unavailable},
		"NO NULL response from mechanism":                                              {maybe, basic.Unavailable},
		"NO saslauthd internal error":                                                  {maybe, basic.Unavailable},
		"NO krb5_verify_init_creds failed":                                             {maybe, basic.Unavailable},
		"NO [ALERT] saslauthd internal error":                                          {maybe, basic.Unavailable},
		"NO [ALERT] Couldn't contact remote authentication server":                     {maybe, basic.Unavailable},
		"NO [ALERT] The remote authentication server is currently unavailable":         {maybe, basic.Unavailable},
		"NO [ALERT] Unexpected response from remote authentication server":             {maybe, basic.Unavailable},
		"NO Insufficient permission to access NIS authentication database (saslauthd)": {maybe, basic.Unavailable},
		"":                              {maybe, basic.Unavailable},
		"O":                             {maybe, basic.Unavailable},
		"OKAY":                          {maybe, basic.Unavailable},
		"ok":                            {maybe, basic.Unavailable},
		" OK":                           {maybe, basic.Unavailable},
		"NOT":                           {maybe, basic.Unavailable},
		"\x00OK":                        {maybe, basic.Unavailable},
		"NO\nOK":                        {maybe, basic.Unavailable},
		"OK\x00NO":                      {maybe, basic.Unavailable},
		strings.Repeat("OK ", maxReply): {maybe, basic.Unavailable},
	} {
		d := &daemon{t: t, reply: counted(reply), wait: true}
		v := ask(t, Options{Dial: d.dial}, "bob", "secret")
		if v.Outcome() != want.outcome || v.Reason() != want.reason || (v.Cause() != nil) != (want.outcome == maybe) {
			t.Errorf("%.60q: %v %v (%v)", reply, v.Outcome(), v.Reason(), v.Cause())
		}
		if v.Outcome() == yes && v.Identity().User != "bob" {
			t.Errorf("it is %q", v.Identity().User)
		}
	}
}

// TestTrouble: whatever is wrong with saslauthd, the log says what to do.
func TestTrouble(t *testing.T) {
	for name, c := range map[string]struct {
		daemon *daemon
		cause  string
	}{
		"no socket":    {&daemon{fail: syscall.ENOENT}, "does not run"},
		"forbidden":    {&daemon{fail: syscall.EACCES}, "must be in the socket's group"},
		"dead socket":  {&daemon{fail: syscall.ECONNREFUSED}, "nobody listens"},
		"full":         {&daemon{fail: syscall.EAGAIN}, "too many wait"},
		"other":        {&daemon{fail: syscall.ENOTSOCK}, "/test/mux: connect: "},
		"hangs up":     {&daemon{}, "cut short"},
		"half a count": {&daemon{reply: []byte{0}}, "cut short"},
		"half a yes":   {&daemon{reply: []byte{0, 3, 'O', 'K'}}, "cut short"},
		"silent":       {&daemon{wait: true}, "does not answer in time"},
		"half, silent": {&daemon{wait: true, reply: []byte{0, 3, 'O', 'K'}}, "does not answer in time"},
		"drip":         {&daemon{drip: true, reply: counted("OK " + strings.Repeat("x", 30))}, "does not answer in time"},
		"too long":     {&daemon{reply: []byte{255, 255, 'O', 'K'}, wait: true}, "65535 bytes"},
		"reads on":     {&daemon{fields: 6, reply: counted("OK")}, "does not answer in time"},
		"echo":         {&daemon{reply: counted("what? bob s3cret-word")}, "repeat the password"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := c.daemon
				d.t = t
				v := ask(t, Options{Dial: d.dial}, "bob", "s3cret-word")
				d.play.Wait()
				if v.Outcome() != maybe || !strings.Contains(v.Cause().Error(), c.cause) || strings.Contains(v.Cause().Error(), "s3cret") {
					t.Errorf("%v (%v), want %q", v.Outcome(), v.Cause(), c.cause)
				}
				if sent := d.fail == nil && c.cause != "repeat the password"; v.IsUnanswered() != sent {
					t.Errorf("sent: %v, unanswered: %v", sent, v.IsUnanswered())
				}
				if d.dialled != 1 || len(d.requests) > 1 {
					t.Errorf("dialled %d times, %d requests", d.dialled, len(d.requests))
				}
			})
		})
	}
}

// TestRequest: which strings are sent for a user.
func TestRequest(t *testing.T) {
	for _, c := range []struct {
		user          string
		realm         string
		split         bool
		login, realm2 string
	}{
		{"bob", "", false, "bob", ""},
		{"bob@x", "", false, "bob@x", ""},
		{"bob@x", "r", false, "bob@x", "r"},
		{"bob", "r", true, "bob", "r"},
		{"bob@x", "r", true, "bob", "x"},
		{"bob@x@y", "", true, "bob@x", "y"},
		{"bob@", "r", true, "bob", ""},
		{"b ób", "", true, "b ób", ""},
	} {
		d := &daemon{t: t, reply: counted("OK"), wait: true}
		v := ask(t, Options{Dial: d.dial, Service: "squid", Realm: c.realm, SplitRealm: c.split}, c.user, "pass wörd")
		want := [][]string{{c.login, "pass wörd", "squid", c.realm2, ""}}
		if v.Outcome() != yes || v.Identity().User != c.user || !reflect.DeepEqual(d.requests, want) {
			t.Errorf("%+v: %v %q, %q", c, v.Outcome(), v.Identity().User, d.requests)
		}
	}
}

// TestIllegal: what saslauthd would read otherwise than it was meant is not sent.
func TestIllegal(t *testing.T) {
	long := strings.Repeat("x", maxField+1)
	for _, c := range []struct {
		user, password string
		reason         basic.Reason
	}{
		{"bob\x00", "secret", basic.IllegalName},
		{"bob@x\x00y", "secret", basic.IllegalName},
		{"bob\n", "secret", basic.IllegalName},
		{"@x", "secret", basic.IllegalName},
		{" bob", "secret", basic.IllegalName},
		{"bob @x", "secret", basic.IllegalName},
		{"bob@x\t", "secret", basic.IllegalName},
		{long, "secret", basic.IllegalName},
		{"bob@" + long, "secret", basic.IllegalName},
		{long[1:] + "@" + long[1:], "secret", basic.IllegalName},
		{"bob", "sec\x00ret", IllegalPassword},
		{"bob", "secret\r\n", IllegalPassword},
		{"bob", long, basic.PasswordTooLong},
	} {
		d := &daemon{t: t, reply: counted("OK"), wait: true}
		v := ask(t, Options{Dial: d.dial, SplitRealm: true}, c.user, c.password)
		if v.Outcome() != no || v.Reason() != c.reason || d.dialled != 0 {
			t.Errorf("%.20q %.20q: %v %v, dialled %d times", c.user, c.password, v.Outcome(), v.Reason(), d.dialled)
		}
	}
	d := &daemon{t: t, reply: counted("OK"), wait: true}
	if v := ask(t, Options{Dial: d.dial}, long[1:], long[1:]); v.Outcome() != yes {
		t.Errorf("the longest: %v (%v)", v.Outcome(), v.Cause())
	}
	for _, opt := range []Options{{Service: long}, {Realm: long}, {Service: "a\x00b"}} {
		if _, err := New(opt); err == nil {
			t.Errorf("%.20q %.20q is no error", opt.Service, opt.Realm)
		}
	}
}

// TestConfig: libsasl's configuration decides whether saslauthd is asked, and where.
func TestConfig(t *testing.T) {
	for content, want := range map[string]string{ // the socket, or words of the error behind "!"
		"pwcheck_method: saslauthd":                                          "",
		"pwcheck_method:saslauthd\r\nsaslauthd_path: /x/mux \r\n":            "/x/mux",
		"# comment\n\n  PwCheck_Method: SaslAuthd\nmech_list: plain login\n": "",
		"pwcheck_method: saslauthd\nsaslauthd_path: /x\nsaslauthd_path: /y":  "/x",
		"":                                      "!no pwcheck_method",
		"mech_list: plain":                      "!no pwcheck_method",
		"pwcheck_method: auxprop":               "!auxprop, but",
		"pwcheck_method: saslauthd auxprop":     "!saslauthd auxprop, but",
		"pwcheck_method: pwcheck":               "!pwcheck, but",
		"pwcheck_method saslauthd":              "!line 1",
		"\npwcheck_method :saslauthd":           "!line 2",
		"pwcheck_method:":                       "!line 1",
		"pwcheck_method: saslauthd\nwhat is it": "!line 2",
		strings.Repeat("x", 1<<17):              "!too long",
	} {
		file := filepath.Join(t.TempDir(), "app.conf")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		d := &daemon{t: t, reply: counted("OK"), wait: true, fail: fs.ErrNotExist}
		v := ask(t, Options{Config: OpenConfig(file, slog.New(slog.DiscardHandler)), Dial: d.dial}, "bob", "secret")
		words, isError := strings.CutPrefix(want, "!")
		switch cause := v.Cause().Error(); {
		case isError && (d.dialled != 0 || !strings.Contains(cause, words)):
			t.Errorf("%.60q: %q, dialled %d times", content, cause, d.dialled)
		case !isError && want != "" && d.path != want:
			t.Errorf("%.60q: asked at %q", content, d.path)
		case !isError && want == "" && !strings.Contains(cause, "/saslauthd/mux"):
			t.Errorf("%.60q: %q", content, cause)
		}
	}
}

// TestFindConfig looks where libsasl would.
func TestFindConfig(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	t.Setenv("SASL_CONF_PATH", one+string(os.PathListSeparator)+two)
	if got := FindConfig("app"); got != filepath.Join(one, "app.conf") {
		t.Errorf("without any: %s", got)
	}
	if err := os.WriteFile(filepath.Join(two, "app.conf"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := FindConfig("app"); got != filepath.Join(two, "app.conf") {
		t.Errorf("with the second: %s", got)
	}
}

// TestConnections: no more are open than may be, and who waited until the end is told. All
// end at once: at a deadline a connection might end before the others look.
func TestConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &daemon{t: t, wait: true}
		b, err := New(Options{Socket: "/test/mux", Connections: 2, Dial: d.dial, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		verdicts := make(chan basic.Verdict, 5)
		for range cap(verdicts) {
			go func() { verdicts <- b.Authenticate(ctx, "bob", "secret") }()
		}
		synctest.Wait()
		if d.dialled != 2 {
			t.Errorf("%d connections", d.dialled)
		}
		cancel()
		reasons := map[basic.Reason]int{}
		for range cap(verdicts) {
			reasons[(<-verdicts).Reason()]++
		}
		if reasons[basic.Overloaded] != 3 || reasons[basic.Unavailable] != 2 {
			t.Errorf("%v", reasons)
		}
		d.play.Wait()
	})
}

// FuzzReply: the answer is yes or no only to whole replies that begin with that word.
func FuzzReply(f *testing.F) {
	for _, text := range []string{"OK", "NO", "OK x", "NO PAM auth error", "OKAY", "", "NO [ALERT] x", "NO PAM start error"} {
		f.Add(counted(text))
	}
	f.Add([]byte{0, 9, 'O', 'K'})
	f.Fuzz(func(t *testing.T, sent []byte) {
		reply, err := readReply(strings.NewReader(string(sent)))
		if err != nil {
			if reply != "" {
				t.Errorf("%q with %v", reply, err)
			}
			return
		}
		if size := int(sent[0])<<8 | int(sent[1]); size != len(reply) || reply != string(sent[2:2+size]) {
			t.Errorf("%q from %q", reply, sent)
		}
		word := strings.TrimRight(strings.SplitN(reply, " ", 2)[0], "\x00\r\n")
		switch a := read(reply); a.outcome {
		case yes:
			if word != "OK" {
				t.Errorf("yes to %q", reply)
			}
		case no:
			if word != "NO" || strings.HasPrefix(reply, "NO [ALERT] ") {
				t.Errorf("no to %q", reply)
			}
		case maybe:
			if word == "OK" && strings.HasPrefix(reply, "OK ") {
				t.Errorf("undecided at %q", reply)
			}
		}
	})
}

// FuzzRequest: saslauthd reads what was meant.
func FuzzRequest(f *testing.F) {
	f.Add("bob", "secret", "squid", "realm")
	f.Fuzz(func(t *testing.T, user, password, service, realm string) {
		if check(user, password, realm) != "" || len(service) > maxField {
			t.Skip()
		}
		rest := appendRequest(nil, user, password, service, realm)
		for _, want := range []string{user, password, service, realm, ""} {
			size := int(binary.BigEndian.Uint16(rest))
			if size > maxField || string(rest[2:2+size]) != want {
				t.Fatalf("%q, want %q", rest[2:2+size], want)
			}
			rest = rest[2+size:]
		}
		if len(rest) > 0 {
			t.Errorf("%q is left", rest)
		}
	})
}
