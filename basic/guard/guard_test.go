package guard

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"squidauth/basic"
	"squidauth/protocol"
)

func TestRemember(t *testing.T) {
	f := guarded(t, Options{Remember: time.Minute})
	f.expect("bob", "wrong-password asked", "old")
	f.expect("bob", "wrong-password", "old", "old", "old")
	f.expect("bob", "wrong-password asked", "other", "Old")
	f.expect("bob", "authenticated asked", "right", "right")
	f.expect("bob", "wrong-password", "old") // which another password does not change
	f.expect("eve", "no-such-user asked", "old")
	f.expect("eve", "no-such-user", "old")
	f.expect("Bob", "wrong-password asked", "old") // a backend may tell these names apart
	f.later(time.Minute - time.Millisecond)
	f.expect("bob", "wrong-password", "old")
	f.later(time.Millisecond)
	f.passwords["bob"] = "old"
	f.expect("bob", "authenticated asked", "old", "old")
	f.expect("bob", "wrong-password asked", "right")
}

func TestRememberNothing(t *testing.T) {
	f := guarded(t, Options{})
	f.expect("bob", "wrong-password asked", "old", "old", "old")
}

// TestVerdict: a remembered refusal says what the first one said, and who says so.
func TestVerdict(t *testing.T) {
	f := guarded(t, Options{Remember: time.Minute})
	long := strings.Repeat("long ", 40)
	for _, c := range []struct{ first, then basic.Verdict }{
		{basic.No(basic.WrongPassword, "Wrong password"), basic.No(basic.WrongPassword, "Wrong password")},
		{basic.No("own-reason", ""), basic.No("own-reason", "")},
		{basic.No(basic.LogonRefused, long), basic.No(basic.LogonRefused, long)},
	} {
		f.verdict = &c.first
		user := string(c.first.Reason())
		f.Authenticate(t.Context(), user, "x")
		if got := f.Authenticate(t.Context(), user, "x"); !reflect.DeepEqual(got, c.then.By("fake (remembered)")) {
			t.Errorf("%s: %+v", user, got)
		}
	}
}

// TestNotCounted: what no password would change is asked again each time, and what
// could not be told as well.
func TestNotCounted(t *testing.T) {
	f := guarded(t, Options{Remember: time.Minute, Limit: 1, Window: time.Hour})
	for _, v := range []basic.Verdict{
		basic.No(basic.AccountDisabled, ""), basic.No(basic.AccountLocked, ""), basic.No(basic.AccountExpired, ""),
		basic.No(basic.PasswordExpired, ""), basic.No(basic.PasswordMustChange, ""), basic.No(basic.LogonHours, ""),
		basic.No(basic.WrongWorkstation, ""), basic.No(basic.NotInGroup, ""), basic.No(basic.IllegalName, ""),
		basic.Undecided(basic.Unavailable, errors.New("away")), {},
	} {
		f.verdict = &v
		f.expect("bob", string(v.Reason())+" asked", "x", "x", "x", "y", "z")
	}
}

// TestUnanswered: what a server has not answered to is not sent again at once, by this
// process, nor is it in the file, since it may be right.
func TestUnanswered(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "state")
	for _, opt := range []Options{{}, {Remember: time.Minute}, {Remember: time.Minute, Limit: 3, Window: time.Hour, Folder: folder}} {
		f := guarded(t, opt)
		slow := basic.Unanswered("slow", errors.New("no answer in time"))
		f.verdict = &slow
		f.expect("bob", "slow asked", "right")
		f.expect("bob", "server-unavailable", "right", "right")
		f.expect("bob", "slow asked", "other")
		f.expect("eve", "slow asked", "right")
		f.later(unansweredFor - time.Millisecond)
		f.expect("bob", "server-unavailable", "right")
		f.later(time.Millisecond)
		f.expect("bob", "slow asked", "right")
		f.verdict = nil
		f.expect("bob", "server-unavailable", "right")
		other := guarded(t, opt)
		other.time = f.time
		other.expect("bob", "authenticated asked", "right")
		f.later(unansweredFor)
		f.expect("bob", "authenticated asked", "right", "right")
	}
}

