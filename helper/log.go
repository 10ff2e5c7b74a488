package helper

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"squidauth/helper/printable"
)

// maxLogValue bounds one value of a log line in bytes: much of what is logged
// was chosen by a client. A stack trace is the longest of our own.
const maxLogValue = 4096

// LogFormat is the form of the lines on stderr.
type LogFormat byte

// The log formats. The zero format is LogText.
const (
	LogText LogFormat = iota // as Squid writes cache.log
	LogJSON                  // one JSON object per line
)

// NewLog returns a logger to w, whose Write must be safe for concurrent use. Squid
// appends standard error to cache.log. Text lines
// begin as Squid's own do and name the program and its process:
//
//	2026/11/22 04:10:26 basic[4711]| WARNING: message key=value
//
// Nothing that is logged may be a secret; values are quoted, so that no client
// can forge a line. debug adds the lines of level Debug.
func NewLog(w io.Writer, format LogFormat, debug bool) *slog.Logger {
	level := slog.LevelInfo
	if debug {
		level = slog.LevelDebug
	}
	name, pid := ProgramName(), os.Getpid()
	if format == LogJSON {
		h := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})
		return slog.New(h).With("program", name, "pid", pid)
	}
	return slog.New(&logHandler{
		out:   w,
		level: level,
		label: name + "[" + strconv.Itoa(pid) + "]",
	})
}

// ProgramName returns the name this process was called by, without folder,
// ending and the parentheses that Squid puts around it.
func ProgramName() string {
	name := filepath.Base(strings.TrimSuffix(strings.TrimPrefix(os.Args[0], "("), ")"))
	if ext := filepath.Ext(name); strings.EqualFold(ext, ".exe") {
		name = strings.TrimSuffix(name, ext)
	}
	return name
}

// logHandler writes records in the style of Squid's cache.log.
type logHandler struct {
	out   io.Writer
	level slog.Level
	label string
	attrs []byte // of With, encoded
	group string // of WithGroup, with its dots
}

// Enabled implements slog.Handler.
func (h *logHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }

// Handle implements slog.Handler. A record is written with one write.
func (h *logHandler) Handle(_ context.Context, r slog.Record) error {
	line := make([]byte, 0, 256)
	line = r.Time.AppendFormat(line, "2006/01/02 15:04:05 ")
	line = append(line, h.label...)
	line = append(line, "| "...)
	line = append(line, severity(r.Level)...)
	line = append(line, printable.Text(r.Message)...)
	line = append(line, h.attrs...)
	r.Attrs(func(a slog.Attr) bool {
		line = h.appendAttr(line, a)
		return true
	})
	_, err := h.out.Write(append(line, '\n'))
	return err
}

// WithAttrs implements slog.Handler.
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	with.attrs = append([]byte(nil), h.attrs...)
	for _, a := range attrs {
		with.attrs = h.appendAttr(with.attrs, a)
	}
	return &with
}

// WithGroup implements slog.Handler.
func (h *logHandler) WithGroup(name string) slog.Handler {
	with := *h
	with.group += name + "."
	return &with
}

func (h *logHandler) appendAttr(line []byte, a slog.Attr) []byte {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		in := *h
		in.group += a.Key + "."
		for _, member := range v.Group() {
			line = in.appendAttr(line, member)
		}
		return line
	}
	if v.Kind() == slog.KindString && v.String() == "" {
		return line
	}
	line = append(line, ' ')
	line = append(append(append(line, h.group...), a.Key...), '=')
	return appendValue(line, v.String())
}

// appendValue quotes what is not a plain word.
func appendValue(line []byte, s string) []byte {
	if len(s) > maxLogValue {
		s = s[:maxLogValue] + "…"
	}
	if strings.ContainsFunc(s, needsQuote) || !utf8.ValidString(s) {
		return strconv.AppendQuote(line, s)
	}
	return append(line, s...)
}

func needsQuote(r rune) bool { return r <= ' ' || r == '"' || r == '=' || !unicode.IsPrint(r) }

// severity returns the word that Squid puts before messages of that level.
func severity(l slog.Level) string {
	switch {
	case l >= slog.LevelError:
		return "ERROR: "
	case l >= slog.LevelWarn:
		return "WARNING: "
	case l >= slog.LevelInfo:
		return ""
	}
	return "DEBUG: "
}
