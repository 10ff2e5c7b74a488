package ncsa

import (
	"fmt"
	"log/slog"
	"os"
	"sync"
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

// maxNotes bounds the lines that one reading adds to the log.
const maxNotes = 20

// file keeps the table of a password file up to date. A table that was good is
// kept until there is a good new one.
type file struct {
	path string
	log  *slog.Logger
	now  func() time.Time

	table  atomic.Pointer[table] // nil while there never was a good one
	looked atomic.Int64          // when the file was last looked at, Unix ns

	mu       sync.Mutex // guards what follows, held while the file is read
	stamp    stamp      // state of the file that the table came from
	rejected stamp      // state of the file whose content was no good
	again    time.Time  // when to read once more although nothing changed; zero: never
	problem  error      // why the file as it is now is no good
}

// current returns the table or, if there is none, why. It looks at the file if
// nobody did of late; while somebody reads it, others go on with what there is.
func (f *file) current() (*table, error) {
	if f.due() && f.mu.TryLock() {
		f.refresh(false)
		f.mu.Unlock()
	}
	if t := f.table.Load(); t != nil {
		return t, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.table.Load(), f.problem
}

// due says whether it is time to look, or the clock was put back.
func (f *file) due() bool {
	since := time.Duration(f.now().UnixNano() - f.looked.Load())
	return since >= lookEvery || since < 0
}

// look looks at the file now and returns what is wrong with it.
func (f *file) look(force bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refresh(force)
	return f.problem
}

// refresh reads the file if it changed. f.mu is held.
func (f *file) refresh(force bool) {
	now := f.now()
	f.looked.Store(now.UnixNano())
	if !force && !f.changed(now) {
		return
	}
	content, state, err := readFile(f.path)
	f.rejected = stamp{}
	if err != nil {
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
	f.adopt(t, state, now)
	if old == nil || old.key != t.key || force {
		f.logNotes(notes)
	}
}

// changed says whether the file is to be read. One that could not be read is
// tried each time: what was wrong, such as a folder's mode, need not show in its
// state.
func (f *file) changed(now time.Time) bool {
	if !f.again.IsZero() && !now.Before(f.again) {
		return true
	}
	info, err := os.Stat(f.path)
	switch {
	case err != nil:
		return true
	case f.rejected.same(info):
		return false
	case f.stamp.same(info):
		f.recovered()
		return false
	}
	age := now.Sub(info.ModTime()) // negative if the clocks differ: no reason to wait
	return f.table.Load() == nil || age < 0 || age >= rest
}

func (f *file) adopt(t *table, state stamp, now time.Time) {
	settled := f.stamp.same(state.info) // it is the second reading
	f.table.Store(t)
	f.stamp = state
	f.again = time.Time{}
	if age := now.Sub(state.info.ModTime()); !settled && age < settle {
		f.again = now.Add(settle)
	}
	f.recovered()
}

// complain logs a problem once, however often it is met.
func (f *file) complain(err error) {
	if f.problem == nil || f.problem.Error() != err.Error() {
		consequence := "nobody can log in until that is mended"
		if f.table.Load() != nil {
			consequence = "going on with the users read before"
		}
		f.log.Warn("password file cannot be used", "problem", err.Error(), "consequence", consequence)
	}
	f.problem = err
}

func (f *file) recovered() {
	if f.problem != nil {
		f.log.Info("password file can be used again", "file", f.path)
	}
	f.problem = nil
}

func (f *file) logNotes(notes []note) {
	for i, n := range notes {
		if i == maxNotes {
			f.log.Warn("password file: more lines like that", "file", f.path, "count", len(notes)-i)
			return
		}
		f.log.Warn("password file", "file", f.path, "line", n.line, "note", n.text)
	}
}