// TestDoubts: a directory that is frozen may count, later, what it was sent. As many
// guesses are left open as it may refuse; the password that is tried again and again is
// one of them, however often.
func TestDoubts(t *testing.T) {
	f := guarded(t, Options{Limit: 3, Window: time.Hour})
	slow := basic.Unanswered("slow", errors.New("no answer in time"))
	f.verdict = &slow
	f.expect("bob", "slow asked", "right")
	f.later(unansweredFor)
	f.expect("bob", "slow asked", "right", "guess 1", "guess 2")
	f.expect("bob", "server-unavailable", "guess 3", "guess 4")
	f.expect("eve", "slow asked", "guess 3")
	f.later(unansweredFor)
	f.expect("bob", "slow asked", "right")
	f.expect("bob", "server-unavailable", "guess 3")
	f.verdict = nil
	f.later(unansweredFor)
	f.expect("bob", "authenticated asked", "right", "right")
	f.later(doubtFor - 2*unansweredFor)
	f.expect("bob", "wrong-password asked", "guess 3", "guess 4", "guess 5")
	f.expect("bob", "held-back", "guess 6")
}

// TestVersion: what a file said is not remembered longer than the file is as it was.
func TestVersion(t *testing.T) {
	f := &fixture{t: t, directory: newDirectory(), time: time.Now()}
	file := &versioned{f.directory, "1"}
	f.guard(file, Options{Remember: time.Minute})
	f.expect("bob", "wrong-password asked", "new")
	f.expect("bob", "wrong-password", "new")
	file.version, f.passwords["bob"] = "2", "new"
	f.expect("bob", "authenticated asked", "new")
}

type versioned struct {
	*directory
	version string
}

func (v *versioned) Version(context.Context) string { return v.version }

func TestLimit(t *testing.T) {
	f := guarded(t, Options{Remember: time.Minute, Limit: 3, Window: 30 * time.Minute})
	f.expect("bob", "wrong-password asked", "1", "2", "3")
	f.expect("bob", "wrong-password", "1")
	f.expect("bob", "held-back", "4", "right", "5")
	f.expect("BOB ", "held-back", "right", "6") // as a directory sees it
	f.expect("alice", "no-such-user asked", "1", "2", "3")
	f.expect("alice", "held-back", "4")
	f.later(29 * time.Minute)
	f.expect("bob", "held-back", "4", "right")
	f.later(time.Minute)
	f.expect("bob", "wrong-password asked", "4", "5")
	f.expect("bob", "authenticated asked", "right")
	f.expect("bob", "wrong-password asked", "6", "7", "8") // the count began anew
	f.expect("bob", "held-back", "9")
	f.expect("bob", "authenticated asked", "right") // which was good before
	f.expect("bob", "wrong-password asked", "9")
}

// named takes "other@" and "DOM\" off names.
type named struct{ *directory }

func (named) Account(user string) string {
	name, _, _ := strings.Cut(user[strings.IndexByte(user, '\\')+1:], "@")
	return name
}

// TestAccount: whatever names a backend takes for one account share its count.
func TestAccount(t *testing.T) {
	f := &fixture{t: t, directory: newDirectory(), time: time.Now()}
	f.guard(named{f.directory}, Options{Limit: 3, Window: time.Hour})
	for _, user := range []string{"bob", `DOM\Bob`, "bob@dom"} {
		f.login(user, "guess")
	}
	f.expect("bob@elsewhere", "held-back", "x", "right")
	f.expect(`ELSE\bob`, "held-back", "x")
}

// TestForgiven: who has a name that folds alike cannot end another's count.
func TestForgiven(t *testing.T) {
	f := &fixture{t: t, directory: newDirectory(), time: time.Now()}
	f.guard(exact{f.directory}, Options{Limit: 3, Window: time.Hour, Folder: t.TempDir()})
	f.expect("bob", "wrong-password asked", "1", "2")
	f.expect("bób", "authenticated asked", "own")
	f.expect("bob", "wrong-password asked", "3")
	f.expect("bób", "authenticated asked", "own") // which was good before
	f.expect("bob", "held-back", "4")
	f.expect("BOB", "held-back", "right")
}

