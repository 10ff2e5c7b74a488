package main

import (
	"bytes"
	"os"
	"runtime/debug"
	"slices"
)

// echo answers each line with OK, as cheaply as a process can: what remains is the price of the driver and the kernel.
func echo(args []string) {
	debug.SetGCPercent(-1)
	withIDs := slices.Contains(args, echoWithIDs)
	in := newLineReader(int(os.Stdin.Fd()))
	out := make([]byte, 0, bufferSize)
	for {
		line, err := in.next()
		if err != nil {
			return
		}
		out = out[:0]
		for more := true; more; line, more = in.buffered() {
			out = appendEcho(out, line, withIDs)
		}
		if err := writeAll(int(os.Stdout.Fd()), out); err != nil {
			return
		}
	}
}

func appendEcho(dst, line []byte, withIDs bool) []byte {
	if withIDs {
		id, _, _ := bytes.Cut(line, []byte(" "))
		dst = append(append(dst, id...), ' ')
	}
	return append(dst, "OK\n"...)
}
