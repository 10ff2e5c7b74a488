package helper

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// gcPercent trades time for memory where Squid runs many processes, each with a
// heap of a few hundred kilobytes, and memory for time where it runs one or two.
func gcPercent(concurrency int) int {
	if concurrency > 0 {
		return 200
	}
	return 50
}

// Run serves standard input and output until Squid closes them or the process
// is told to end by SIGTERM or SIGINT. SIGHUP makes a Reloader reload. Whatever
// ends it, there is nothing to report to Squid by an exit status.
//
// Run leaves GOMAXPROCS alone. One processor would do where there is one request
// at a time, but asking for it costs memory once the runtime has set itself up
// for more; only the environment variable is early enough.
func Run(h Handler, opt Options) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent(opt.Concurrency))
	}
	signal.Ignore(syscall.SIGPIPE) // a closed stdout is a write error, not an end
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt, syscall.SIGHUP)
	go obey(ctx, signals, cancel, h, opt)
	if err := Serve(ctx, os.Stdin, os.Stdout, h, opt); err != nil {
		opt.Log.Warn("lost the connection to Squid", "error", err)
	}
}

// obey does what signals say: reload on SIGHUP, stop otherwise.
func obey(ctx context.Context, signals <-chan os.Signal, stop context.CancelFunc, h Handler, opt Options) {
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-signals:
			if s != syscall.SIGHUP {
				stop()
				return
			}
			reload(ctx, h, opt)
		}
	}
}

func reload(ctx context.Context, h Handler, opt Options) {
	r, ok := h.(Reloader)
	if !ok {
		return
	}
	if err := r.Reload(ctx); err != nil {
		opt.Log.Warn("reload failed, going on with what was loaded before", "error", err)
	}
}
