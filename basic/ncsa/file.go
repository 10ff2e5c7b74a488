package ncsa

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

// lookEvery is how often at most the file's state is looked at: often enough for
// a person to see a change at once, seldom enough to cost nothing under load.
const lookEvery = 10 * time.Millisecond

// settle is how coarsely file systems may count time. A file that changed less
// than that before it was read is read once more: it may change again and keep
// its modification time.
const settle = 2 * time.Second

// rest is how long a file must not have been written before it is read in place
// of one that was good: programs that do not rename write it bit by bit.
const rest = 50 * time.Millisecond

// patience bounds the wait for one look: on a disk that hangs, logins go on with
// the users read before.
const patience = 2 * time.Second

// file keeps the table of a password file up to date. A table that was good is
// kept until there is a good new one.
type file struct {
	path string
	log  *slog.Logger
	now  func() time.Time

	table   atomic.Pointer[table] // nil while there never was a good one
	problem atomic.Pointer[error] // why the file as it is now is no good; nil: it is
	looked  atomic.Int64          // when the file was last looked at, Unix ns

	// turn holds a token while somebody looks at the file. Who holds it owns
	// what follows.
	turn       chan struct{}
	stamp      stamp     // state of the file that the table came from
	rejected   stamp     // state of the file whose content was no good
	unreadable bool      // the last reading got no content at all
	again      time.Time // when to read once more although nothing changed; zero: never
}

func newFile(path string, log *slog.Logger, now func() time.Time) *file {
	f := &file{path: path, log: log, now: now, turn: make(chan struct{}, 1)}
	f.setProblem(errUnread)
	return f
}

var (
	errUnread = errors.New("the password file has not been read yet: its disk does not answer")
	errPanic  = errors.New("a bug of this program: please report it")
)

// current returns the table or, if there is none, why. It looks at the file if
// nobody did of late; while somebody does, others go on with what there is.
func (f *file) current(ctx context.Context) (*table, error) {
	if f.due() {
		select {
		case f.turn <- struct{}{}:
			f.lookWithin(ctx, patience)
		default:
		}
	}
	if t := f.table.Load(); t != nil {
		return t, nil
	}
	return nil, f.lastProblem()
}

// due says whether it is time to look, or the clock was put back.
func (f *file) due() bool {
	since := time.Duration(f.now().UnixNano() - f.looked.Load())
	return since >= lookEvery || since < 0
}

// lookWithin looks at the file, and stops waiting for the disk when the time is
// up. The token is held, and given back when the look is over.
func (f *file) lookWithin(ctx context.Context, most time.Duration) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { <-f.turn }()
		f.refresh(false)
	}()
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-done:
	case <-ctx.Done():
	case <-timer.C:
	}
}

// reload reads the file in any case and returns what is wrong with it.
func (f *file) reload(ctx context.Context) error {
	select {
	case f.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-f.turn }()
	f.refresh(true)
	return f.lastProblem()
}

// refresh reads the file if it changed, or in any case. The token is held.
func (f *file) refresh(force bool) {
	defer func() {
		if recover() != nil {
			f.complain(fmt.Errorf("%s: %w", f.path, errPanic))
		}
	}()
	now := f.now()
	f.looked.Store(now.UnixNano())
	if !force && !f.changed(now) {
		return
	}
	content, state, err := readFile(f.path)
	f.rejected, f.again = stamp{}, state.again(now)
	f.unreadable = err != nil && state.info == nil
	if err != nil {
		f.rejected = state
		f.complain(err)
		return
	}
	t, notes, err := parse(content)
	if err != nil {
		f.rejected = state
		f.complain(fmt.Errorf("%s %w", f.path, err))
		return
	}
	old := f.table.Load()
	f.table.Store(t)
	f.stamp = state
	f.recovered()
	if old == nil || old.key != t.key || force {
		f.log.Debug("password file read", "file", f.path, "users", len(t.users), "usable", len(t.hashes))
		f.logNotes(notes)
	}
}

// changed says whether the file is to be read.
func (f *file) changed(now time.Time) bool {
	info, err := os.Stat(f.path)
	if err != nil || f.unreadable { // what was wrong need not show in its state
		return true
	}
	adopted := f.stamp.same(info)
	if adopted || f.rejected.same(info) {
		if !f.again.IsZero() && !now.Before(f.again) {
			return true
		}
		if adopted {
			f.recovered()
		}
		return false
	}
	age := now.Sub(info.ModTime()) // negative if the clocks differ: no reason to wait
	return f.table.Load() == nil || age < 0 || age >= rest
}

// complain logs a problem once, however often it is met.
func (f *file) complain(err error) {
	if last := f.lastProblem(); last == nil || last.Error() != err.Error() {
		consequence := "nobody can log in until that is mended"
		if f.table.Load() != nil {
			consequence = "going on with the users read before"
		}
		f.log.Warn("password file cannot be used", "problem", err.Error(), "consequence", consequence)
	}
	f.setProblem(err)
}

func (f *file) recovered() {
	if p := f.lastProblem(); p != nil && !errors.Is(p, errUnread) {
		f.log.Info("password file can be used again", "file", f.path)
	}
	f.problem.Store(nil)
}

func (f *file) setProblem(err error) { f.problem.Store(&err) }

func (f *file) lastProblem() error {
	if p := f.problem.Load(); p != nil {
		return *p
	}
	return nil
}

func (f *file) logNotes(notes notes) {
	for _, n := range notes.list {
		f.log.Warn("password file", "file", f.path, "line", n.line, "note", n.text)
	}
	if notes.more > 0 {
		f.log.Warn("password file: more lines like that", "file", f.path, "count", notes.more)
	}
}
