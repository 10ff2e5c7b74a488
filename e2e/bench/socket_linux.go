package main

import (
	"bytes"
	"errors"
	"io"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// bufferSize is what Squid's ipcCreate gives both directions of the socket pair.
	bufferSize = 32 << 10

	// replyTimeout is far beyond the slowest hash; Squid itself would wait for ever.
	replyTimeout = 20 * time.Second
)

var errTimeout = errors.New("no reply within " + replyTimeout.String())

// socketPair returns the driver's end and the helper's. Both are closed on exec: the helper gets dups of its end, and no
// helper may hold another's open, or it would never see end of file.
func socketPair() (driver, helper int, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, 0, err
	}
	for _, fd := range fds {
		err = errors.Join(err,
			unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, bufferSize),
			unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, bufferSize))
	}
	timeout := unix.NsecToTimeval(replyTimeout.Nanoseconds())
	err = errors.Join(err,
		unix.SetsockoptTimeval(fds[0], unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout),
		unix.SetsockoptTimeval(fds[0], unix.SOL_SOCKET, unix.SO_SNDTIMEO, &timeout))
	return fds[0], fds[1], err
}

// transfer reads or writes once, blocking the thread without telling the Go scheduler: telling it, and having it find a
// thread again afterwards, costs more than the fastest helpers take to answer. Go's own signals interrupt a wait every
// 10 ms, and each time the kernel's timeout starts anew, so the clock is looked at too.
func transfer(call uintptr, fd int, p []byte) (int, error) {
	var interrupted time.Time
	for {
		n, _, errno := unix.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		switch {
		case errno == 0:
			return int(n), nil
		case errno == unix.EAGAIN:
			return 0, errTimeout
		case errno != unix.EINTR:
			return 0, errno
		case interrupted.IsZero():
			interrupted = time.Now()
		case time.Since(interrupted) > replyTimeout:
			return 0, errTimeout
		}
	}
}

func writeAll(fd int, p []byte) error {
	for len(p) > 0 {
		n, err := transfer(unix.SYS_WRITE, fd, p)
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// A lineReader cuts lines from a file descriptor. A line may come in several reads: the C helpers write some replies in
// two pieces.
type lineReader struct {
	fd   int
	buf  []byte
	used []byte // the part of buf that was read and not handed out
}

func newLineReader(fd int) *lineReader {
	return &lineReader{fd: fd, buf: make([]byte, 2*bufferSize)}
}

// next waits for a line and returns it without the newline; it is valid until the call after. io.EOF means that the other
// side ended, whether or not it left part of a line.
func (r *lineReader) next() ([]byte, error) {
	for {
		if line, ok := r.buffered(); ok {
			return line, nil
		}
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
}

// buffered returns a line only if there is a whole one already.
func (r *lineReader) buffered() ([]byte, bool) {
	end := bytes.IndexByte(r.used, '\n')
	if end < 0 {
		return nil, false
	}
	line := r.used[:end]
	r.used = r.used[end+1:]
	return line, true
}

func (r *lineReader) fill() error {
	kept := copy(r.buf, r.used)
	r.used = r.buf[:kept]
	if kept == len(r.buf) {
		return errors.New("a line longer than the buffer: " + excerpt(r.used))
	}
	n, err := transfer(unix.SYS_READ, r.fd, r.buf[kept:])
	if err != nil {
		return err
	}
	if n == 0 {
		return io.EOF
	}
	r.used = r.buf[:kept+n]
	return nil
}

// rest reads to end of file and returns whatever there was.
func (r *lineReader) rest() ([]byte, error) {
	for {
		switch err := r.fill(); {
		case errors.Is(err, io.EOF):
			return r.used, nil
		case err != nil:
			return r.used, err
		}
	}
}
