//go:build unix

package e2e

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// minSecret is the length from which a password is looked for in the logs.
const minSecret = 6

// alarming are words that no cache.log may hold, in lower case. A Go
// program that panics shows its goroutines.
var alarming = []string{
	"fatal", "assertion failed", "crashed", "crashing too rapidly", "unexpected",
	"panic", " bug:", "goroutine ", "runtime error", "overflowed", "too many queued",
}

// CacheLog returns Squid's cache.log, which also has what helpers write to
// their standard error.
func (s *Squid) CacheLog() string { return s.read("cache.log") }

// output is what Squid wrote to its terminal.
func (s *Squid) output() string { return s.read("output") }

// read returns a file of Squid's log folder, or nothing if there is none yet.
func (s *Squid) read(name string) string {
	text, err := os.ReadFile(filepath.Join(s.logs, name))
	if err != nil {
		return ""
	}
	return string(text)
}

// checkLogs fails the test for anything alarming, and for secrets.
func (s *Squid) checkLogs(t testing.TB) {
	t.Helper()
	for _, line := range Alarms(s.CacheLog() + s.output()) {
		t.Errorf("cache.log: %s", line)
	}
	for _, file := range []string{"cache.log", "access.log", "output"} {
		text := s.read(file)
		for i, secret := range s.secrets {
			if leaked(text, secret) {
				t.Errorf("%s holds password number %d", file, i)
			}
		}
	}
}

// Alarms returns the lines of a cache.log that say something went wrong with
// Squid or with a helper.
func Alarms(log string) []string {
	var found []string
	for line := range strings.Lines(log) {
		lower := strings.ToLower(line)
		for _, word := range alarming {
			if strings.Contains(lower, word) {
				found = append(found, strings.TrimRight(line, "\n"))
				break
			}
		}
	}
	return found
}

// leaked reports whether the text has the secret, as it is or escaped as in
// the lines that helpers read.
func leaked(text, secret string) bool {
	if len(secret) < minSecret {
		return false
	}
	return strings.Contains(text, secret) || strings.Contains(text, rfc1738(secret))
}

// rfc1738 escapes as Squid does in the lines that helpers read.
func rfc1738(s string) string {
	var out strings.Builder
	for _, b := range []byte(s) {
		switch {
		case b >= '0' && b <= '9', b >= 'A' && b <= 'Z', b >= 'a' && b <= 'z', strings.IndexByte("!$&()*+,-./:;=?@_", b) >= 0:
			out.WriteByte(b)
		default:
			fmt.Fprintf(&out, "%%%02X", b)
		}
	}
	return out.String()
}

// A LogLine is one line of access.log.
type LogLine struct {
	Status int
	// User is who Squid thinks the client is, empty without credentials. It is
	// there for refused logins too.
	User string
	URL  string
	// Message is what the helper gave as message=, empty without.
	Message string
}

// AccessLog returns what Squid logged for the URL. The line is written after
// the client has its answer, so poll.
func (s *Squid) AccessLog(url string) (LogLine, bool) {
	for line := range strings.Lines(s.read("access.log")) {
		if entry, err := parseLogLine(line); err == nil && entry.URL == url {
			return entry, true
		}
	}
	return LogLine{}, false
}

// AccessLogs returns the last line for every URL.
func (s *Squid) AccessLogs() map[string]LogLine {
	entries := make(map[string]LogLine)
	for line := range strings.Lines(s.read("access.log")) {
		if entry, err := parseLogLine(line); err == nil {
			entries[entry.URL] = entry
		}
	}
	return entries
}

// parseLogLine reads a line in logFormat.
func parseLogLine(line string) (LogLine, error) {
	fields := strings.Fields(line)
	if len(fields) != 4 {
		return LogLine{}, fmt.Errorf("access.log: %q", line)
	}
	entry := LogLine{URL: fields[2]}
	if _, err := fmt.Sscan(fields[0], &entry.Status); err != nil {
		return LogLine{}, err
	}
	var err error
	if entry.User, err = unlog(fields[1]); err != nil {
		return LogLine{}, err
	}
	entry.Message, err = unlog(fields[3])
	return entry, err
}

func unlog(field string) (string, error) {
	if field == "-" {
		return "", nil
	}
	return url.PathUnescape(field)
}

func tail(text string, lines int) string {
	all := strings.Split(text, "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
