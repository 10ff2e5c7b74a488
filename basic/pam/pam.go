package pam

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"squidauth/basic"
	"squidauth/protocol"
)

// DefaultThreads is how many transactions may be under way at once. Each has a thread
// of its own, for modules block; a wrong password does not keep its thread while it is
// delayed.
const DefaultThreads = 32

// Bounds of what modules are given, in bytes. They answer into buffers of
// PAM_MAX_RESP_SIZE, 512, and a longer password has never been set.
const (
	maxUser     = 255
	maxPassword = 511
)

// Options of a Backend. Service and Log are needed.
type Options struct {
	// Service names the file in /etc/pam.d that says which modules are asked.
	Service string

	// ConfigDir takes the place of /etc/pam.d, if it is not empty. Linux only.
	ConfigDir string

	// NoAccount leaves out what modules say of the account: that it has expired, or
	// that the password must be changed.
	NoAccount bool

	// StripRealm takes "@REALM" off a name or, if there is none, "DOMAIN\".
	StripRealm bool

	Threads int // 0 means DefaultThreads
	Log     *slog.Logger
}

// Backend asks PAM. It may be used from several goroutines.
type Backend struct {
	opt  Options
	ask  func(user string, password protocol.Secret) answer
	busy chan struct{} // holds a token per transaction under way
	lost atomic.Int64  // transactions under way for which nobody waits any more
}

var _ basic.Namer = (*Backend)(nil)

// New returns the Backend. PAM reads the service's file anew for each transaction.
func New(opt Options) *Backend {
	if opt.Threads == 0 {
		opt.Threads = DefaultThreads
	}
	b := &Backend{opt: opt, busy: make(chan struct{}, opt.Threads)}
	b.ask = func(user string, password protocol.Secret) answer { return inquire(opt, user, password) }
	return b
}

// Authenticate implements basic.Backend.
func (b *Backend) Authenticate(ctx context.Context, user string, password protocol.Secret) basic.Verdict {
	account := b.Account(user)
	switch {
	case !legalName(account):
		return basic.No(basic.IllegalName, "")
	case password == "":
		return basic.No(basic.MissingPassword, "")
	case len(password) > maxPassword || strings.ContainsRune(string(password), 0):
		return basic.No(basic.WrongPassword, "")
	}
	a, err := b.within(ctx, account, password)
	if err != nil {
		return err.verdict()
	}
	b.tell(user, password, a)
	v := a.verdict(user, b.opt.Service)
	if v.Outcome() == protocol.Denied {
		pause(ctx, a.delay)
	}
	return v
}

// Account implements basic.Namer.
func (b *Backend) Account(user string) string {
	if b.opt.StripRealm {
		return stripRealm(user)
	}
	return user
}

// failure is why there is no answer.
type failure struct {
	reason     basic.Reason
	cause      error
	unanswered bool // the modules have the password
}

func (f *failure) verdict() basic.Verdict {
	if f.unanswered {
		return basic.Unanswered(f.reason, f.cause)
	}
	return basic.Undecided(f.reason, f.cause)
}

// within has PAM asked on another goroutine, and waits for the answer until ctx is done.
func (b *Backend) within(ctx context.Context, user string, password protocol.Secret) (answer, *failure) {
	if n := b.lost.Load(); n >= int64(cap(b.busy)) {
		return answer{}, b.stuck(n)
	}
	select {
	case b.busy <- struct{}{}:
	case <-ctx.Done():
		return answer{}, b.noThread()
	}
	if ctx.Err() != nil { // both were ready
		<-b.busy
		return answer{}, b.noThread()
	}
	answers := make(chan answer, 1)
	var over atomic.Bool // for the transaction, or for who waits
	go func() {
		answers <- b.ask(user, password)
		if !over.CompareAndSwap(false, true) {
			b.lost.Add(-1)
		}
		<-b.busy
	}()
	select {
	case a := <-answers:
		return a, nil
	case <-ctx.Done():
	}
	if !over.CompareAndSwap(false, true) { // it came just now
		return <-answers, nil
	}
	f := b.stuck(b.lost.Add(1))
	f.unanswered = true
	return answer{}, f
}

func (b *Backend) stuck(n int64) *failure {
	return &failure{reason: basic.Unavailable, cause: fmt.Errorf("the modules of PAM service %s did not answer in time; %d of %d threads wait for them: look for a module that asks a server which is down, and set its own time limit below --timeout", b.opt.Service, n, cap(b.busy))}
}

func (b *Backend) noThread() *failure {
	return &failure{reason: basic.Overloaded, cause: fmt.Errorf("all %d threads were busy with the modules of PAM service %s: they are too slow for so many logins, or --threads is too small", cap(b.busy), b.opt.Service)}
}

// tell logs what modules said to the user, who cannot be shown it.
func (b *Backend) tell(user string, password protocol.Secret, a answer) {
	level := slog.LevelInfo
	if a.status == accepted {
		level = slog.LevelDebug
	}
	for _, text := range a.said {
		if strings.Contains(text, string(password)) {
			text = "(left out, as it holds the password)"
		}
		b.opt.Log.Log(context.Background(), level, "a PAM module says", "service", b.opt.Service, "user", user, "text", text)
	}
}

// pause waits for so long. It keeps no thread busy.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// stripRealm cuts a name as basic_pam_auth -r does.
func stripRealm(user string) string {
	if name, _, found := strings.Cut(user, "@"); found {
		return name
	}
	if _, name, found := strings.Cut(user, `\`); found {
		return name
	}
	return user
}

// legalName keeps from modules what is no name, since some put it into the names of
// files, into variables of the environment and into lines of logs.
func legalName(user string) bool {
	return user != "" && len(user) <= maxUser && !strings.ContainsFunc(user, unicode.IsControl)
}

// CheckService says what is wrong with the name of a service: that of a file.
func CheckService(name string) error {
	switch {
	case name == "":
		return errors.New("the PAM service has no name")
	case len(name) > 64, name[0] == '.', strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == '/' || r == 0x7f }):
		return fmt.Errorf("%q is not the name of a PAM service", name)
	}
	return nil
}
