package main

import (
	"fmt"
	"strconv"
)

// The names of the measures, as the table shows them and targets refer to them.
const (
	measureRate  = "rt/s"
	measureP50   = "p50 µs"
	measureP99   = "p99 µs"
	measureCPU   = "CPU ms/1000"
	measureStart = "start ms"
	measureLoad  = "load ms"
	measureFresh = "PSS MB, no request"
	measureIdle  = "PSS MB, 1 request"
	measureWarm  = "PSS MB, 10,000 requests"
	measureGrown = "PSS MB, 200,000 requests"
	measureBusy  = "PSS MB, 50 in flight"
)

// A target is what we want one measure of a case to be. Missing it is reported and nothing more: timings on somebody
// else's machine are no reason to fail.
type target struct {
	measure string
	ofRatio bool // the bound is for the ratio A/B; otherwise for A alone
	atLeast bool
	bound   float64
}

func ratioAtLeast(measure string, bound float64) target {
	return target{measure: measure, ofRatio: true, atLeast: true, bound: bound}
}

func atMost(measure string, bound float64) target {
	return target{measure: measure, bound: bound}
}

func (t target) met(s summary) bool {
	value := s.a
	if t.ofRatio {
		value = s.ratio
	}
	// A NaN meets nothing.
	if t.atLeast {
		return value >= t.bound
	}
	return value <= t.bound
}

// verdict is the text of the table's last column.
func (t target) verdict(s summary) string {
	word := "missed"
	if t.met(s) {
		word = "met"
	}
	return t.String() + " " + word
}

func (t target) String() string {
	subject, sign := "A", "<="
	if t.ofRatio {
		subject = "ratio"
	}
	if t.atLeast {
		sign = ">="
	}
	return fmt.Sprintf("%s %s %s", subject, sign, strconv.FormatFloat(t.bound, 'g', -1, 64))
}
