package metrics

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"squidauth/helper/doctor"
	"squidauth/helper/state"
	"squidauth/helper/watch"
	"squidauth/protocol"
)

// writeEvery is how often a process adds what it counted to the file. Prometheus asks
// every 15 s or more seldom.
const writeEvery = 10 * time.Second

// patience bounds the wait for other processes that are about to write.
const patience = 2 * time.Second

// File is the metrics of all processes of a scheme: DIR/squidauth-SCHEME.prom. Its
// methods may be called from several goroutines.
type File struct {
	dir, name, scheme string
	log               *slog.Logger
	stop, stopped     chan struct{}

	mu    sync.Mutex
	tally tally // not in the file yet

	// What follows is used by who writes: one goroutine at a time.
	unwritten counters // could not be written
	failing   bool
}

// Examine reports whether the File in the folder dir could be written.
func Examine(r *doctor.Report, dir string, scheme protocol.Scheme) {
	f := File{dir: dir, name: nameOf(scheme)}
	finding := doctor.Finding{Severity: doctor.Warning, Code: "metrics-dir", Why: "logins work, but nothing is counted"}
	if _, err := f.read(); err != nil {
		finding.Where, finding.What, finding.Cure = f.path(), err.Error(), "rm "+f.path()
		r.Add(finding)
		return
	}
	state.Examine(r, dir, f.name+lockSuffix, "755", finding)
}

const lockSuffix = ".lock"

func nameOf(scheme protocol.Scheme) string { return "squidauth-" + scheme.String() + ".prom" }

// Open returns the File in the folder dir, and counts the process. It never fails, and
// waits for nothing: as long as nothing can be written that is logged once, and what was
// counted is kept.
func Open(dir string, scheme protocol.Scheme, log *slog.Logger) *File {
	f := &File{
		dir: dir, name: nameOf(scheme), scheme: scheme.String(), log: log,
		stop: make(chan struct{}), stopped: make(chan struct{}),
		tally: tally{starts: 1}, unwritten: counters{},
	}
	go f.run()
	return f
}

// Observe counts a reply and how long it took.
func (f *File) Observe(r protocol.Reply, took time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tally.observe(r, took)
}

// ObserveServer counts a question to a domain controller by how it ended.
func (f *File) ObserveServer(controller, end string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tally.asked(question{controller, end})
}

var errHangs = errors.New("the disk with the metrics does not answer: what was counted last is lost")

// Close writes what is not written yet. It does not wait for a disk that hangs.
func (f *File) Close() error {
	close(f.stop)
	timer := time.NewTimer(2 * patience) // one for a try at work, and one for the last
	defer timer.Stop()
	select {
	case <-f.stopped:
		return nil
	case <-timer.C:
		return errHangs
	}
}

func (f *File) run() {
	defer close(f.stopped)
	ticker := time.NewTicker(writeEvery)
	defer ticker.Stop()
	f.try()
	for {
		select {
		case <-ticker.C:
			f.try()
		case <-f.stop:
			f.try()
			return
		}
	}
}

// try writes, and logs when that begins to fail or to work again.
func (f *File) try() {
	switch err := f.write(); {
	case err != nil && !f.failing:
		f.log.Warn("metrics cannot be written; what is counted is kept until they can", "problem", err)
		f.failing = true
	case err == nil && f.failing:
		f.log.Info("metrics are written again", "file", f.path())
		f.failing = false
	}
}

func (f *File) path() string { return filepath.Join(f.dir, f.name) }

// write adds what is new to the file.
func (f *File) write() error {
	f.mu.Lock()
	fresh := f.tally
	f.tally = tally{}
	f.mu.Unlock()
	f.unwritten.add(fresh.counters(f.scheme))
	if len(f.unwritten) == 0 {
		return nil
	}
	if err := f.merge(f.unwritten); err != nil {
		return err
	}
	clear(f.unwritten)
	return nil
}

func (f *File) merge(fresh counters) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	lock, err := state.Take(ctx, f.dir, f.name+lockSuffix)
	if err != nil {
		return err
	}
	defer lock.Unlock()
	all, err := f.read()
	if err != nil {
		return err
	}
	all.add(fresh)
	return f.replace(all.format())
}

// read returns what the processes have counted so far.
func (f *File) read() (counters, error) {
	content, err := watch.ReadRegular(f.path(), maxFile)
	if errors.Is(err, os.ErrNotExist) {
		return counters{}, nil
	}
	if err != nil {
		return nil, err
	}
	all, err := parse(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: remove it", f.path(), err)
	}
	return all, nil
}

// mode lets node_exporter, another user, read the file. It holds no names of users.
const mode = 0o644

// replace puts a new file in the place of the old one at once: who reads it needs no
// lock.
func (f *File) replace(content []byte) error {
	next := f.path() + ".new"
	if err := os.Remove(next); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	err = errors.Join(err, file.Chmod(mode)) // Squid's umask is 027 where squid.conf names no other
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(next, f.path())
}
