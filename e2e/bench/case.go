package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// An origin says where a program comes from.
type origin int

const (
	ours  origin = iota // built from this module
	stock               // Squid's own helper, in C
	self                // this driver as an echo helper: what the measuring itself costs
)

// A command starts a helper. In its arguments FILE stands for the path of the case's file, STOCK for the directory of Squid's
// helpers, DIR for an empty directory that each process has for itself, and SERVER for host and port of the case's server.
type command struct {
	from     origin
	program  string
	args     []string
	buffered bool   // read standard input through a buffer, which some C helpers switch off
	farewell string // what it says unasked at end of file, which the C helpers do
	inFlight int    // 0: one request at a time and no channel-IDs; else that many requests, with IDs
}

// A kind is a way of measuring.
type kind int

const (
	kindRate  kind = iota // round trips: rate, latency, CPU
	kindStart             // from fork to the first reply
	kindLoad              // the same, less what it takes with the small file
	kindIdle              // memory of many processes
	kindGrow              // memory of one process after many requests
	kindBusy              // memory of as many processes as it takes to have 50 requests in flight
)

// measures lists what each kind yields, in the order of the rows.
func (k kind) measures() []string {
	switch k {
	case kindStart:
		return []string{measureStart}
	case kindLoad:
		return []string{measureLoad}
	case kindIdle:
		return []string{measureFresh, measureIdle}
	case kindGrow:
		return []string{measureWarm, measureGrown}
	case kindBusy:
		return []string{measureBusy}
	}
	return []string{measureRate, measureP50, measureP99, measureCPU}
}

// A pinning says where the driver and the helper run.
type pinning string

const (
	pinNone  pinning = "none"  // anywhere
	pinSplit pinning = "split" // on a CPU each, as under a Squid that has another CPU to spare
	pinSame  pinning = "same"  // on one CPU: no other CPU has to be woken up for each line, which may cost more than the helper
)

// A testCase compares two commands under the same requests. All of it is data.
type testCase struct {
	name     string
	kind     kind
	a, b     command
	file     func() []byte    // content of FILE; nil: none is needed
	etc      []etcFile        // what both see in /etc
	small    func() []byte    // kindLoad: the file to compare with
	server   *server          // what SERVER is; nil: none is needed
	requests []request        // sent in turn, for ever; kindStart, kindLoad and kindIdle send the first
	many     func() []request // in place of requests, where making them takes long
	once     bool             // a process gets each request once at most: a run ends when there are no more
	pin      pinning          // unless -pin says otherwise
	targets  []target
}

// An etcFile stands in the place of a file in /etc that every system has.
type etcFile struct {
	path    string
	content func() []byte
}

func (c testCase) versus() string { return c.a.label() + " : " + c.b.label() }

// label names the command in the table's second column.
func (c command) label() string {
	name := map[origin]string{ours: "ours", stock: "C", self: "echo"}[c.from]
	if c.buffered {
		name += ", buffered"
	}
	if c.inFlight > 0 {
		name = fmt.Sprintf("%s x%d", name, c.inFlight)
	}
	return name
}

// verdict is empty for a measure without a target.
func (c testCase) verdict(measure string, s summary) string {
	for _, t := range c.targets {
		if t.measure == measure {
			return t.verdict(s)
		}
	}
	return ""
}

// argv gives the helper's words. Squid puts the name into parentheses, so that is how helpers must be able to start.
func (c command) argv(places *strings.Replacer) []string {
	argv := []string{"(" + filepath.Base(c.program) + ")"}
	for _, arg := range c.args {
		argv = append(argv, places.Replace(arg))
	}
	return argv
}

// allCases is every case, in the order of the table.
func allCases() []testCase {
	return slices.Concat(floorCases(), basicCases(), dbCases(), systemCases(), ldapCases(), radiusCases(), negotiateCases(), ntlmCases(), wrapperCases())
}

// floorCases tell how fast the driver could be with a helper that does nothing, and, being the same program on both sides,
// how far from 1 a ratio may stray by chance.
func floorCases() []testCase {
	one := command{from: self, program: "bench", args: []string{echoHelper}}
	many := command{from: self, program: "bench", args: []string{echoHelper, echoWithIDs}, inFlight: 20}
	requests := []request{{line: "alice secret", code: "OK"}}
	return []testCase{
		{name: "floor, split", a: one, b: one, requests: requests, pin: pinSplit},
		{name: "floor, same CPU", a: one, b: one, requests: requests, pin: pinSame},
		{name: "floor, channel-IDs", a: many, b: many, requests: requests, pin: pinNone},
	}
}

// The driver's arguments when it plays the echo helper.
const (
	echoHelper  = "echo-helper"
	echoWithIDs = "ids"
)

// selectCases keeps those whose name matches the regular expression; the empty one matches all.
func selectCases(cases []testCase, pattern string) ([]testCase, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("case pattern: %w", err)
	}
	var chosen []testCase
	for _, c := range cases {
		if re.MatchString(c.name) {
			chosen = append(chosen, c)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("no case matches %q; the cases are: %s", pattern, strings.Join(names(cases), "; "))
	}
	return chosen, nil
}

func names(cases []testCase) []string {
	var list []string
	for _, c := range cases {
		list = append(list, c.name)
	}
	return list
}
