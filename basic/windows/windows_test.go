package windows

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"squidauth/helper/identity"
	"squidauth/ntlm"
	"squidauth/ntlm/netlogon"
	"squidauth/ntlm/netlogon/dctest"
	"squidauth/ntlm/netlogon/nrpc"
	"squidauth/protocol"
)

var silent = slog.New(slog.DiscardHandler)

func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// newBackend returns one that asks the domain controller.
func newBackend(t testing.TB, dc *dctest.DC, edit func(*Options)) *Backend {
	t.Helper()
	verifier, err := netlogon.New(netlogon.Config{
		Domain: "EXAMPLE", Realm: "example.test", Controllers: []string{"dc1"}, Account: "PROXY$",
		Secret:   netlogon.OpenSecret(write(t, "secret", dctest.Secret+"\n"), "PROXY$", silent),
		StateDir: filepath.Join(t.TempDir(), "state"), Dial: dc.Dial, Log: silent,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { verifier.Close() })
	opt := Options{
		Verifier: verifier, Computer: verifier.ComputerName(), Domain: "EXAMPLE",
		Names: Names{Default: "EXAMPLE"}, Accounts: identity.Names{Form: identity.Domain},
		Log: silent, Now: time.Now, Rand: rand.Reader,
	}
	if edit != nil {
		edit(&opt)
	}
	return New(opt)
}

// mustAnswer wants outcome and reason of a login, and with success the user.
func mustAnswer(t *testing.T, b *Backend, user, password, want string) {
	t.Helper()
	v := b.Authenticate(t.Context(), user, protocol.Secret(password))
	got := v.Outcome().String() + " " + string(v.Reason())
	if v.Outcome() == protocol.Accepted {
		got += " " + v.Identity().User
	}
	if got != want {
		t.Errorf("%s: got %q, %v, want %q", user, got, v.Cause(), want)
	}
	if v.Outcome() == protocol.Unavailable && v.Cause() == nil {
		t.Errorf("%s: %s, and the cause is %v", user, got, v.Cause())
	}
	if v.Cause() != nil && password != "" && strings.Contains(v.Cause().Error(), password) {
		t.Errorf("%s: the password is in %q", user, v.Cause())
	}
}

// TestLogin has users log in and fail; a wrong password is one logon.
func TestLogin(t *testing.T) {
	dc := dctest.New()
	dc.Users["jürgen"] = dctest.User{Password: "Grüße € \U0001f600", ID: 1104}
	b := newBackend(t, dc, nil)
	mustAnswer(t, b, "alice", dctest.Password, `OK authenticated EXAMPLE\alice`)
	mustAnswer(t, b, "jürgen", "Grüße € \U0001f600", `OK authenticated EXAMPLE\jürgen`)
	mustAnswer(t, b, "j\xfcrgen", "Grüße € \U0001f600", "ERR illegal-name")
	before := dc.Counts()
	if v := b.Authenticate(t.Context(), "jürgen", "Gr\xfc\xdfe"); v.Outcome() != protocol.Denied || v.Cause() == nil {
		t.Errorf("Latin-1 is %v, %v", v.Outcome(), v.Cause())
	}
	mustAnswer(t, b, "alice", "not-a-secret", "ERR wrong-password")
	after := dc.Counts()
	if logons, wrong := after.Logons-before.Logons, after.BadPassword-before.BadPassword; logons != 1 || wrong != 1 {
		t.Errorf("a wrong password is %d logons, %d of them counted", logons, wrong)
	}
	mustAnswer(t, b, "nobody", dctest.Password, "ERR no-such-user")
}

// TestStatuses has the right password refused, by what the domain controller says.
func TestStatuses(t *testing.T) {
	for status, want := range map[nrpc.Status]string{
		nrpc.AccountDisabled:    "ERR account-disabled",
		nrpc.AccountLockedOut:   "ERR account-locked-out",
		nrpc.PasswordExpired:    "ERR password-expired",
		nrpc.PasswordMustChange: "ERR password-must-change",
		nrpc.InvalidLogonHours:  "ERR logon-hours",
		nrpc.InvalidWorkstation: "ERR workstation-not-allowed",
		nrpc.NoLogonServers:     "BH users-domain-unreachable",
		nrpc.ServerTooBusy:      "BH domain-controller-saturated",
	} {
		dc := dctest.New()
		dc.Set(func(d *dctest.DC) { d.LogonStatus = status })
		mustAnswer(t, newBackend(t, dc, nil), "alice", dctest.Password, want)
	}
	slow := newBackend(t, dctest.New(), func(o *Options) { o.Verifier = by(ntlm.Unanswered(netlogon.NoAnswer, errors.New("slow"))) })
	if v := slow.Authenticate(t.Context(), "alice", "x"); v.Outcome() != protocol.Unavailable || !v.IsUnanswered() {
		t.Errorf("a logon that is on its way: %v, %v", v.Outcome(), v.IsUnanswered())
	}
	dc := dctest.New()
	dc.Set(func(d *dctest.DC) { d.Down = true })
	mustAnswer(t, newBackend(t, dc, nil), "alice", dctest.Password, "BH no-domain-controller")
}

// TestGroups admits by group.
func TestGroups(t *testing.T) {
	for sid, want := range map[string]string{
		"S-1-5-21-1-2-3-1200": `OK authenticated EXAMPLE\alice`, "S-1-5-21-1-2-3-1201": "ERR not-in-required-group", "Staff": "BH required-group-unknown",
	} {
		set, err := identity.ParseGroups([]string{sid})
		if err != nil {
			t.Fatal(err)
		}
		b := newBackend(t, dctest.New(), func(o *Options) { o.Groups.Require = set })
		mustAnswer(t, b, "alice", dctest.Password, want)
	}
}

// TestRead has names in each form.
func TestRead(t *testing.T) {
	few := Names{Default: "EXAMPLE", Domains: map[string]string{"ex": "EXAMPLE", "other.test": "OTHER"}}
	for typed, want := range map[string][2]string{
		"alice":            {`EXAMPLE\alice`, `EXAMPLE\alice`},
		`EX\alice`:         {`EX\alice`, `EXAMPLE\alice`},
		"ex/alice":         {`ex\alice`, `EXAMPLE\alice`},
		`NONE\alice`:       {`NONE\alice`, ""},
		"alice@other.test": {`\alice@other.test`, `OTHER\alice`},
		"alice@none.test":  {`\alice@none.test`, ""},
		`EX\alice@x`:       {`EX\alice@x`, `EXAMPLE\alice@x`},
		"john smith":       {`EXAMPLE\john smith`, `EXAMPLE\john smith`},
		`\alice`:           {"", ""},
		`EX\`:              {"", ""},
		`EX\a\b`:           {"", ""},
		"EX/a/b":           {"", ""},
		"":                 {"", ""},
		"@":                {"", ""},
		"@other.test":      {`\@other.test`, ""},
		"a\x00b":           {"", ""},
		"a\nb":             {"", ""},
	} {
		for i, names := range []Names{{Default: "EXAMPLE"}, few} {
			n, ok := names.read(typed)
			got := n.domain + `\` + n.user
			if !ok {
				got = ""
			}
			if got != want[i] {
				t.Errorf("%q: got %q, want %q", typed, got, want[i])
			}
		}
	}
	if _, ok := few.read(strings.Repeat("x", maxName+1)); ok {
		t.Error("a very long name is one")
	}
	for form, good := range map[Form]string{BareForm: "alice", DomainForm: `EX\alice`, PrincipalForm: "alice@other.test"} {
		for _, typed := range []string{"alice", `EX\alice`, "alice@other.test"} {
			if _, ok := (Names{Default: "EXAMPLE", Form: form}).read(typed); ok != (typed == good) {
				t.Errorf("form %d: %s is %v", form, typed, ok)
			}
		}
	}
	for s, want := range map[string]Form{"any": AnyForm, "user": BareForm, "domain": DomainForm, "principal": PrincipalForm} {
		if form, ok := ParseForm(s); !ok || form != want {
			t.Errorf("%s is form %d, %v", s, form, ok)
		}
	}
	if _, ok := ParseForm("upn"); ok {
		t.Error("upn is a form")
	}
}

// by is a Verifier that says the same of everybody.
type by ntlm.Verdict

func (v by) Verify(context.Context, *ntlm.Logon) ntlm.Verdict { return ntlm.Verdict(v) }

// TestOtherName has the domain let in an account of another name than was typed.
func TestOtherName(t *testing.T) {
	alice := by(ntlm.Yes(&ntlm.Account{Account: identity.Account{Name: "Alice", Domain: "EXAMPLE", Realm: "EXAMPLE.TEST", UPN: "a.liddell@wonder.test"}}))
	b := newBackend(t, dctest.New(), func(o *Options) { o.Verifier = alice })
	for typed, good := range map[string]bool{
		"alice": true, `example\ALICE`: true, "example.test/alice": true, "A.Liddell@Wonder.Test": true, "alice@example.test": true,
		"mallory": false, `OTHER\alice`: false, "alice@other.test": false, "mallory@example.test": false, "alice@": false,
	} {
		want := "ERR not-the-accounts-name"
		if good {
			want = `OK authenticated EXAMPLE\Alice`
		}
		mustAnswer(t, b, typed, "x", want)
	}
	b = newBackend(t, dctest.New(), func(o *Options) {
		o.Verifier = by(ntlm.Yes(&ntlm.Account{Account: identity.Account{Name: "alice"}}))
	})
	mustAnswer(t, b, "alice", "x", "ERR not-the-accounts-name") // nobody said of which domain
	b = newBackend(t, dctest.New(), func(o *Options) {
		o.Verifier = by(ntlm.Yes(&ntlm.Account{Account: identity.Account{Name: "jack", Domain: "EXAMPLE"}}))
	})
	mustAnswer(t, b, "JACK", "x", `OK authenticated EXAMPLE\jack`)
	mustAnswer(t, b, "jac\u212a", "x", "ERR not-the-accounts-name") // the Kelvin sign, which to Squid is no k
	b = newBackend(t, dctest.New(), func(o *Options) { o.Verifier = by(ntlm.Yes(nil)) })
	if v := b.Authenticate(t.Context(), "alice", "x"); v.Outcome() != protocol.Unavailable {
		t.Errorf("a yes without an account is %v", v.Outcome())
	}
}

// TestUserLists decides by lists, which change.
func TestUserLists(t *testing.T) {
	allow, deny := write(t, "allow", "ALICE\r\nexample\\carol\n"), write(t, "deny", "\n mallory \n")
	dc := dctest.New()
	for _, name := range []string{"bob", "carol", "mallory"} {
		dc.Users[name] = dctest.User{Password: dctest.Password, ID: 1105}
	}
	b := newBackend(t, dc, func(o *Options) {
		o.Allow, o.Deny = OpenUserList(allow, silent), OpenUserList(deny, silent)
	})
	mustAnswer(t, b, "alice", dctest.Password, `OK authenticated EXAMPLE\alice`)
	mustAnswer(t, b, "carol", dctest.Password, `OK authenticated EXAMPLE\carol`)
	logons := dc.Counts().Logons
	mustAnswer(t, b, "bob", dctest.Password, "ERR not-in-user-list")
	mustAnswer(t, b, `EXAMPLE\mallory`, dctest.Password, "ERR in-list-of-denied-users")
	if n := dc.Counts().Logons; n != logons {
		t.Errorf("%d logons of users who are not let in", n-logons)
	}
	revisions := map[string]bool{b.Revision(t.Context()): true}
	for list, content := range map[string]string{allow: "bob\n", deny: "alice\n"} {
		replace(t, list, content)
		if err := b.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		revisions[b.Revision(t.Context())] = true
	}
	if len(revisions) != 3 {
		t.Errorf("%d revisions of three states", len(revisions))
	}
	mustAnswer(t, b, "bob", dctest.Password, `OK authenticated EXAMPLE\bob`)
	mustAnswer(t, b, "alice", dctest.Password, "ERR in-list-of-denied-users")
	replace(t, allow, "")
	if err := b.Reload(t.Context()); !errors.Is(err, errEmptied) {
		t.Errorf("an emptied list: %v", err)
	}
	mustAnswer(t, b, "carol", dctest.Password, "ERR not-in-user-list")
}

// TestUserListsByAccount has a user principal name that looks like a listed user's.
func TestUserListsByAccount(t *testing.T) {
	carol := by(ntlm.Yes(&ntlm.Account{Account: identity.Account{Name: "carol", Domain: "EXAMPLE", UPN: "alice@wonder.test"}}))
	b := newBackend(t, dctest.New(), func(o *Options) {
		o.Verifier, o.Allow = carol, OpenUserList(write(t, "allow", "alice\nalice@wonder.test\n"), silent)
	})
	mustAnswer(t, b, "alice@wonder.test", "x", "ERR not-in-user-list")
	b = newBackend(t, dctest.New(), func(o *Options) {
		o.Verifier, o.Deny = carol, OpenUserList(write(t, "deny", "carol\n"), silent)
	})
	mustAnswer(t, b, "alice@wonder.test", "x", "ERR in-list-of-denied-users")
}

// TestEmptyAndMissingLists: an empty list admits everybody, as with msnt_auth; one that
// is not there, nobody.
func TestEmptyAndMissingLists(t *testing.T) {
	b := newBackend(t, dctest.New(), func(o *Options) { o.Allow = OpenUserList(write(t, "allow", ""), silent) })
	mustAnswer(t, b, "alice", dctest.Password, `OK authenticated EXAMPLE\alice`)
	for _, edit := range []func(*Options, *UserList){
		func(o *Options, l *UserList) { o.Allow = l }, func(o *Options, l *UserList) { o.Deny = l },
	} {
		b := newBackend(t, dctest.New(), func(o *Options) { edit(o, OpenUserList(filepath.Join(t.TempDir(), "none"), silent)) })
		mustAnswer(t, b, "alice", dctest.Password, "BH no-user-list")
	}
}

func replace(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// TestNoRandom has no random numbers for the challenge.
func TestNoRandom(t *testing.T) {
	for n := range 16 {
		b := newBackend(t, dctest.New(), func(o *Options) { o.Rand = io.LimitReader(bytes.NewReader(make([]byte, 16)), int64(n)) })
		mustAnswer(t, b, "alice", dctest.Password, "BH no-random-numbers")
	}
}
