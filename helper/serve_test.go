package helper

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"squidauth/protocol"
)

// handlerFunc makes a Handler of a function.
type handlerFunc func(ctx context.Context, line []byte) protocol.Reply

func (f handlerFunc) Handle(ctx context.Context, line []byte) protocol.Reply { return f(ctx, line) }

// echo refuses every line with the line itself, or does what the line says.
var echo = handlerFunc(func(_ context.Context, line []byte) protocol.Reply {
	switch string(line) {
	case "ok":
		return protocol.Accept(protocol.Identity{User: "bob"}, nil)
	case "nil":
		return protocol.Reply{}
	case "panic":
		panic("secret-of-bob")
	case "index":
		return protocol.Deny(string(line[len(line)+7]))
	}
	return protocol.Deny("<" + string(line) + ">")
})

// writes records each write on its own.
type writes struct {
	mu    sync.Mutex
	lines []string
}

func (w *writes) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, string(b))
	return len(b), nil
}

func (w *writes) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.lines...)
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

func basicOptions(log io.Writer) Options {
	return Options{Scheme: protocol.Basic, Log: NewLog(&lockedWriter{w: log}, LogText, true)}
}

func TestOneReplyPerLine(t *testing.T) {
	long := strings.Repeat("x", 70000)
	in := "ok\na b\n\n" + long + "\npanic\nindex\nnil\nlast\nunfinished"
	want := []string{
		"OK\n", "ERR <a b>\n", "ERR <>\n",
		`BH message="` + textTooLong + "\"\n",
		`BH message="` + textBug + "\"\n",
		`BH message="` + textBug + "\"\n",
		"BH\n", "ERR <last>\n",
	}
	var out writes
	var log bytes.Buffer
	if err := Serve(context.Background(), strings.NewReader(in), &out, echo, basicOptions(&log)); err != nil {
		t.Fatal(err)
	}
	if got := out.all(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if strings.Contains(log.String(), "secret-of-bob") {
		t.Error("the value of a panic was logged")
	}
	if !strings.Contains(log.String(), "index out of range") || !strings.Contains(log.String(), "serve_test.go") {
		t.Error("the log does not say where it panicked")
	}
}

func TestChannelIDs(t *testing.T) {
	opt := basicOptions(io.Discard)
	opt.Concurrency = 3
	in := "1 ok\n22 x\nno id\n\n0\n7 " + strings.Repeat("x", 9000) + "\n18446744073709551615 y\n"
	var out writes
	if err := Serve(context.Background(), strings.NewReader(in), &out, echo, opt); err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{
		"1 OK\n": true, "22 ERR <x>\n": true, "0 ERR <>\n": true,
		`BH message="` + textNoID + "\"\n":      true,
		`7 BH message="` + textTooLong + "\"\n": true,
		"18446744073709551615 ERR <y>\n":        true,
	}
	got := out.all()
	if len(got) != 7 {
		t.Errorf("%d replies: %q", len(got), got)
	}
	for _, line := range got {
		if !want[line] {
			t.Errorf("unexpected %q", line)
		}
	}
}

func TestStrayChannelID(t *testing.T) {
	opt := basicOptions(io.Discard)
	opt.StrayID = func(line []byte) []byte { return protocol.StrayChannelID(line, 0) }
	var log bytes.Buffer
	opt.Log = NewLog(&log, LogText, false)
	var out writes
	if err := Serve(context.Background(), strings.NewReader("5 bob pw\n5 pw\n"), &out, echo, opt); err != nil {
		t.Fatal(err)
	}
	want := []string{`5 BH message="` + textNoID + "\"\n", "ERR <5 pw>\n"}
	if got := out.all(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %q", got)
	}
	if !strings.Contains(log.String(), "needs --concurrency") {
		t.Errorf("the log gives no advice: %s", &log)
	}
}

// TestRepliesOutOfOrder holds the first request until the second is answered.
func TestRepliesOutOfOrder(t *testing.T) {
	second := make(chan struct{})
	h := handlerFunc(func(_ context.Context, line []byte) protocol.Reply {
		if string(line) == "slow" {
			<-second
		} else {
			defer close(second)
		}
		return protocol.Deny(string(line))
	})
	opt := basicOptions(io.Discard)
	opt.Concurrency = 2
	var out writes
	if err := Serve(context.Background(), strings.NewReader("1 slow\n2 fast\n"), &out, h, opt); err != nil {
		t.Fatal(err)
	}
	if got := out.all(); len(got) != 2 {
		t.Errorf("got %q", got)
	}
}

// TestNeverMoreThanConcurrency counts the Handlers at work.
func TestNeverMoreThanConcurrency(t *testing.T) {
	for _, n := range []int{0, 1, 4} {
		var mu sync.Mutex
		busy, most := 0, 0
		h := handlerFunc(func(context.Context, []byte) protocol.Reply {
			mu.Lock()
			busy++
			most = max(most, busy)
			mu.Unlock()
			<-time.After(time.Millisecond) // in the bubble's time
			mu.Lock()
			busy--
			mu.Unlock()
			return protocol.Deny("")
		})
		synctest.Test(t, func(t *testing.T) {
			opt := basicOptions(io.Discard)
			opt.Concurrency = n
			var in strings.Builder
			for i := range 100 {
				fmt.Fprintf(&in, "%d x\n", i)
			}
			var out writes
			if err := Serve(t.Context(), strings.NewReader(in.String()), &out, h, opt); err != nil {
				t.Fatal(err)
			}
			if len(out.all()) != 100 || most != max(1, n) {
				t.Errorf("concurrency %d: %d replies, %d at once", n, len(out.all()), most)
			}
		})
	}
}

// TestOverdueHandler: a Handler that never returns costs its own request and,
// without concurrency, those behind it, but each of them is answered.
func TestOverdueHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		h := handlerFunc(func(_ context.Context, line []byte) protocol.Reply {
			if string(line) == "hang" {
				<-release
			}
			return protocol.Deny(string(line))
		})
		in, squid := io.Pipe()
		var out writes
		var log bytes.Buffer
		served := make(chan error)
		go func() { served <- Serve(t.Context(), in, &out, h, basicOptions(&log)) }()

		start := time.Now()
		io.WriteString(squid, "hang\n")
		io.WriteString(squid, "next\n") // is read only when hang is answered
		synctest.Wait()
		if took := time.Since(start); took != DefaultTimeout+grace {
			t.Errorf("answered after %v", took)
		}
		close(release)
		synctest.Wait()
		io.WriteString(squid, "again\n")
		squid.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
		busy := `BH message="` + textTimeout + "\"\n"
		if got := out.all(); fmt.Sprint(got) != fmt.Sprint([]string{busy, busy, "ERR again\n"}) {
			t.Errorf("got %q", got)
		}
		if !strings.Contains(log.String(), "reason=timeout") || !strings.Contains(log.String(), "reason=busy") {
			t.Errorf("log: %s", &log)
		}
	})
}

