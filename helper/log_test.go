package helper

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"squidauth/protocol"
)

func TestTextLog(t *testing.T) {
	var out bytes.Buffer
	log := NewLog(&out, LogText, false)
	log.Debug("not shown")
	at := time.Date(2026, 11, 22, 4, 10, 26, 0, time.UTC)
	r := slog.NewRecord(at, slog.LevelWarn, "line\nbreak", 0)
	r.AddAttrs(
		slog.String("user", "bob\n2026/11/22 04:10:26| forged"),
		slog.Any("password", protocol.Secret("hunter2")),
		slog.String("empty", ""),
		slog.String("latin", "J\xfcrgen"),
		slog.String("utf8", "Jürgen"),
		slog.Group("g", slog.Int("n", 1)),
	)
	if err := log.With("a", "b c").WithGroup("sub").Handler().Handle(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	want := "2026/11/22 04:10:26 " + ProgramName() + "[" + strconv.Itoa(os.Getpid()) + "]| WARNING: line?break a=\"b c\"" +
		` sub.user="bob\n2026/11/22 04:10:26| forged" sub.password=*** sub.latin="J\xfcrgen" sub.utf8=Jürgen sub.g.n=1` + "\n"
	if out.String() != want {
		t.Errorf("got  %swant %s", &out, want)
	}
}

func TestLongValuesAreCut(t *testing.T) {
	var out bytes.Buffer
	NewLog(&out, LogText, false).Error("m", "v", strings.Repeat("x", 100000))
	if out.Len() > maxLogValue+200 {
		t.Errorf("a line of %d bytes", out.Len())
	}
}

func TestProgramName(t *testing.T) {
	defer func(old []string) { os.Args = old }(os.Args)
	for arg, want := range map[string]string{
		"(basic_ncsa_auth)": "basic_ncsa_auth",
		"/usr/bin/basic":    "basic",
		"basic.exe":         "basic",
		"(BASIC.EXE)":       "BASIC",
	} {
		os.Args = []string{arg}
		if got := ProgramName(); got != want {
			t.Errorf("%s: got %s", arg, got)
		}
	}
}

// TestAudit: one line per decision, as told, with nothing secret in it.
func TestAudit(t *testing.T) {
	detail := protocol.Detail{User: "bob", Backend: "ncsa", Reason: "wrong-password", Extras: "10.1.2.3 -", Cause: errors.New("server is down")}
	replies := []protocol.Reply{
		protocol.Accept(protocol.Identity{User: "bob"}, nil).With(detail),
		protocol.Deny("text").With(detail),
		protocol.Broken("text").With(detail),
		protocol.Challenge([]byte("x")).With(detail),
	}
	tests := []struct {
		level AuditLevel
		want  string
	}{
		{AuditAll, "login accepted|login refused|login undecided"},
		{AuditFailures, "login refused|login undecided"},
		{AuditNone, ""},
	}
	for _, c := range tests {
		var out bytes.Buffer
		s := &server{ctx: t.Context(), opt: Options{Scheme: protocol.NTLM, Audit: c.level, Log: NewLog(&out, LogJSON, false)}}
		for _, r := range replies {
			s.audit(&request{id: []byte("7")}, r, 1500*time.Microsecond)
		}
		var got []string
		for line := range strings.Lines(out.String()) {
			var m map[string]any
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				t.Fatal(err)
			}
			got = append(got, m["msg"].(string))
			if m["user"] != "bob" || m["scheme"] != "ntlm" || m["backend"] != "ncsa" || m["reason"] != "wrong-password" ||
				m["duration_ms"] != 1.5 || m["extras"] != "10.1.2.3 -" || m["channel"] != "7" || m["cause"] != "server is down" || m["outcome"] == "" {
				t.Errorf("%v", m)
			}
		}
		if strings.Join(got, "|") != c.want {
			t.Errorf("level %d: got %q", c.level, got)
		}
	}
}
