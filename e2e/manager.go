//go:build unix

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// A HelperStat is what Squid's cache manager says about one helper process.
type HelperStat struct {
	PID      int
	Requests int
	Replies  int
}

// Stats returns Squid's own count of what each running helper was asked and has
// answered. Report is "basicauthenticator", "ntlmauthenticator" or
// "negotiateauthenticator".
func (s *Squid) Stats(t testing.TB, report string) []HelperStat {
	t.Helper()
	text, err := s.manager(report)
	if err != nil {
		t.Fatalf("cache manager: %v", err)
	}
	return parseStats(text)
}

func (s *Squid) manager(report string) (string, error) {
	client := http.Client{Timeout: startTimeout, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get("http://" + s.address + "/squid-internal-mgr/" + report)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", report, response.Status)
	}
	text, err := io.ReadAll(response.Body)
	return string(text), err
}

// parseStats reads the table whose columns are: number, descriptor, PID,
// requests, replies, and more that we do not need.
func parseStats(text string) []HelperStat {
	var stats []HelperStat
	_, table, _ := strings.Cut(text, "ID #")
	for line := range strings.Lines(table) {
		var number, fd int
		var h HelperStat
		if n, _ := fmt.Sscan(line, &number, &fd, &h.PID, &h.Requests, &h.Replies); n == 5 {
			stats = append(stats, h)
		}
	}
	return stats
}

// Asked returns how many requests the running helpers got, all together.
func (s *Squid) Asked(t testing.TB, report string) int {
	t.Helper()
	asked := 0
	for _, h := range s.Stats(t, report) {
		asked += h.Requests
	}
	return asked
}

// Busy returns the helpers that have requests which they have not answered.
func (s *Squid) Busy(t testing.TB, report string) []HelperStat {
	t.Helper()
	var busy []HelperStat
	for _, h := range s.Stats(t, report) {
		if h.Requests > h.Replies {
			busy = append(busy, h)
		}
	}
	return busy
}

// Unanswered returns how many requests the helpers have, all together, that
// they have not answered. Those that wait in Squid do not count.
func (s *Squid) Unanswered(t testing.TB, report string) int {
	t.Helper()
	unanswered := 0
	for _, h := range s.Busy(t, report) {
		unanswered += h.Requests - h.Replies
	}
	return unanswered
}
