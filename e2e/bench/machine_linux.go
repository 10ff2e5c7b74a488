package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// header names the machine and the day: figures without them are of no use to anybody.
func header(opts options, now time.Time) string {
	length := opts.limit.d.String()
	if opts.limit.n > 0 {
		length = fmt.Sprintf("%d requests", opts.limit.n)
	}
	return fmt.Sprintf("%s; %s, %d CPUs; %s; %s; load %s; %d pairs of %s",
		now.UTC().Format("2006-01-02 15:04 UTC"), cpuModel(), runtime.NumCPU(), runtime.Version(), kernel(), load(),
		opts.pairs, length)
}

// cpuModel falls back on the architecture: not all of them name the model.
func cpuModel() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range bytes.Lines(info) {
		if name, value, found := bytes.Cut(line, []byte(":")); found && string(bytes.TrimSpace(name)) == "model name" {
			return strings.Join(strings.Fields(string(value)), " ")
		}
	}
	return runtime.GOARCH
}

func kernel() string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return runtime.GOOS
	}
	return unix.ByteSliceToString(name.Sysname[:]) + " " + unix.ByteSliceToString(name.Release[:])
}

// load is the load average of the last minute, before we add to it.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}
