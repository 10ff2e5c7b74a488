package helper

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"
)

// gcPercent trades a little time for memory: Squid runs many processes of a
// helper, and each lives of a heap of a few hundred kilobytes.
const gcPercent = 50

// Run serves standard input and output until Squid closes them or the process
// is told to end by SIGTERM or SIGINT. SIGHUP makes a Reloader reload. Whatever
// ends it, there is nothing to report to Squid by an exit status.
func Run(h Handler, opt Options) {
	tune(opt.Concurrency)
	signal.Ignore(syscall.SIGPIPE) // a closed stdout is a write error, not an end
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP) // unasked, it would end the process
	if r, ok := h.(Reloader); ok {
		go reload(ctx, hangup, r, opt)
	}
	if err := Serve(ctx, os.Stdin, os.Stdout, h, opt); err != nil {
		opt.Log.Warn("lost the connection to Squid", "error", err)
	}
}

// tune keeps a process small. The environment of the Go runtime goes first.
func tune(concurrency int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if concurrency == 0 && os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1) // one request at a time needs one thread
	}
}

func reload(ctx context.Context, hangup <-chan os.Signal, r Reloader, opt Options) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
		}
		if err := r.Reload(ctx); err != nil {
			opt.Log.Warn("reload failed, going on with what was loaded before", "error", err)
		}
	}
}