// exact is a directory with two users whose names fold alike.
type exact struct{ *directory }

func (e exact) Authenticate(ctx context.Context, user string, password protocol.Secret) basic.Verdict {
	if user == "bób" && password == "own" {
		e.asked++
		return basic.Yes(protocol.Identity{User: user})
	}
	return e.directory.Authenticate(ctx, user, password)
}

// TestWindow: as long as refusals follow one another within the window none of them is
// forgotten, since the directory forgets none.
func TestWindow(t *testing.T) {
	f := guarded(t, Options{Limit: 3, Window: 10 * time.Minute})
	for _, p := range []string{"1", "2", "3"} {
		f.expect("bob", "wrong-password asked", p)
		f.later(9 * time.Minute)
	}
	f.expect("bob", "held-back", "4", "right")
	f.later(time.Minute)
	f.expect("bob", "authenticated asked", "right")
}

// TestOldDevice: one old password does not use up the count.
func TestOldDevice(t *testing.T) {
	f := guarded(t, Options{Remember: time.Minute, Limit: 4, Window: 30 * time.Minute})
	for range 25 * 60 {
		f.login("bob", "old")
		f.later(time.Second)
	}
	if f.refused["bob"] != 2 {
		t.Errorf("the directory was asked %d times", f.refused["bob"])
	}
	f.expect("bob", "authenticated asked", "right")
}

// TestGoodBefore: the password that was good may be tried once more, no matter who
// holds the name back.
func TestGoodBefore(t *testing.T) {
	f := guarded(t, Options{Remember: time.Minute, Limit: 3, Window: 30 * time.Minute})
	f.expect("bob", "authenticated asked", "right")
	f.expect("bob", "wrong-password asked", "1", "2", "3")
	f.passwords["bob"] = "changed"
	f.expect("bob", "wrong-password asked", "right")
	f.expect("bob", "held-back", "changed", "x")
	f.later(time.Minute)
	f.expect("bob", "held-back", "changed", "right")
	if f.refused["bob"] != 4 {
		t.Errorf("the directory was asked %d times", f.refused["bob"])
	}
}

// TestHeld: the client learns nothing, the operator what is going on.
func TestHeld(t *testing.T) {
	f := guarded(t, Options{Limit: 1, Window: time.Hour})
	f.time = time.Date(2026, 11, 22, 4, 10, 26, 0, time.Local)
	f.expect("bob", "wrong-password asked", "1")
	v := f.Authenticate(t.Context(), "bob", "2")
	if v.Who() != "fake (not asked)" || v.Text() != "Wrong password" || v.Outcome() != protocol.Denied {
		t.Errorf("%+v", v)
	}
	const want = "the name was refused 1 times: nobody is let in by it until 2026-11-22 05:10:26, lest its account be locked"
	if v.Cause() == nil || v.Cause().Error() != want {
		t.Errorf("%v", v.Cause())
	}
}

// TestHeldUnknown: who is held back by a name that the directory does not know can still
// be somebody else's user, as long as nobody of that very name is there.
func TestHeldUnknown(t *testing.T) {
	f := guarded(t, Options{Limit: 2, Window: time.Hour, Folder: t.TempDir()})
	held := func(user string, unknown bool) {
		t.Helper()
		v := f.Authenticate(t.Context(), user, "held")
		if v.Reason() != HeldBack || v.IsUnknown() != unknown {
			t.Errorf("%s: %s, unknown: %v", user, v.Reason(), v.IsUnknown())
		}
	}
	f.expect("eve", "no-such-user asked", "1", "2")
	held("eve", true)
	held("Eve", false) // of whom nobody was told anything
	held("éve", false)

	f.passwords["mix"] = "right"
	f.expect("mix", "wrong-password asked", "1")
	delete(f.passwords, "mix")
	f.expect("mix", "no-such-user asked", "2")
	held("mix", false)

	f.expect("new", "no-such-user asked", "1")
	f.passwords["new"] = "right"
	f.expect("new", "authenticated asked", "right")
	f.expect("new", "wrong-password asked", "1", "2") // 1 was forgiven
	held("new", false)
}

