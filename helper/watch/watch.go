// Package watch keeps what was read from a file up to date: a password file, a
// keytab. A content that was good stays in force until there is a good new one,
// and whatever is wrong with the file is logged once, in words.
package watch

import (
	"cmp"
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

// Config says what is to be read, and how.
type Config[T any] struct {
	Path string
	Kind string // what the file is, in the log: "password file"
	Make string // how one gets such a file: "create it with htpasswd"

	// Permit says how one lets this helper read the file. Empty: by the file's group.
	Permit string

	// Without says what follows as long as there never was a good one. Empty:
	// nobody can log in.
	Without string

	// Parse makes a value of the file's content. Its error completes the
	// sentence "the file …".
	Parse func(content []byte) (*T, error)

	// Adopted is called with each new value. again says that it was read at
	// somebody's request. It may be nil.
	Adopted func(old, new *T, again bool)

	Log *slog.Logger
	Now func() time.Time // the clock; nil means time.Now
}

// File is a file and the value that was made of it. It may be used from several
// goroutines.
type File[T any] struct {
	Config[T]

	value   atomic.Pointer[T]     // nil while there never was a good one
	problem atomic.Pointer[error] // why the file as it is now is no good; nil: it is
	looked  atomic.Int64          // when the file was last looked at, Unix ns
	resting atomic.Bool           // it has changed, too shortly ago to be read

	// turn holds a token while somebody looks at the file. Who holds it owns
	// what follows.
	turn       chan struct{}
	stamp      stamp     // state of the file that the value came from
	rejected   stamp     // state of the file whose content was no good
	unreadable bool      // the last reading got no content at all
	again      time.Time // when to read once more although nothing changed; zero: never
}

// Open returns the File and reads it. It never fails: a file that is no good is
// logged, and may be good by the time its value is asked for.
func Open[T any](c Config[T]) *File[T] {
	f := prepare(c)
	f.turn <- struct{}{}
	f.lookWithin(context.Background(), patience)
	return f
}

func prepare[T any](c Config[T]) *File[T] {
	if c.Now == nil {
		c.Now = time.Now
	}
	f := &File[T]{Config: c, turn: make(chan struct{}, 1)}
	f.setProblem(errUnread)
	return f
}

var (
	errUnread = errors.New("the file has not been read yet: its disk does not answer")
	errPanic  = errors.New("a bug of this program: please report it")
)

// Current returns the value or, if there never was a good one, nil and why. It
// looks at the file if nobody did of late; while somebody does, others go on with
// what there is.
func (f *File[T]) Current(ctx context.Context) (*T, error) {
	if f.due() {
		select {
		case f.turn <- struct{}{}:
			f.lookWithin(ctx, patience)
		default:
		}
	}
	if v := f.value.Load(); v != nil {
		return v, nil
	}
	return nil, f.lastProblem()
}

// rests is how often Latest waits for a file that is written again and again.
const rests = 4

// Latest is Current for who missed something in the value: it looks at the file,
// and a file that was written just now is waited for. While somebody else looks, it
// goes on with what there is: on a disk that hangs that may take long.
func (f *File[T]) Latest(ctx context.Context) (*T, error) {
	for range rests {
		select {
		case f.turn <- struct{}{}:
			f.lookWithin(ctx, patience)
		default:
			return f.Current(ctx)
		}
		if !f.resting.Load() || !pause(ctx, rest) {
			break
		}
	}
	return f.Current(ctx)
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// due says whether it is time to look, or the clock was put back.
func (f *File[T]) due() bool {
	since := time.Duration(f.Now().UnixNano() - f.looked.Load())
	return since >= lookEvery || since < 0
}

// lookWithin looks at the file, and stops waiting for the disk when the time is
// up. The token is held, and given back when the look is over.
func (f *File[T]) lookWithin(ctx context.Context, most time.Duration) {
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

// Reload reads the file, whether it seems to have changed or not. The error says
// what is wrong with it.
func (f *File[T]) Reload(ctx context.Context) error {
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
func (f *File[T]) refresh(force bool) {
	defer func() {
		if recover() != nil {
			f.complain(fmt.Errorf("%s: %w", f.Path, errPanic), false)
		}
	}()
	now := f.Now()
	f.looked.Store(now.UnixNano())
	if !force && !f.changed(now) {
		return
	}
	content, state, err := f.readFile()
	fresh := state.info != nil && !f.rejected.same(state.info)
	f.rejected, f.again = stamp{}, state.again(now)
	f.unreadable = err != nil && state.info == nil
	if err != nil {
		f.rejected = state
		f.complain(err, fresh)
		return
	}
	v, err := f.Parse(content)
	if err != nil {
		f.rejected = state
		f.complain(fmt.Errorf("%s %w", f.Path, err), fresh)
		return
	}
	old := f.value.Swap(v)
	f.stamp = state
	f.recovered()
	if f.Adopted != nil {
		f.Adopted(old, v, force)
	}
}

// changed says whether the file is to be read.
func (f *File[T]) changed(now time.Time) bool {
	f.resting.Store(false)
	info, err := os.Stat(f.Path)
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
	f.resting.Store(f.value.Load() != nil && age >= 0 && age < rest)
	return !f.resting.Load()
}

// complain logs a problem once, however often it is met, and once more for another
// file that has the same.
func (f *File[T]) complain(err error, fresh bool) {
	if last := f.lastProblem(); fresh || last == nil || last.Error() != err.Error() {
		consequence := cmp.Or(f.Without, "nobody can log in until that is mended")
		if f.value.Load() != nil {
			consequence = "going on with what was read before"
		}
		f.Log.Warn(f.Kind+" cannot be used", "problem", err.Error(), "consequence", consequence)
	}
	f.setProblem(err)
}

func (f *File[T]) recovered() {
	if p := f.lastProblem(); p != nil && !errors.Is(p, errUnread) {
		f.Log.Info(f.Kind+" can be used again", "file", f.Path)
	}
	f.problem.Store(nil)
}

func (f *File[T]) setProblem(err error) { f.problem.Store(&err) }

func (f *File[T]) lastProblem() error {
	if p := f.problem.Load(); p != nil {
		return *p
	}
	return nil
}
