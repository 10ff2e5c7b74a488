package watch

import (
	"fmt"
	"log/slog"
)

// MaxNotes is how many notes on lines one reading of a file adds to the log,
// whatever is in it.
const MaxNotes = 20

// Note is something about a line that the file's administrator should know.
type Note struct {
	Line int // counted from 1
	Text string
}

// Notes are the first MaxNotes notes that were added, and how many more there were.
type Notes struct {
	List []Note
	More int
}

// Add adds a note, or counts it.
func (n *Notes) Add(line int, format string, args ...any) {
	if len(n.List) == MaxNotes {
		n.More++
		return
	}
	n.List = append(n.List, Note{line, fmt.Sprintf(format, args...)})
}

// Log logs the notes on a file of that kind.
func (n *Notes) Log(log *slog.Logger, kind, path string) {
	for _, note := range n.List {
		log.Warn(kind, "file", path, "line", note.Line, "note", note.Text)
	}
	if n.More > 0 {
		log.Warn(kind+": more lines like that", "file", path, "count", n.More)
	}
}
