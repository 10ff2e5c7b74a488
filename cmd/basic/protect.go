package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"squidauth/basic"
	"squidauth/basic/charset"
	"squidauth/basic/guard"
	"squidauth/basic/remember"
	"squidauth/helper"
	"squidauth/helper/state"
)

// rememberRefused is how long a refusal is remembered by default. It bounds how long a
// password that has become right is refused; a directory locks accounts after so many
// refusals in minutes.
const rememberRefused = time.Minute

// unset is the value of a time that the command line does not say.
const unset time.Duration = -1

// protection is what the flags say of what stands between Squid and a backend.
type protection struct {
	refused, accepted time.Duration
	lockout           string
	charsetNames      cli.StringSlice
	stateDir          string

	limit    int // of lockout
	window   time.Duration
	charsets []charset.Charset
}

func (p *protection) flags() []cli.Flag {
	return []cli.Flag{
		&cli.DurationFlag{Name: "remember-refused", Destination: &p.refused, Value: unset, DefaultText: "1m, but 0 for files", Usage: "refuse a refused password again for `TIME` without asking"},
		&cli.StringFlag{Name: "lockout-guard", Destination: &p.lockout, Usage: "ask no more about a name that was refused N times, until it was not for so many minutes: `N/MINUTES`"},
		&cli.DurationFlag{Name: "remember-accepted", Destination: &p.accepted, Usage: "accept an accepted password again for `TIME` without asking"},
		&cli.StringSliceFlag{Name: "retry-charset", Destination: &p.charsetNames, Usage: "ask a second time in another `CHARSET`: latin1, cp1252, utf8; several times for several"},
		&cli.StringFlag{Name: "state-dir", Destination: &p.stateDir, Usage: "the processes of a helper share what they remember in `FOLDER`; none: they do not"},
	}
}

// check completes what the flags say, and says what is wrong with it.
func (p *protection) check() error {
	switch {
	case p.refused != unset && (p.refused < 0 || p.refused > guard.MaxTime):
		return fmt.Errorf("--remember-refused %v is not between 0 and %v", p.refused, guard.MaxTime)
	case p.accepted < 0 || p.accepted > guard.MaxTime:
		return fmt.Errorf("--remember-accepted %v is not between 0 and %v", p.accepted, guard.MaxTime)
	}
	for _, name := range p.charsetNames.Value() {
		c, err := charset.Parse(name)
		if err != nil {
			return fmt.Errorf("--retry-charset %w", err)
		}
		p.charsets = append(p.charsets, c)
	}
	if p.lockout == "" {
		return nil
	}
	var err error
	p.limit, p.window, err = parseLockout(p.lockout)
	return err
}

var errLockout = errors.New("is not N/MINUTES, such as 5/30")

func parseLockout(s string) (limit int, window time.Duration, err error) {
	n, m, _ := strings.Cut(s, "/")
	limit, err1 := strconv.Atoi(n)
	minutes, err2 := strconv.ParseUint(m, 10, 32)
	if err1 != nil || err2 != nil {
		return 0, 0, fmt.Errorf("--lockout-guard %q %w", s, errLockout)
	}
	window = time.Duration(minutes) * time.Minute
	if limit < 1 || limit > guard.MaxLimit || window <= 0 || window > guard.MaxTime {
		return 0, 0, fmt.Errorf("--lockout-guard %s: N is between 1 and %d, MINUTES between 1 and %.0f", s, guard.MaxLimit, guard.MaxTime.Minutes())
	}
	return limit, window, nil
}

// protected is a backend with what protects it, or several of them.
type protected struct {
	basic.Backend
	versions []func(context.Context) string // of the parts that are files, or go by some
	places   []func(context.Context) string // of the parts whose answers depend on more
	asks     bool                           // some part asks a server
}

// open opens a backend and puts in front of it what protects the server that it asks.
// Its command line tells it from others in the shared state.
func (p *protection) open(name string, commandLine []string, open opener, opt helper.Options) (*protected, error) {
	b, err := open(opt)
	if err != nil {
		return nil, err
	}
	out := &protected{Backend: b}
	file, isFile := b.(basic.Versioned)
	if isFile {
		out.versions = []func(context.Context) string{file.Version}
	} else if r, ok := b.(basic.Revised); ok {
		out.versions = []func(context.Context) string{r.Revision}
	}
	if at, ok := b.(basic.Placed); ok {
		out.places = []func(context.Context) string{at.Place}
	}
	out.asks = !isFile
	refused := p.refused
	if refused == unset {
		refused = 0
		if out.asks {
			refused = rememberRefused
		}
	}
	if out.asks || refused > 0 || p.limit > 0 {
		out.Backend = guard.New(out.Backend, guard.Options{
			Name: name, Scope: strings.Join(commandLine, "\x00"),
			Remember: refused, Limit: p.limit, Window: p.window, Folder: p.folder(),
			Log: opt.Log,
		})
	}
	if len(p.charsets) > 0 {
		out.Backend = charset.New(out.Backend, p.charsets)
	}
	return out, nil
}

// folder returns the folder for what processes share; empty: none.
func (p *protection) folder() string {
	if p.stateDir == "none" || p.stateDir == "" && !state.Supported {
		return ""
	}
	return cmp.Or(p.stateDir, state.DefaultDir(os.LookupEnv))
}

// remember puts in front of all what spares it questions. Files need none of it.
func (p *protection) remember(name string, b *protected) basic.Backend {
	if !b.asks && p.accepted == 0 {
		return b.Backend
	}
	return remember.New(b.Backend, remember.Options{Name: name, Accepted: p.accepted, Version: b.version, Place: b.place})
}

// version returns a word that changes when one of the files does.
func (b *protected) version(ctx context.Context) string { return together(ctx, b.versions) }

// place returns what the answers depend on besides the user and the password.
func (b *protected) place(ctx context.Context) string { return together(ctx, b.places) }

func together(ctx context.Context, words []func(context.Context) string) string {
	var all []byte
	for _, word := range words {
		all = fmt.Appendf(all, "%q", word(ctx))
	}
	return string(all)
}
