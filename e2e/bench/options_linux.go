package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// options are what the command line says.
type options struct {
	pairs    int
	starts   int
	limit    limit
	pin      string
	ownDir   string
	stockDir string
	stderr   string
	selfTest bool
	markdown bool
	list     bool
	pattern  string
}

// pinAuto leaves the choice to the case.
const pinAuto = "auto"

const usage = `usage: bench [flags] [case-pattern]

Runs our helpers and the C helpers in turn, A B A B ..., each in the way Squid does, checks all replies, and prints how they
compare. case-pattern is a regular expression for the names of cases; without it all are run.

`

func parseOptions(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	flags.IntVar(&o.pairs, "pairs", 7, "how often A and B are run in turn")
	flags.IntVar(&o.starts, "starts", 31, "how often A and B are started in turn, for the times of starting and loading")
	flags.DurationVar(&o.limit.d, "d", time.Second, "length of each run")
	flags.IntVar(&o.limit.n, "n", 0, "end each run after this many requests; overrides -d")
	flags.StringVar(&o.pin, "pin", pinAuto,
		"split: driver and helper on a CPU each; same: on one CPU; none: anywhere; auto: what suits the case")
	flags.StringVar(&o.ownDir, "own", "bin", "directory of our programs")
	flags.StringVar(&o.stockDir, "stock", "/usr/lib/squid", "directory of Squid's helpers")
	flags.StringVar(&o.stderr, "stderr", os.DevNull, "file to append the helpers' stderr to")
	flags.BoolVar(&o.selfTest, "aa", false, "A/A check: run B on both sides; the ratios should be about 1")
	flags.BoolVar(&o.markdown, "markdown", false, "print a Markdown table")
	flags.BoolVar(&o.list, "list", false, "print the names of the cases")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.pattern = flags.Arg(0)
	return o, o.validate(flags.NArg())
}

func (o options) validate(positional int) error {
	switch {
	case positional > 1:
		return errors.New("one case pattern at most; a|b matches both")
	case o.pairs < 1 || o.starts < 1:
		return errors.New("-pairs and -starts must be at least 1")
	case o.limit.n < 0 || o.limit.n == 0 && o.limit.d <= 0:
		return errors.New("-d must be positive, -n not negative")
	case !slices.Contains([]string{pinAuto, string(pinSplit), string(pinSame), string(pinNone)}, o.pin):
		return fmt.Errorf("-pin %s: must be auto, split, same or none", o.pin)
	}
	return nil
}

func (o options) pinning(c testCase) pinning {
	if o.pin == pinAuto {
		return c.pin
	}
	return pinning(o.pin)
}

// path says where a command's program is.
func (o options) path(c command) string {
	switch c.from {
	case ours:
		return filepath.Join(o.ownDir, c.program)
	case stock:
		return filepath.Join(o.stockDir, c.program)
	}
	return "/proc/self/exe"
}

// checkPrograms looks for all programs before anything is measured, and says how to get those that are missing.
func (o options) checkPrograms(cases []testCase) error {
	hints := map[string]string{}
	var missing []string
	for _, c := range cases {
		for _, cmd := range []command{c.a, c.b} {
			path := o.path(cmd)
			if _, err := os.Stat(path); err == nil || hints[path] != "" {
				continue
			}
			hints[path] = o.hint(cmd)
			missing = append(missing, path+" is missing: "+hints[path])
		}
	}
	if missing != nil {
		return errors.New(strings.Join(missing, "\n"))
	}
	return nil
}

func (o options) hint(c command) string {
	if c.program == "basic-pam" {
		return "build it with: make build-pam (Debian: libpam0g-dev, gcc), or leave it out by a pattern"
	}
	if c.from == ours {
		return fmt.Sprintf("build it with: go build -o %s ./cmd/%s", o.path(c), c.program)
	}
	return "install Squid (Debian: apt-get install squid), or say with -stock where its helpers are"
}
