package guard

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"squidauth/helper/state"
)

const (
	// fileName is that of the shared file in its folder.
	fileName = "logins.state"

	// beginWait bounds what a login waits for the file. Those who behave hold the lock
	// for microseconds. At its end it has more patience: others wait for its outcome.
	beginWait = 200 * time.Millisecond
	endWait   = 2 * time.Second

	// idle is how long a file was not written when nothing in it matters any more: as
	// long as the longest time that can be set. It then gets another key.
	idle = MaxTime
)

var (
	errTurn = errors.New("other logins of this process keep the file busy")
	errOpen = errors.New("is open to other users: run chmod 600 on it, or remove it")
)

// file holds records for all processes that have it open. Who reads it learns the key,
// and can try passwords out on its tags: hence it is closed to others, holds nothing of
// a password that was right, and is best kept where memory is (/run).
type file struct {
	turn   chan struct{} // holds a token while a goroutine uses what follows
	shared *state.Shared
	page   [pageLen]byte
	slot   []byte
}

func newFile(folder string) *file {
	return &file{turn: make(chan struct{}, 1), shared: state.NewShared(folder, fileName)}
}

// update replaces the record of a login's name by what change makes of it.
func (f *file) update(q *question, r rules, within time.Duration, change change) error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	select {
	case f.turn <- struct{}{}:
	case <-ctx.Done():
		return errTurn
	}
	defer func() { <-f.turn }()
	open, err := f.shared.Lock(ctx)
	if err != nil {
		return err
	}
	defer f.shared.Unlock()
	return f.change(open, q, r, change)
}

// close closes the file. It may be used again.
func (f *file) close() {
	f.turn <- struct{}{}
	f.shared.Close()
	<-f.turn
}

// change is update for a file that is open and locked.
func (f *file) change(file *os.File, q *question, r rules, change change) error {
	k, err := readKey(file, q.now)
	if err != nil {
		return err
	}
	t := q.sharedTags(&k)
	at, rec, err := f.find(file, t.name, func(rec record) int { return r.worth(rec, q.now) })
	if err != nil {
		return err
	}
	f.slot = appendSlot(f.slot[:0], t.name, change(rec, t))
	if bytes.Equal(f.page[at:][:slotLen], f.slot) || rec == nil && f.slot[entryPhase] == 0 {
		return nil
	}
	_, err = file.WriteAt(f.slot, t.name.offset()+int64(at))
	return err
}

// readKey returns the key in the header. A file without a header begins anew, and so
// does one that has long been idle.
func readKey(file *os.File, now time.Time) (key, error) {
	info, err := file.Stat()
	switch {
	case err != nil:
		return key{}, err
	case info.Mode().Perm()&0o077 != 0:
		return key{}, fmt.Errorf("%s %w", file.Name(), errOpen)
	}
	var head [headLen]byte
	if _, err := file.ReadAt(head[:], 0); err != nil && err != io.EOF {
		return key{}, err
	}
	if k, ok := parseHeader(head[:]); ok && now.Sub(info.ModTime()) <= idle {
		return k, nil
	}
	if err := file.Truncate(0); err != nil {
		return key{}, err
	}
	k := newKey()
	_, err = file.WriteAt(makeHeader(&k), 0)
	return k, err
}

func newKey() (k key) {
	rand.Read(k[:]) // never fails
	return k
}

// find reads the bucket of a name, and returns where in it the name's slot is and what
// that holds. A name without one gets the slot that is worth least, and of several the
// one that was not used for longest.
func (f *file) find(file *os.File, name tag, worth func(record) int) (at int, rec record, err error) {
	n, err := file.ReadAt(f.page[:], name.offset())
	if err != nil && err != io.EOF {
		return 0, nil, err
	}
	clear(f.page[n:])
	var least int
	var oldest time.Time
	for slot := 0; slot < pageLen; slot += slotLen {
		who, rec := parseSlot(f.page[slot:][:slotLen])
		if rec != nil && who == name {
			return slot, rec, nil
		}
		w, used := 0, time.Time{}
		if rec != nil {
			w, used = worth(rec), rec[len(rec)-1].at
		}
		if slot == 0 || w < least || w == least && used.Before(oldest) {
			at, least, oldest = slot, w, used
		}
	}
	return at, nil, nil
}
