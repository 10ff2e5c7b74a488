// Bench compares our helpers with the C helpers that come with Squid.
//
//	go run ./e2e/bench [flags] [case-pattern]
//
// It speaks to a helper as Squid does: over one AF_UNIX stream socket pair with 32 KB buffers that is both stdin and
// stdout, one request at a time or with channel-IDs. Each reply is checked; a missing, surplus or wrong one fails the run.
// Times fail nothing: a target is met or missed, and the table says so.
//
// Only ratios of runs that follow one another are worth quoting. The rows named floor have the same do-nothing helper on
// both sides: their times are those of the driver and the kernel, and their ranges tell how much the machine's noise is.
// A helper in Go that is pinned to one CPU (pin: split or same) runs with GOMAXPROCS=1.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == echoHelper {
		echo(os.Args[2:])
		return
	}
	if len(os.Args) > 1 && os.Args[1] == radiusServer {
		complain(serveRadius(os.Args[2:]))
		os.Exit(1)
	}
	opts, err := parseOptions(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		complain(err)
		os.Exit(2)
	}
	if err := run(opts); err != nil {
		complain(err)
		os.Exit(1)
	}
}

func complain(err error) {
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintln(os.Stderr, "bench:", strings.TrimSpace(line))
	}
}

func run(opts options) error {
	cases, err := selectCases(allCases(), opts.pattern)
	if err != nil {
		return err
	}
	if opts.list {
		fmt.Println(strings.Join(names(cases), "\n"))
		return nil
	}
	if opts.selfTest {
		for i := range cases {
			cases[i].a, cases[i].targets = cases[i].b, nil
		}
	}
	if err := opts.checkPrograms(cases); err != nil {
		return err
	}
	b, err := newBench(opts)
	if err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	title := header(opts, time.Now())
	rows, err := b.runAll(cases)
	b.print(title, rows)
	return err
}

// newBench readies the process for measuring: no garbage collection, one thread that may be bound to a CPU, and SIGPIPE
// ignored, which the helpers inherit as they do from Squid.
func newBench(opts options) (*bench, error) {
	debug.SetGCPercent(-1)
	runtime.LockOSThread()
	signal.Ignore(syscall.SIGPIPE)
	plan, err := newCPUPlan()
	if err != nil {
		return nil, err
	}
	stderr, err := os.OpenFile(opts.stderr, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("helpers' stderr: %w", err)
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	removeOnSignal(dir)
	const enough = 1 << 20 // replies in one run; more will do but cost a copy
	return &bench{
		opts:      opts,
		launcher:  launcher{cpus: plan, stderr: stderr},
		dir:       dir,
		latencies: make([]time.Duration, 0, enough),
	}, nil
}

// removeOnSignal also ends the program. It needs a second CPU to run on, since measuring never yields.
func removeOnSignal(dir string) {
	runtime.GOMAXPROCS(max(2, runtime.GOMAXPROCS(0)))
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		os.RemoveAll(dir)
		os.Exit(130)
	}()
}

// runAll goes on with the next case after a wrong reply, which it returns in the end.
func (b *bench) runAll(cases []testCase) ([]row, error) {
	var rows []row
	var failed []string
	for i, c := range cases {
		fmt.Fprintf(os.Stderr, "%d/%d %s (%s)\n", i+1, len(cases), c.name, c.versus())
		results, err := b.measure(c)
		if err != nil {
			complain(fmt.Errorf("%s: FAILED: %w", c.name, err))
			failed = append(failed, c.name)
			rows = append(rows, failedRow(c, b.pinned(c)))
			continue
		}
		rows = append(rows, rowsOf(c, b.pinned(c), results)...)
	}
	if failed != nil {
		return rows, fmt.Errorf("FAILED: %s", strings.Join(failed, "; "))
	}
	return rows, nil
}

// pinned is the text of the table's third column.
func (b *bench) pinned(c testCase) string {
	return string(b.launcher.cpus.possible(b.opts.pinning(c)))
}

func (b *bench) print(title string, rows []row) {
	table := textTable
	if b.opts.markdown {
		table = markdownTable
	}
	fmt.Printf("%s\n\n%s", title, table(rows))
}
