package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"squidauth/protocol"
)

// passwd is the password file of the stream tests: bob's password is "secret".
const passwd = "bob:5ebe2294ecd0e0f08eab7690d2a6ee69\n"

// run gives the program all of in and returns its output.
func run(t *testing.T, in []byte, options ...string) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "passwd")
	if err := os.WriteFile(file, []byte(passwd), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], append(options, "ncsa", file)...)
	cmd.Args[0] = "(basic)"
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(out), "\n")
	if last := lines[len(lines)-1]; last != "" {
		t.Fatalf("a reply without a newline: %q", last)
	}
	return lines[:len(lines)-1]
}

// TestLongLines: a line is one request, whatever its length. Nothing that looks
// like a request inside it is one.
func TestLongLines(t *testing.T) {
	var in bytes.Buffer
	for _, n := range []int{1023, 1024, 8191, 8192, 8195, 8196, 16384, 65533, 70000, 1 << 20} {
		in.WriteString(strings.Repeat("x", n) + "bob secret\n")
	}
	in.WriteString("bob secret\n")
	in.WriteString("bob secret") // unfinished: no request
	got := run(t, in.Bytes(), "--audit", "none")
	if len(got) != 11 {
		t.Fatalf("%d replies: %q", len(got), got)
	}
	for i, reply := range got {
		if ok := reply == "OK\n"; ok != (i == 10) {
			t.Errorf("reply %d: %q", i, reply)
		}
	}
}

// TestAnyBytes: as many replies as newlines, each legal to Squid and with the
// channel-ID of its line; only the one right password logs in.
func TestAnyBytes(t *testing.T) {
	for _, concurrency := range []int{0, 8} {
		r := rand.New(rand.NewPCG(1, uint64(concurrency)))
		in := noise(r, 200_000)
		want := map[string]int{}
		for line := range bytes.Lines(in) {
			if bytes.HasSuffix(line, []byte("\n")) {
				want[channelOf(line, concurrency)]++
			}
		}
		for _, reply := range run(t, in, "--audit", "none", "--concurrency", fmt.Sprint(concurrency)) {
			id, rest, _ := protocol.CutChannelID([]byte(strings.TrimSuffix(reply, "\n")))
			want[string(id)]--
			if p := protocol.ParseReply(rest); p.Result != protocol.ResultERR && p.Result != protocol.ResultBH {
				t.Errorf("reply %q", reply)
			}
		}
		for id, n := range want {
			if n != 0 {
				t.Errorf("concurrency %d, channel %q: %d replies are missing", concurrency, id, n)
			}
		}
	}
}

// noise makes about n bytes of lines that are nearly requests.
func noise(r *rand.Rand, n int) []byte {
	words := []string{"bob", "secre", "x", " ", " ", " ", "\n", "\n", "\r\n", "%", "%41", "7", "12", "\x00", "\xff", "\"", "\\", "=", "\t", "-"}
	var b bytes.Buffer
	for b.Len() < n {
		b.WriteString(words[r.IntN(len(words))])
		if r.IntN(500) == 0 {
			b.WriteString(strings.Repeat("y", r.IntN(20000)))
		}
	}
	return b.Bytes()
}

func channelOf(line []byte, concurrency int) string {
	line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
	if concurrency == 0 {
		if len(line) > protocol.MaxBasicLine {
			return ""
		}
		return string(protocol.StrayChannelID(line, 0))
	}
	id, _, _ := protocol.CutChannelID(line)
	return string(id)
}
