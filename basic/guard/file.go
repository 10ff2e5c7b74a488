package guard

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"time"

	"squidauth/helper/statefile"
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

	// maxSwitches bounds how often one login follows a file that is being replaced.
	maxSwitches = 4
)

var errRestless = errors.New("the file is being replaced again and again")

// file holds records for all processes that have it open. Who reads it learns the key,
// and can try passwords out on its tags: hence it is closed to others, holds nothing of
// a password that was right, and is best kept where memory is (/run).
type file struct {
	folder string

	turn chan struct{} // holds a token while a goroutine uses what follows
	open *os.File      // nil: not yet
	page [pageLen]byte
	slot []byte
}

func newFile(folder string) *file {
	return &file{folder: folder, turn: make(chan struct{}, 1)}
}

// update replaces the record of a login's name by what change makes of it.
func (f *file) update(q *question, within time.Duration, change change) error {
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case f.turn <- struct{}{}:
	case <-timer.C:
		return statefile.ErrBusy
	}
	defer func() { <-f.turn }()
	if err := f.lock(q.now, within); err != nil {
		return err
	}
	defer statefile.Unlock(f.open)
	k, err := f.key()
	if err != nil {
		return err
	}
	t := q.tags(&k)
	at, rec, err := f.find(t.name)
	if err != nil {
		return err
	}
	f.slot = appendSlot(f.slot[:0], t.name, change(rec, t.pair))
	if bytes.Equal(f.page[at:][:slotLen], f.slot) || rec == nil && f.slot[entryPhase] == 0 {
		return nil
	}
	_, err = f.open.WriteAt(f.slot, t.name.offset()+int64(at))
	return err
}

// close closes the file.
func (f *file) close() error {
	f.turn <- struct{}{}
	defer func() { <-f.turn }()
	if f.open == nil {
		return nil
	}
	err := f.open.Close()
	f.open = nil
	return err
}

// lock locks the file that is at the path now.
func (f *file) lock(now time.Time, within time.Duration) error {
	for range maxSwitches {
		fresh := f.open == nil
		if fresh {
			var err error
			if f.open, err = statefile.Open(f.folder, fileName); err != nil {
				return err
			}
		}
		if err := statefile.Lock(f.open, within); err != nil {
			f.drop()
			return err
		}
		if !statefile.Current(f.open) {
			f.drop()
			continue
		}
		if fresh {
			return f.renew(now)
		}
		return nil
	}
	return errRestless
}

// drop closes the file, and so unlocks it.
func (f *file) drop() {
	f.open.Close()
	f.open = nil
}

// renew empties a file that has long been idle.
func (f *file) renew(now time.Time) error {
	info, err := f.open.Stat()
	if err == nil && info.Size() > 0 && now.Sub(info.ModTime()) > idle {
		err = f.open.Truncate(0)
	}
	if err != nil {
		f.drop()
	}
	return err
}

// key returns the key in the header. A file without a header begins anew.
func (f *file) key() (key, error) {
	var head [headLen]byte
	if _, err := f.open.ReadAt(head[:], 0); err != nil && err != io.EOF {
		return key{}, err
	}
	if k, ok := parseHeader(head[:]); ok {
		return k, nil
	}
	if err := f.open.Truncate(0); err != nil {
		return key{}, err
	}
	k := newKey()
	_, err := f.open.WriteAt(makeHeader(&k), 0)
	return k, err
}

func newKey() (k key) {
	rand.Read(k[:]) // never fails
	return k
}

// find reads the bucket of a name, and returns where in it the name's slot is and what
// that holds. A name without one gets a slot that is empty, or the one that was not
// used for longest.
func (f *file) find(name tag) (at int, rec record, err error) {
	n, err := f.open.ReadAt(f.page[:], name.offset())
	if err != nil && err != io.EOF {
		return 0, nil, err
	}
	clear(f.page[n:])
	var oldest time.Time
	for slot := 0; slot < pageLen; slot += slotLen {
		who, rec := parseSlot(f.page[slot:][:slotLen])
		if rec != nil && who == name {
			return slot, rec, nil
		}
		var used time.Time
		if rec != nil {
			used = rec[len(rec)-1].at
		}
		if slot == 0 || used.Before(oldest) {
			at, oldest = slot, used
		}
	}
	return at, nil, nil
}
