package helper

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestLogQueueKeepsOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &writes{}
		q := NewLogQueue(out)
		want := ""
		for i := range queuedLines {
			fmt.Fprintf(q, "%d\n", i)
			want += fmt.Sprintf("%d\n", i)
		}
		q.Flush()
		if got := strings.Join(out.all(), ""); got != want {
			t.Errorf("got %d bytes, want %d", len(got), len(want))
		}
		close(q.lines) // ends its goroutine's life in the bubble
	})
}

// TestLogQueueNeverWaits: a reader that stops reading costs lines, and says how
// many; Write and Flush come back.
func TestLogQueueNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		q := NewLogQueue(w)
		for range 10 * queuedLines {
			io.WriteString(q, "x\n")
		}
		start := time.Now()
		q.Flush()
		if took := time.Since(start); took != flushWithin {
			t.Errorf("Flush took %v", took)
		}
		var out strings.Builder
		copied := make(chan struct{})
		go func() {
			io.Copy(&out, r)
			close(copied)
		}()
		q.Flush()
		w.Close()
		<-copied
		if !strings.Contains(out.String(), "log lines were lost") {
			t.Errorf("%d bytes, and no word of the lines lost", out.Len())
		}
		close(q.lines)
	})
}
