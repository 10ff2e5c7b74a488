package helper

import (
	"bytes"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// A log that nobody reads must not hold up logins, nor may one line be lost while
// it is read: lines wait in a queue, and those that find it full are counted.
const (
	queuedLines = 512
	flushWithin = time.Second // at the end of the program
)

// LogQueue is a writer whose Write never waits. Each Write is one line. It may be
// used from several goroutines.
type LogQueue struct {
	lines chan []byte
	lost  atomic.Int64
	idle  chan chan struct{}
}

// NewLogQueue returns a LogQueue that writes to w.
func NewLogQueue(w io.Writer) *LogQueue {
	q := &LogQueue{lines: make(chan []byte, queuedLines), idle: make(chan chan struct{})}
	go q.run(w)
	return q
}

// Write implements io.Writer. It always succeeds.
func (q *LogQueue) Write(line []byte) (int, error) {
	select {
	case q.lines <- bytes.Clone(line):
	default:
		q.lost.Add(1)
	}
	return len(line), nil
}

// Flush waits until all lines are written, but for a second at most.
func (q *LogQueue) Flush() {
	written, late := make(chan struct{}), time.After(flushWithin)
	select {
	case q.idle <- written:
	case <-late:
		return
	}
	select {
	case <-written:
	case <-late:
	}
}

func (q *LogQueue) run(w io.Writer) {
	for {
		select {
		case line, open := <-q.lines:
			if !open {
				return
			}
			q.write(w, line)
		case written := <-q.idle:
			for len(q.lines) > 0 {
				q.write(w, <-q.lines)
			}
			close(written)
		}
	}
}

func (q *LogQueue) write(w io.Writer, line []byte) {
	w.Write(line) // there is nobody to tell of an error
	if n := q.lost.Swap(0); n > 0 {
		fmt.Fprintf(w, "%d log lines were lost: nobody read them fast enough\n", n)
	}
}
