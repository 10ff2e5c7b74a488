package helper

import (
	"cmp"
	"context"
	"os"
	"os/signal"
	"runtime"
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

// Prepare is the first thing a program does: until it serves, a hangup or a
// closed standard error must not end it.
func Prepare() { signal.Ignore(syscall.SIGPIPE, syscall.SIGHUP) }

// Run serves standard input and output until Squid closes them or the process
// is told to end by SIGTERM or SIGINT. SIGHUP makes a Reloader reload. Whatever
// ends it, there is nothing to report to Squid by an exit status.
//
// Run leaves GOMAXPROCS alone unless there is an Option for it. One processor would do
// wherever there is one request at a time, but asking for it costs 0.1 to 0.2 MB once the
// runtime has set itself up for more; only the environment variable is early enough.
func Run(h Handler, opt Options) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(cmp.Or(opt.GCPercent, gcPercent(opt.Concurrency)))
	}
	if opt.Processors > 0 && os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(opt.Processors)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	go reloadOn(ctx, hangup, h, opt)
	if err := Serve(ctx, os.Stdin, os.Stdout, h, opt); err != nil {
		opt.Log.Warn("lost the connection to Squid", "error", err)
	}
}

// reloadOn reloads on each hangup. Those that come meanwhile are one.
func reloadOn(ctx context.Context, hangup <-chan os.Signal, h Handler, opt Options) {
	r, ok := h.(Reloader)
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
		}
		if !ok {
			continue
		}
		if err := r.Reload(ctx); err != nil {
			opt.Log.Warn("reload failed, going on with what was loaded before", "error", err)
		}
	}
}