// TestHandlerSeesDeadline: a Handler that minds its context gives its own reply.
func TestHandlerSeesDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := handlerFunc(func(ctx context.Context, _ []byte) protocol.Reply {
			<-ctx.Done()
			return protocol.Broken("my own words")
		})
		opt := basicOptions(io.Discard)
		opt.Timeout = 3 * time.Second
		var out writes
		if err := Serve(t.Context(), strings.NewReader("x\n"), &out, h, opt); err != nil {
			t.Error(err)
		}
		if got := out.all(); len(got) != 1 || got[0] != "BH message=\"my own words\"\n" {
			t.Errorf("got %q", got)
		}
	})
}

// TestStopFinishesWhatIsInFlight: SIGTERM, here the end of ctx, while one request
// is being handled and Squid keeps stdin open.
func TestStopFinishesWhatIsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := handlerFunc(func(ctx context.Context, _ []byte) protocol.Reply {
			select {
			case <-ctx.Done():
				return protocol.Broken("was not let finish")
			case <-time.After(5 * time.Second):
				return protocol.Deny("finished")
			}
		})
		ctx, stop := context.WithCancel(t.Context())
		in, squid := io.Pipe()
		var out writes
		served := make(chan error)
		go func() { served <- Serve(ctx, in, &out, h, basicOptions(io.Discard)) }()
		io.WriteString(squid, "x\n")
		synctest.Wait()
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if got := out.all(); len(got) != 1 || got[0] != "ERR finished\n" {
			t.Errorf("got %q", got)
		}
		squid.Close()
	})
}

// TestStopWaitsForAPause: told to stop, the helper answers what Squid sends until
// Squid pauses, but not for ever.
func TestStopWaitsForAPause(t *testing.T) {
	for name, every := range map[string]time.Duration{"busy": lingerPause / 2, "pausing": 2 * lingerPause} {
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			in, squid := io.Pipe()
			var out writes
			served := make(chan error)
			go func() { served <- Serve(ctx, in, &out, echo, basicOptions(io.Discard)) }()
			var sender sync.WaitGroup
			sender.Go(func() {
				for {
					<-time.After(every)
					if _, err := io.WriteString(squid, "x\n"); err != nil {
						return
					}
				}
			})
			start := time.Now()
			stop()
			if err := <-served; err != nil {
				t.Error(err)
			}
			took, replies := time.Since(start), len(out.all())
			in.Close()
			sender.Wait()
			if name == "busy" && (took != lingerMost || replies < 90) || name == "pausing" && (took != lingerPause || replies != 0) {
				t.Errorf("%s: ended after %v and %d replies", name, took, replies)
			}
		})
	}
}

