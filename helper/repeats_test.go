package helper

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"squidauth/protocol"
)

func refusedAs(d protocol.Detail) protocol.Reply { return protocol.Deny("no").With(d) }

// TestRepeats: a line stands for a minute for those like it, and the next says how many
// there were. Who is known, and who is not refused, has a line each time.
func TestRepeats(t *testing.T) {
	var s repeats
	now := time.Unix(1e9, 0)
	nobody := refusedAs(protocol.Detail{Backend: "kerberos", Reason: "client-sent-ntlm"})
	elsewhere := refusedAs(protocol.Detail{Backend: "kerberos", Reason: "client-sent-ntlm", Extras: "10.1.2.3"})
	for i, tt := range []struct {
		r       protocol.Reply
		after   time.Duration
		covered bool
		since   int
	}{
		{nobody, 0, false, 0},
		{nobody, time.Second, true, 0},
		{elsewhere, 0, false, 0},
		{nobody, repeatsWithin - 2*time.Second, true, 0},
		{nobody, time.Second, false, 2},
		{nobody, repeatsWithin, false, 0},
		{nobody, -time.Hour, false, 0}, // the clock was set back
		{elsewhere, 0, false, 0},
		{refusedAs(protocol.Detail{User: "bob"}), 0, false, 0},
		{refusedAs(protocol.Detail{User: "bob"}), 0, false, 0},
		{protocol.Broken("").With(protocol.Detail{Reason: "timeout"}), 0, false, 0},
		{protocol.Broken("").With(protocol.Detail{Reason: "timeout"}), 0, false, 0},
	} {
		now = now.Add(tt.after)
		if covered, since := s.covers(tt.r, now); covered != tt.covered || since != tt.since {
			t.Errorf("%d: %v, %d", i, covered, since)
		}
	}
}

// TestRepeatsAreBounded: of whom there is no room for, every refusal is logged, until
// there is room again.
func TestRepeatsAreBounded(t *testing.T) {
	var s repeats
	now := time.Unix(1e9, 0)
	from := func(n int) protocol.Reply {
		return refusedAs(protocol.Detail{Reason: "malformed-token", Extras: fmt.Sprint(n)})
	}
	for range 2 {
		for n := range maxRepeats {
			s.covers(from(n), now)
		}
		for range 2 {
			if covered, _ := s.covers(from(-1), now); covered {
				t.Error("one that there was no room for was held back")
			}
		}
		if covered, _ := s.covers(from(0), now); !covered || len(s.seen) != maxRepeats {
			t.Errorf("%v, %d kinds", covered, len(s.seen))
		}
		now = now.Add(repeatsWithin)
	}
	s.covers(from(-2), now.Add(repeatsWithin))
	if len(s.seen) != 1 {
		t.Errorf("%d kinds", len(s.seen))
	}
}

// denying refuses everybody, and says of whom nothing but the word it was asked with.
type denying struct{}

func (denying) Handle(_ context.Context, line []byte) protocol.Reply {
	return refusedAs(protocol.Detail{Reason: "client-sent-ntlm", Extras: string(line)})
}

// TestRepeatedLines: what the log has of like refusals, and of all if all are wanted.
func TestRepeatedLines(t *testing.T) {
	for audit, want := range map[AuditLevel][]int{AuditFailures: {1, 1, 1}, AuditAll: {3, 1, 0}, AuditNone: {0, 0, 0}} {
		synctest.Test(t, func(t *testing.T) {
			var out, log bytes.Buffer
			in, squid := io.Pipe()
			ended := make(chan error)
			go func() {
				ended <- Serve(t.Context(), in, &out, denying{}, Options{Scheme: protocol.Negotiate, Audit: audit, Log: slog.New(slog.NewTextHandler(&log, nil))})
			}()
			fmt.Fprint(squid, "a\na\nb\n")
			synctest.Wait()
			time.Sleep(repeatsWithin)
			fmt.Fprint(squid, "a\n")
			squid.Close()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			n := strings.Count
			got := []int{n(log.String(), "extras=a\n"), n(log.String(), "extras=b\n"), n(log.String(), "extras=a repeated=1\n")}
			if !slices.Equal(got, want) || n(out.String(), "ERR") != 4 {
				t.Errorf("%v: %v, want %v\n%s%s", audit, got, want, &log, &out)
			}
		})
	}
}
