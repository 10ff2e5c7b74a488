package main

import (
	"strings"
	"testing"
	"time"
)

func TestParseOptions(t *testing.T) {
	o, err := parseOptions([]string{"-pairs", "3", "-d", "200ms", "-pin", "none", "des"})
	if err != nil || o.pairs != 3 || o.limit.d != 200*time.Millisecond || o.pattern != "des" {
		t.Errorf("got %+v, %v", o, err)
	}
	if got := o.pinning(testCase{pin: pinSplit}); got != pinNone {
		t.Errorf("-pin none: %s", got)
	}
	o.pin = pinAuto
	if got := o.pinning(testCase{pin: pinSplit}); got != pinSplit {
		t.Errorf("-pin auto: %s, want the case's choice", got)
	}
	for _, line := range []string{"a b", "-pairs 0", "-starts 0", "-d 0s", "-n -1", "-pin both"} {
		if _, err := parseOptions(strings.Fields(line)); err == nil {
			t.Errorf("%s: no error", line)
		}
	}
}

func TestMissingProgramsAreNamedOnceWithAHint(t *testing.T) {
	o := options{ownDir: "no/bin", stockDir: "no/squid"}
	err := o.checkPrograms(basicCases())
	if err == nil {
		t.Fatal("no error")
	}
	const build = "no/bin/basic is missing: build it with: go build -o no/bin/basic ./cmd/basic"
	if strings.Count(err.Error(), build) != 1 || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("got:\n%v", err)
	}
	if err := o.checkPrograms(floorCases()); err != nil {
		t.Errorf("the floor needs no programs: %v", err)
	}
}
