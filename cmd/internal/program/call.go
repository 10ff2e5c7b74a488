package program

import (
	"fmt"
	"io"
	"strings"

	"squidauth/helper"
	"squidauth/protocol"
)

// A Call is a command line, and what is to be said about it.
type Call struct {
	Args  []string // with the program's name
	Notes []string // for the operator

	secrets []protocol.Secret // that words of Args stand for, see Secret
}

// Tell writes the notes, once and a line each.
func (c Call) Tell(w io.Writer) {
	for _, n := range c.Notes {
		fmt.Fprintf(w, "%s: %s\n", helper.ProgramName(), n)
	}
}

// CutLong takes the long options of this program off, which may stand before those
// of another program if they have no value or have it attached.
func CutLong(args []string) (long, rest []string) {
	n := 0
	for n < len(args) && strings.HasPrefix(args[n], "--") && args[n] != "--" {
		n++
	}
	return args[:n], args[n:]
}
