package child

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"time"
)

// maxReply bounds a reply in bytes, LF included: it is what Squid's own wrapper takes,
// and more than Squid reads.
const maxReply = 64 << 10

// endWithin is how long a program may take to end by itself, and then once more when
// it is told to by a signal.
const endWithin = 2 * time.Second

// process is one run of the program. It is used by one goroutine.
type process struct {
	cmd    *exec.Cmd
	log    *slog.Logger
	in     *os.File // where it reads requests
	out    *os.File // where it writes replies
	look   looker
	buf    []byte
	exited chan struct{} // closed when it has ended and been waited for
	ours   atomic.Bool   // it ends because we want it to
}

// startProcess starts the program in a process group of its own, with two pipes, our
// standard error, and no other of our descriptors.
func startProcess(c *Config) (*process, error) {
	cmd := exec.Command(c.Command[0], c.Command[1:]...)
	cmd.Stderr = c.Stderr
	separate(cmd)
	theirIn, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, theirIn.Close(), in.Close())
	}
	cmd.Stdin, cmd.Stdout = theirIn, theirOut
	p := &process{cmd: cmd, log: c.Log, in: in, out: out, exited: make(chan struct{})}
	if err := p.look.open(out); err != nil {
		return nil, errors.Join(err, theirIn.Close(), theirOut.Close(), in.Close(), out.Close())
	}
	started := make(chan error)
	go p.run(started)
	err = <-started
	theirIn.Close()
	theirOut.Close()
	if err != nil {
		p.close()
		return nil, err
	}
	c.Log.Debug("a helper program was started", "program", c.Command[0], "child", cmd.Process.Pid)
	return p, nil
}

// run starts the program and waits for its end. On Linux it is killed when the thread
// ends that started it, so that thread is kept.
func (p *process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	_ = p.cmd.Wait()  // the status is in ProcessState
	p.signal(os.Kill) // to what it left behind
	if !p.ours.Load() {
		p.log.Warn("a helper program ended", "program", filepath.Base(p.cmd.Path), "child", p.cmd.Process.Pid, "status", p.cmd.ProcessState.String())
	}
	close(p.exited)
}

// quiet returns why the process cannot be asked: it has ended, or talks unasked.
func (p *process) quiet() *failure {
	n, eof := p.look.atHand()
	switch {
	case n > 0:
		return &failure{reasonReply, errUnasked}
	case eof || p.gone():
		return &failure{reasonEnded, errEnded}
	}
	return nil
}

func (p *process) gone() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// ask sends a line and returns the reply, without line end. It is valid until the
// next call.
func (p *process) ask(ctx context.Context, line []byte) ([]byte, *failure) {
	stop := context.AfterFunc(ctx, p.kill)
	reply, f := p.exchange(line)
	if !stop() { // killed, if only just now
		return nil, &failure{reasonTimeout, errTimeout}
	}
	return reply, f
}

func (p *process) exchange(line []byte) ([]byte, *failure) {
	p.buf = append(append(p.buf[:0], line...), '\n')
	if _, err := p.in.Write(p.buf); err != nil {
		return nil, &failure{reasonEnded, errEnded}
	}
	return p.reply()
}

// reply reads a line, and sees to it that it is the only one.
func (p *process) reply() ([]byte, *failure) {
	const room = 4 << 10
	p.buf = p.buf[:0]
	for len(p.buf) < maxReply {
		p.buf = slices.Grow(p.buf, room)
		n, err := p.out.Read(p.buf[len(p.buf):min(cap(p.buf), maxReply)])
		end := bytes.IndexByte(p.buf[len(p.buf):len(p.buf)+n], '\n')
		p.buf = p.buf[:len(p.buf)+n]
		switch {
		case end >= 0 && end < n-1:
			return nil, &failure{reasonReply, errSurplus}
		case end >= 0:
			return bytes.TrimSuffix(p.buf[:len(p.buf)-1], []byte("\r")), nil
		case err != nil:
			return nil, &failure{reasonEnded, errEnded}
		}
	}
	return nil, &failure{reasonReply, errTooLong}
}

// kill ends the process and whatever it started. It may be called at any time; a
// read or write returns then, even where a process that got away holds the pipe.
func (p *process) kill() {
	p.ours.Store(true)
	p.signal(os.Kill)
	p.in.SetDeadline(time.Unix(1, 0))
	p.out.SetDeadline(time.Unix(1, 0))
}

// discard gets rid of the process because of a failure.
func (p *process) discard(f *failure) {
	if f.reason == reasonEnded {
		p.signal(os.Kill) // it may have no more than closed its output
	} else {
		p.kill()
		p.log.Warn("a helper program was killed", "program", filepath.Base(p.cmd.Path), "child", p.cmd.Process.Pid, "reason", f.reason, "cause", f.cause.Error())
	}
	p.close()
}

// end has the process end in peace, or by force if that takes too long.
func (p *process) end(within time.Duration) {
	p.ours.Store(true)
	p.in.Close()
	for _, s := range []os.Signal{terminate, os.Kill} {
		select {
		case <-p.exited:
		case <-time.After(within):
			p.signal(s)
		}
	}
	p.await(within)
	p.out.Close()
}

// await waits for the end of a process that was killed: it may hang in the kernel.
func (p *process) await(within time.Duration) {
	select {
	case <-p.exited:
	case <-time.After(within):
	}
}

func (p *process) close() {
	p.in.Close()
	p.out.Close()
}
