package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// The helpers under test are this test binary, started again with these words.
const fakeHelper = "fake-helper"

func TestMain(m *testing.M) {
	switch {
	case len(os.Args) > 1 && os.Args[1] == echoHelper:
		echo(os.Args[2:])
	case len(os.Args) > 2 && os.Args[1] == fakeHelper:
		fake(os.Args[2])
	default:
		os.Exit(m.Run())
	}
}

// fake misbehaves in one way.
func fake(fault string) {
	in := bufio.NewScanner(os.Stdin)
	for n := 1; in.Scan(); n++ {
		id, _, _ := strings.Cut(in.Text(), " ")
		switch fault {
		case "wrong":
			fmt.Print("ERR no\n")
		case "two lines":
			os.Stdout.WriteString("OK\nOK\n")
		case "in pieces":
			os.Stdout.WriteString("OK ")
			os.Stdout.WriteString("\n")
		case "exits":
			os.Exit(3)
		case "talks at the end":
			fmt.Print("OK\n")
		case "challenges":
			if n%2 == 1 {
				fmt.Printf("TT %d\n", n)
			} else if in.Text() == fmt.Sprintf("KK %d", n-1) {
				fmt.Print("OK\n")
			} else {
				fmt.Print("ERR\n")
			}
		case "three in reverse":
			if n%3 == 0 {
				fmt.Printf("%d OK\n%d OK\n%d OK\n", n, n-1, n-2)
			}
		case "same ID twice":
			fmt.Printf("%s OK\n%s OK\n", id, id)
		case "leaves one out":
			if n != 2 {
				fmt.Printf("%s OK\n", id)
			}
			if n == 4 {
				os.Exit(0)
			}
		}
	}
	if fault == "talks at the end" {
		fmt.Print("BH input error\n")
	}
}

func testBench(t *testing.T) *bench {
	t.Helper()
	plan, err := newCPUPlan()
	if err != nil {
		t.Fatal(err)
	}
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { null.Close() })
	return &bench{
		opts:     options{pairs: 2, starts: 2, limit: limit{n: 40}},
		launcher: launcher{cpus: plan, stderr: null},
		dir:      t.TempDir(),
	}
}

func testSide(t *testing.T, inFlight int, args ...string) side {
	t.Helper()
	return side{
		path: "/proc/self/exe", argv: append([]string{"(fake)"}, args...), inFlight: inFlight, pin: pinNone,
		requests: mustPrepare(t, request{line: "alice secret", code: "OK"}),
	}
}

func TestDialogues(t *testing.T) {
	for _, test := range []struct {
		fault    string
		inFlight int
		want     string // part of the error; empty: none
	}{
		{"in pieces", 0, ""},
		{"wrong", 0, `wrong reply "ERR no" to "alice secret": want OK`},
		{"two lines", 0, "surplus output after the reply"},
		{"exits", 0, "helper ended (exit status 3)"},
		{"talks at the end", 0, `surplus output after the last reply: "BH input error"`},
		{"three in reverse", 3, ""},
		{"same ID twice", 3, "answered before"},
		{"leaves one out", 2, `the oldest to ID 2, "alice secret"`},
		{"wrong", 3, "no channel-ID"},
	} {
		b := testBench(t)
		_, err := b.rate(testSide(t, test.inFlight, fakeHelper, test.fault))
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", test.fault, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: error %v, want %q", test.fault, err, test.want)
		}
	}
}

// TestAnswers: a line may be made of the reply before.
func TestAnswers(t *testing.T) {
	b, s := testBench(t), testSide(t, 0, fakeHelper, "challenges")
	s.requests = mustPrepare(t, request{line: "YR", code: "TT"}, request{line: "KK", code: "OK", answer: func(reply []byte) []byte {
		return append([]byte("KK"), bytes.TrimPrefix(reply, []byte("TT"))...)
	}})
	if _, err := b.rate(s); err != nil {
		t.Error(err)
	}
}

func TestRatesOfTheEchoHelper(t *testing.T) {
	b := testBench(t)
	for _, s := range []side{testSide(t, 0, echoHelper), testSide(t, 5, echoHelper, echoWithIDs)} {
		results, err := b.rates([2]side{s, s})
		if err != nil {
			t.Fatal(err)
		}
		for i, name := range kindRate.measures() {
			r := results[i]
			if r.measure != name || len(r.a) != 2 || len(r.b) != 2 || r.a[0] <= 0 || r.b[1] <= 0 {
				t.Errorf("%d in flight: %+v, want two positive values of %s for each side", s.inFlight, r, name)
			}
		}
	}
}

func TestStartsOfTheEchoHelper(t *testing.T) {
	b := testBench(t)
	s := testSide(t, 5, echoHelper, echoWithIDs)
	results, err := b.starts([2]side{s, s})
	if err != nil || len(results) != 1 || len(results[0].a) != 2 || results[0].b[1] <= 0 {
		t.Errorf("got %+v, %v", results, err)
	}
}

func TestLimit(t *testing.T) {
	for _, test := range []struct {
		limit   limit
		count   int
		elapsed time.Duration
		want    bool
	}{
		{limit{d: time.Second}, 1000, time.Millisecond, false},
		{limit{d: time.Second}, 0, time.Second, true},
		{limit{d: time.Second, n: 10}, 9, time.Hour, false},
		{limit{d: time.Second, n: 10}, 10, 0, true},
	} {
		if got := test.limit.reached(test.count, test.elapsed); got != test.want {
			t.Errorf("%+v reached after %d in %s: %v", test.limit, test.count, test.elapsed, got)
		}
	}
}

func TestParsePSS(t *testing.T) {
	const rollup = "00400000-7fff0000 ---p 00000000 00:00 0 [rollup]\nRss:     2100 kB\nPss:      870 kB\nPss_Dirty:   99 kB\n"
	if kb, err := parsePSS([]byte(rollup)); err != nil || kb != 870 {
		t.Errorf("got %d, %v; want 870", kb, err)
	}
	if _, err := parsePSS([]byte("Rss: 1 kB\nPss_Dirty: 2 kB\n")); err == nil {
		t.Error("no error without a Pss line")
	}
}
