package guard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"squidauth/basic"
	"squidauth/helper/doctor"
	"squidauth/helper/state"
	"squidauth/protocol"
)

// Bounds of the options.
const (
	// MaxLimit is how many refusals fit into a record.
	MaxLimit = 9
	// MaxTime bounds how long anything is remembered.
	MaxTime = 24 * time.Hour
)

// HeldBack is the reason of a refusal without having asked.
const HeldBack basic.Reason = "held-back"

var errUnanswered = fmt.Errorf("the server has not answered to this password before, or to as many others as --lockout-guard permits, and may count each when it goes on: it is not asked again within %v, or %v", unansweredFor, doubtFor)

var errElsewhere = errors.New("another helper process is asking about the same user and password, and got no answer in time")

// Options of a Backend.
type Options struct {
	Name string // of the backend behind it, in the audit log

	// Scope tells backends apart that know different users. Processes with the same
	// Scope and Folder remember together.
	Scope string

	// Remember is how long a refused password is refused again without asking, up to
	// MaxTime; 0: not at all.
	Remember time.Duration

	// Limit is how many refusals a name can have until it is held back, up to
	// MaxLimit; 0: any number. Window is how long the name must not have been refused
	// for the count to begin anew, up to MaxTime.
	Limit  int
	Window time.Duration

	// Folder is one of this user's own, where the shared file is; it is made if its
	// parent exists. Empty: every process remembers for itself.
	Folder string

	Log *slog.Logger
	Now func() time.Time // the clock; nil means time.Now
}

// Backend is another Backend with a guard in front. It may be used from several
// goroutines.
type Backend struct {
	backend basic.Backend
	opt     Options
	rules   rules
	store   store
	pid     int
	asking  inFlight
	known   good
}

var _ basic.Backend = (*Backend)(nil)

// New returns a guard for b. It never fails: a file that cannot be used is logged.
func New(b basic.Backend, opt Options) *Backend {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Remember == 0 && opt.Limit == 0 {
		opt.Folder = "" // nothing would be kept in the file
	}
	g := &Backend{
		backend: b,
		opt:     opt,
		rules:   rules{remember: opt.Remember, limit: opt.Limit, window: opt.Window, alive: alive},
		store:   store{memory: memory{key: newKey(), records: make(map[tag]record)}, log: opt.Log},
		pid:     os.Getpid(),
		asking:  inFlight{pairs: make(map[tag]bool)},
		known:   good{pairs: make(map[tag]tag)},
	}
	if opt.Folder != "" {
		g.store.file = newFile(opt.Folder)
	}
	return g
}

// Reload passes on to the backend.
func (g *Backend) Reload(ctx context.Context) error { return basic.Reload(ctx, g.backend) }

// Examine implements doctor.Examiner: whether processes can remember together, and the
// backend.
func (g *Backend) Examine(ctx context.Context, r *doctor.Report) {
	if g.opt.Folder != "" {
		state.Examine(r, g.opt.Folder, fileName, "700", doctor.Finding{
			Severity: doctor.Warning, Code: "state-dir",
			Why: "each helper process remembers refused logins for itself: a wrong password that is tried again counts several times with the server, and may lock the account",
		})
	}
	basic.Examine(ctx, r, g.backend)
}

// Close closes the backend and the file.
func (g *Backend) Close() error {
	if g.store.file != nil {
		g.store.file.close()
	}
	return basic.Close(g.backend)
}

// Pauses while another process asks the same: the first and the longest.
const (
	firstPause = 2 * time.Millisecond
	lastPause  = 50 * time.Millisecond
)

// Authenticate implements basic.Backend.
func (g *Backend) Authenticate(ctx context.Context, user string, password protocol.Secret) basic.Verdict {
	q := g.question(ctx, user, password)
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		switch d := g.begin(q); d.what {
		case ask:
			return g.ask(ctx, q, d, password)
		case refuse:
			return basic.No(d.entry.reason, d.entry.text).By(g.opt.Name + " (remembered)")
		case spare:
			return basic.Undecided(basic.Unavailable, errUnanswered)
		case hold:
			return g.held(d)
		}
		if !sleep(ctx, pause) {
			return basic.Undecided(basic.Overloaded, errElsewhere)
		}
	}
}

// held refuses a name without having asked. Whose name the directory does not know is
// still somebody whom another backend may know.
func (g *Backend) held(d decision) basic.Verdict {
	v := basic.No(HeldBack, d.entry.text).By(g.opt.Name + " (not asked)").Because(g.why(d))
	if d.unknown {
		return v.OfUnknown()
	}
	return v
}

func (g *Backend) why(d decision) error {
	return fmt.Errorf("the name was refused %d times: nobody is let in by it until %s, lest its account be locked", d.count, d.until.Format(time.DateTime))
}

func (g *Backend) question(ctx context.Context, user string, password protocol.Secret) *question {
	q := &question{scope: g.opt.Scope, name: fold(basic.Account(g.backend, user)), user: user, place: basic.Place(ctx, g.backend), password: string(password)}
	if v, ok := g.backend.(basic.Versioned); ok {
		q.version = v.Version(ctx)
	}
	q.own = q.tags(&g.store.memory.key)
	return q
}

// tick sets the question's time, as the file writes it.
func (g *Backend) tick(q *question) { q.now = time.UnixMilli(g.opt.Now().UnixMilli()) }

// begin decides about a login. Who is to ask must end it.
func (g *Backend) begin(q *question) decision {
	if !g.asking.claim(q.own.pair) {
		return decision{what: wait}
	}
	g.tick(q)
	d := g.store.begin(q, g.rules, asker{pid: g.pid, known: g.rules.limit > 0 && g.known.is(q.own)})
	if d.what != ask {
		g.asking.release(q.own.pair)
	}
	return d
}

// ask asks the backend. How it ended is entered even if it panics.
func (g *Backend) ask(ctx context.Context, q *question, d decision, password protocol.Secret) (v basic.Verdict) {
	defer func() {
		g.end(q, d, v)
		g.asking.release(q.own.pair)
	}()
	return g.backend.Authenticate(ctx, q.user, password)
}

func (g *Backend) end(q *question, d decision, v basic.Verdict) {
	g.tick(q)
	g.store.end(q, g.rules, d, g.pid, v)
	if g.rules.limit == 0 {
		return
	}
	if accepted(v) {
		g.known.set(q.own)
	} else if counts(v) {
		g.known.unset(q.own)
	}
}

func accepted(v basic.Verdict) bool { return v.Outcome() == protocol.Accepted }

// counts reports that a directory may have taken the verdict's password for a wrong
// one. The reasons that no password would change are not counted, nor names that do not
// reach a directory.
func counts(v basic.Verdict) bool {
	if v.Outcome() != protocol.Denied {
		return false
	}
	switch v.Reason() {
	case basic.AccountDisabled, basic.AccountLocked, basic.AccountExpired, basic.PasswordExpired, basic.PasswordMustChange,
		basic.LogonHours, basic.WrongWorkstation, basic.NotInGroup, basic.IllegalName,
		basic.AccountRevoked, basic.OtherName, basic.NotListed, basic.DeniedUser:
		return false
	}
	return true
}

// sleep waits, and reports false if ctx ends before.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
