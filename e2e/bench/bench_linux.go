package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A bench holds what all cases share.
type bench struct {
	opts      options
	launcher  launcher
	dir       string          // for password files; removed at the end
	latencies []time.Duration // reused: growing it anew in each run would cost page faults in the middle of measuring
}

// A side is one of a case's two commands, ready to start.
type side struct {
	path     string
	argv     []string
	inFlight int
	farewell string
	pin      pinning
	requests []ready
	most     int    // requests that one process may get; 0: any number
	preload  string // library to start it with
	small    *side  // the same with the small file, for loads
}

// measure runs one case.
func (b *bench) measure(c testCase) ([]series, error) {
	runtime.GC() // it is switched off while measuring
	if c.many != nil {
		c.requests = c.many()
	}
	file, err := b.write("passwd", c.file)
	if err != nil {
		return nil, err
	}
	sides, err := b.sides(c, file)
	if err == nil {
		err = b.withEtc(c.etc, &sides)
	}
	if err != nil {
		return nil, err
	}
	switch c.kind {
	case kindStart:
		return b.starts(sides)
	case kindLoad:
		return b.loads(c, sides)
	case kindIdle:
		return b.idle(sides)
	case kindGrow:
		return b.growth(sides)
	}
	return b.rates(sides)
}

// sides gives A and B, in this order.
func (b *bench) sides(c testCase, file string) ([2]side, error) {
	var sides [2]side
	for i, cmd := range []command{c.a, c.b} {
		requests, err := prepare(c.requests)
		if err != nil {
			return sides, err
		}
		preload, err := b.preload(cmd)
		if err != nil {
			return sides, err
		}
		sides[i] = side{
			path:     b.opts.path(cmd),
			argv:     cmd.argv(file, b.opts.stockDir),
			inFlight: cmd.inFlight,
			farewell: cmd.farewell,
			pin:      b.opts.pinning(c),
			requests: requests,
			preload:  preload,
		}
		if c.once {
			sides[i].most = len(requests)
		}
	}
	return sides, nil
}

// write makes a case's file; helpers may open it at any time until the case is over.
func (b *bench) write(name string, content func() []byte) (string, error) {
	if content == nil {
		return "", nil
	}
	path := filepath.Join(b.dir, name)
	return path, os.WriteFile(path, content(), 0o600)
}

func (b *bench) start(s side) (*process, error) {
	argv, err := b.withDir(s.argv)
	if err != nil {
		return nil, err
	}
	p, err := b.launcher.start(s.path, argv, s.preload, s.pin)
	if err == nil {
		p.farewell = s.farewell
	}
	return p, err
}

// withDir puts a new directory in the place of DIR.
func (b *bench) withDir(argv []string) ([]string, error) {
	isUsed := func(arg string) bool { return strings.Contains(arg, "DIR") }
	if !slices.ContainsFunc(argv, isUsed) {
		return argv, nil
	}
	dir, err := os.MkdirTemp(b.dir, "run")
	if err != nil {
		return nil, err
	}
	argv = slices.Clone(argv)
	for i := range argv {
		argv[i] = strings.ReplaceAll(argv[i], "DIR", dir)
	}
	return argv, nil
}

// alternately calls take for A and B in turn, times times, and files the values of each measure.
func alternately(times int, measures []string, sides [2]side, take func(side) ([]float64, error)) ([]series, error) {
	results := make([]series, len(measures))
	for i, name := range measures {
		results[i].measure = name
	}
	for pair := range times {
		for n, s := range sides {
			values, err := take(s)
			if err != nil {
				return nil, fmt.Errorf("%s (side %c, pair %d): %w", s.path, 'A'+n, pair+1, err)
			}
			for i, v := range values {
				if n == 0 {
					results[i].a = append(results[i].a, v)
				} else {
					results[i].b = append(results[i].b, v)
				}
			}
		}
	}
	return results, nil
}