// TestBurst: however many passwords of a user are tried at once, no more than the limit
// reach the directory; and a password that is tried several times at once is asked about
// once if it is wrong.
func TestBurst(t *testing.T) {
	f := guarded(t, Options{Remember: time.Minute, Limit: 4, Window: time.Hour, Folder: t.TempDir()})
	f.gate = make(chan struct{})
	var logins sync.WaitGroup
	for range 10 {
		for _, p := range []protocol.Secret{"1", "2", "3"} {
			logins.Go(func() { f.Authenticate(t.Context(), "bob", p) })
		}
	}
	close(f.gate)
	logins.Wait()
	if f.asked != 3 {
		t.Errorf("asked %d times about 3 passwords", f.asked)
	}
	for p := range 30 {
		logins.Go(func() { f.Authenticate(t.Context(), "bob", protocol.Secret(rune('a'+p))) })
	}
	logins.Wait()
	if f.asked != 4 {
		t.Errorf("asked %d times, the limit is 4", f.asked)
	}
}

// TestWaiting: who waits for the same question does so no longer than it may.
func TestWaiting(t *testing.T) {
	f := guarded(t, Options{Remember: time.Minute})
	f.gate = make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	var logins sync.WaitGroup
	logins.Go(func() { f.Authenticate(t.Context(), "bob", "old") })
	<-f.arrived
	cancel()
	if v := f.Authenticate(ctx, "bob", "old"); v.Outcome() != protocol.Unavailable || v.Reason() != basic.Overloaded {
		t.Errorf("%+v", v)
	}
	close(f.gate)
	logins.Wait()
}

type panicking struct{}

func (panicking) Authenticate(context.Context, string, protocol.Secret) basic.Verdict { panic("bug") }

// TestPanic: a question that ended in a panic is over.
func TestPanic(t *testing.T) {
	f := guarded(t, Options{Remember: time.Minute, Limit: 1, Window: time.Hour})
	f.guard(panicking{}, Options{Remember: time.Minute, Limit: 1, Window: time.Hour})
	for range 3 {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f.Authenticate(t.Context(), "bob", "x")
		}()
	}
}

func TestFold(t *testing.T) {
	for _, alike := range [][]string{
		{"bob", "BOB", "Bob", " bob", "bob  ", "ｂｏｂ", "b\u00adob", "bo\u200bb", "bób", "bo\u0301b"},
		{"john smith", "John  Smith", "john\u00a0smith", "john\tsmith"},
		{"\xff\xfeJ", "\xff\xfej"},
		{"bob", "bo\ufffcb", "bob\u0378", "bo\ue000b", "bob\U0001f600", "bo\u20ddb"},
		{"strauss", "strauß", "STRAUẞ"}, {"jorgensen", "jørgensen", "JØRGENSEN"}, {"aeble", "æble"}, {"ivan", "ıvan", "İvan"},
		{"たなか", "タナカ", "ﾀﾅｶ"},
		{"σοφος", "ΣΟΦΟΣ", "σοφοσ"},
	} {
		for _, name := range alike {
			if fold(name) != fold(alike[0]) {
				t.Errorf("%q is %q, not %q", name, fold(name), fold(alike[0]))
			}
		}
	}
	for _, pair := range [][2]string{{"bob", "bop"}, {"\xff", "\xfe"}, {"johnsmith", "john smith"}, {`d\bob`, "bob"}, {"bob-1", "bob1"}, {"李", "王"}} {
		if fold(pair[0]) == fold(pair[1]) {
			t.Errorf("%q and %q are one name", pair[0], pair[1])
		}
	}
}