// TestStopWaitsForTheSlow: a request in flight is no pause.
func TestStopWaitsForTheSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := handlerFunc(func(context.Context, []byte) protocol.Reply {
			<-time.After(3 * lingerPause)
			return protocol.Deny("slow")
		})
		ctx, stop := context.WithCancel(t.Context())
		in, squid := io.Pipe()
		var out writes
		served := make(chan error)
		go func() { served <- Serve(ctx, in, &out, slow, basicOptions(io.Discard)) }()
		io.WriteString(squid, "one\n")
		synctest.Wait()
		stop()
		io.WriteString(squid, "two\n") // is read once the first is answered
		if err := <-served; err != nil {
			t.Error(err)
		}
		if got := out.all(); len(got) != 2 {
			t.Errorf("got %q", got)
		}
		squid.Close()
	})
}

func TestStdoutClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("broken pipe")
		in, squid := io.Pipe()
		go io.WriteString(squid, "x\n")
		err := Serve(t.Context(), in, brokenWriter{gone}, echo, basicOptions(io.Discard))
		if !errors.Is(err, gone) {
			t.Errorf("got %v", err)
		}
		squid.Close()
	})
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

func TestReadError(t *testing.T) {
	broken := errors.New("broken")
	in := io.MultiReader(strings.NewReader("ok\n"), iotest.ErrReader(broken))
	var out writes
	if err := Serve(t.Context(), in, &out, echo, basicOptions(io.Discard)); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if got := out.all(); len(got) != 1 {
		t.Errorf("got %q", got)
	}
}

// FuzzServe: for any bytes on stdin there are as many replies as newlines, each
// of one write, legal to Squid, and with the channel-ID of its line.
func FuzzServe(f *testing.F) {
	f.Add([]byte("ok\nbob pw\n\npanic\nnil\nhalf"), false)
	f.Add([]byte("1 ok\n2 bob pw\n3 panic\n4\nx\n\n5 "), true)
	f.Add([]byte("7 "+strings.Repeat("x", 9000)+"\n8 ok\n"), true)
	f.Add([]byte("\x00\xff \n=\"\\\n user=x\n\r\n"), false)
	f.Fuzz(func(t *testing.T, in []byte, concurrent bool) {
		opt := Options{Scheme: protocol.Basic, Log: slog.New(slog.DiscardHandler)}
		want := map[string]int{}
		lines := bytes.SplitAfter(in, []byte("\n"))
		lines = lines[:len(lines)-1]
		for _, line := range lines {
			want[idOf(line, concurrent)]++
		}
		if concurrent {
			opt.Concurrency = 5
		}
		var out writes
		if err := Serve(t.Context(), bytes.NewReader(in), &out, echo, opt); err != nil {
			t.Fatal(err)
		}
		got := out.all()
		for _, reply := range got {
			id, rest, _ := protocol.CutChannelID([]byte(strings.TrimSuffix(reply, "\n")))
			if strings.Count(reply, "\n") != 1 || !strings.HasSuffix(reply, "\n") || protocol.ParseReply(rest).Result == protocol.ResultUnknown {
				t.Fatalf("illegal reply %q", reply)
			}
			want[string(id)]--
		}
		for id, n := range want {
			if n != 0 {
				t.Fatalf("channel %q: %d replies missing; %q", id, n, got)
			}
		}
	})
}

func idOf(line []byte, concurrent bool) string {
	if !concurrent {
		return ""
	}
	id, _, _ := protocol.CutChannelID(bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")))
	return string(id)
}

// BenchmarkServe is the cost of the loop alone, through a pipe.
func BenchmarkServe(b *testing.B) {
	in, squid := io.Pipe()
	out, helper := io.Pipe()
	opt := Options{Scheme: protocol.Basic, Log: slog.New(slog.DiscardHandler)}
	go Serve(b.Context(), in, helper, echo, opt)
	replies := bufio.NewReader(out)
	b.ReportAllocs()
	for b.Loop() {
		io.WriteString(squid, "bob secret\n")
		if _, err := replies.ReadSlice('\n'); err != nil {
			b.Fatal(err)
		}
	}
	squid.Close()
}
