package decode

import (
	"fmt"
	"io"
	"strings"

	"squidauth/helper/printable"
)

// writer prints lines that are indented by what they are part of.
type writer struct {
	out   io.Writer
	depth int
	err   error
}

// say prints a line. What names in it hold, which a stranger chose, cannot do anything
// to a terminal.
func (w *writer) say(format string, args ...any) {
	line := printable.Text(fmt.Sprintf(format, args...))
	if w.err == nil {
		_, w.err = fmt.Fprintf(w.out, "%s%s\n", strings.Repeat("  ", w.depth), line)
	}
}

// field prints a name and its value, unless that is empty.
func (w *writer) field(name, format string, args ...any) {
	if value := fmt.Sprintf(format, args...); value != "" {
		w.say("%-22s %s", name, value)
	}
}

// inside has do print what is part of the line before.
func (w *writer) inside(do func()) {
	w.depth++
	do()
	w.depth--
}
