package program

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"squidauth/helper"
	"squidauth/helper/doctor"
	"squidauth/helper/metrics"
	"squidauth/protocol"
)

// Bounds of the numbers on a command line.
const (
	// maxConcurrency is what one process can be asked to hold in memory.
	maxConcurrency = 10000
	// maxKeyExtras: a request line is 8 KiB, and a key_extras format a few words.
	maxKeyExtras = 64
	// maxTimeout stays below Squid's 64 seconds for a reserved helper.
	maxTimeout = 60 * time.Second
)

// Common holds the flags that all helpers take.
type Common struct {
	KeyExtras   int
	Concurrency int // a flag of the Basic scheme only: Squid knows no other

	// BeforeServing is called before the first line is read. nil: nothing is to be done.
	BeforeServing func() error

	timeout   time.Duration
	audit     string
	logFormat string
	dialect   string
	metrics   string // DIR
	debug     bool

	secrets []protocol.Secret // from the command line, see Secret

	queue   *helper.LogQueue
	closers []io.Closer // once all is answered

	scheme  protocol.Scheme
	inspect func(helper.Handler) // takes what would be served; nil: it is served
}

// Inspect has the Handler that Serve is called with given to take, in place of serving:
// no line is read, logged or counted.
func (c *Common) Inspect(take func(helper.Handler)) { c.inspect = take }

// Inspected reports whether Inspect was called.
func (c *Common) Inspected() bool { return c.inspect != nil }

// Examine implements doctor.Examiner for what these flags name.
func (c *Common) Examine(_ context.Context, r *doctor.Report) {
	if c.metrics != "" {
		metrics.Examine(r, c.metrics, c.scheme)
	}
}

// Serve answers Squid until it closes the connection, and then closes the Handler if
// that is an io.Closer.
func (c *Common) Serve(h helper.Handler, opt helper.Options) {
	if c.inspect != nil {
		c.inspect(h)
		return
	}
	if c.BeforeServing != nil {
		if err := c.BeforeServing(); err != nil {
			opt.Log.Error("the helper cannot start", "problem", err.Error())
			c.queue.Flush()
			return
		}
	}
	helper.Run(h, opt)
	if closer, ok := h.(io.Closer); ok {
		c.closers = append(c.closers, closer)
	}
	for _, closer := range c.closers {
		if err := closer.Close(); err != nil {
			opt.Log.Warn("not all ended well", "error", err)
		}
	}
	c.queue.Flush()
}

func (c *Common) flags() []cli.Flag {
	return []cli.Flag{
		&cli.IntFlag{Name: "key-extras", Destination: &c.KeyExtras, Usage: "squid.conf's key_extras adds `N` words to each request"},
		&cli.DurationFlag{Name: "timeout", Destination: &c.timeout, Value: helper.DefaultTimeout, Usage: "answer each request within `TIME`"},
		&cli.StringFlag{Name: "audit", Destination: &c.audit, Value: "failures", Usage: "log `WHICH` decisions: all, failures, none"},
		&cli.StringFlag{Name: "log-format", Destination: &c.logFormat, Value: "text", Usage: "log as text or json `FORM`"},
		&cli.StringFlag{Name: "dialect", Destination: &c.dialect, Value: "modern", Usage: "reply in modern (Squid 3.4 and later) or legacy (2.6 and later) `WORDS`"},
		&cli.StringFlag{Name: "metrics", Destination: &c.metrics, Usage: "count logins in `DIR`/squidauth-SCHEME.prom, for Prometheus' node_exporter"},
		&cli.BoolFlag{Name: "debug", Aliases: []string{"d"}, Destination: &c.debug, Usage: "log more, and every decision; never a secret"},
	}
}

// ConcurrencyFlag is the flag of schemes with channel-IDs.
func (c *Common) ConcurrencyFlag() cli.Flag {
	return &cli.IntFlag{Name: "concurrency", Destination: &c.Concurrency, Usage: "answer `N` requests at a time, as squid.conf's children concurrency=N says"}
}

// IsLegacy reports whether the helper speaks the old dialect.
func (c *Common) IsLegacy() bool { return c.dialect == "legacy" }

// Options checks the flags and returns what they say to helper.Serve.
func (c *Common) Options(scheme protocol.Scheme) (helper.Options, error) {
	opt := helper.Options{Scheme: scheme, Concurrency: c.Concurrency, Timeout: c.timeout}
	switch {
	case c.Concurrency < 0 || c.Concurrency > maxConcurrency:
		return opt, fmt.Errorf("--concurrency %d is not between 0 and %d", c.Concurrency, maxConcurrency)
	case c.KeyExtras < 0 || c.KeyExtras > maxKeyExtras:
		return opt, fmt.Errorf("--key-extras %d is not between 0 and %d", c.KeyExtras, maxKeyExtras)
	case c.timeout <= 0 || c.timeout > maxTimeout:
		return opt, fmt.Errorf("--timeout %v is not between 0 and %v", c.timeout, maxTimeout)
	}
	var format helper.LogFormat
	var ok1, ok2, ok3 bool
	opt.Audit, ok1 = choose(c.audit, map[string]helper.AuditLevel{"all": helper.AuditAll, "failures": helper.AuditFailures, "none": helper.AuditNone})
	format, ok2 = choose(c.logFormat, map[string]helper.LogFormat{"text": helper.LogText, "json": helper.LogJSON})
	opt.Dialect, ok3 = choose(c.dialect, map[string]protocol.Dialect{"modern": protocol.Modern, "legacy": protocol.Legacy})
	switch {
	case !ok1:
		return opt, fmt.Errorf("--audit %q is none of all, failures, none", c.audit)
	case !ok2:
		return opt, fmt.Errorf("--log-format %q is none of text, json", c.logFormat)
	case !ok3:
		return opt, fmt.Errorf("--dialect %q is none of modern, legacy", c.dialect)
	}
	if c.debug {
		opt.Audit = helper.AuditAll
	}
	c.scheme = scheme
	if c.inspect != nil {
		opt.Log = slog.New(slog.DiscardHandler)
		return opt, nil
	}
	c.queue = helper.NewLogQueue(os.Stderr)
	opt.Log = helper.NewLog(c.queue, format, c.debug)
	if c.metrics != "" {
		file := metrics.Open(c.metrics, scheme, opt.Log)
		opt.Observe, opt.ObserveServer = file.Observe, file.ObserveServer
		c.closers = append(c.closers, file)
	}
	return opt, nil
}

func choose[T any](word string, among map[string]T) (T, bool) {
	v, ok := among[word]
	return v, ok
}
