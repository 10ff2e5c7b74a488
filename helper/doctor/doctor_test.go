package doctor

import (
	"encoding/json"
	"strings"
	"testing"
)

func sample() *Report {
	var r Report
	r.Good("password-file", "/etc/squid/passwd", "%d users", 12)
	r.Add(Finding{
		Severity: Fault, Code: "concurrency", Where: "squid.conf:7",
		What: "squid.conf says concurrency=5, the helper has no --concurrency\n\x1b[2J", Why: "every login fails", Cure: "add --concurrency 5",
	})
	return &r
}

func TestWriteText(t *testing.T) {
	const want = `good     /etc/squid/passwd: 12 users  [password-file]
fault    squid.conf:7: squid.conf says concurrency=5, the helper has no --concurrency??[2J  [concurrency]
         why:  every login fails
         cure: add --concurrency 5
1 faults, 0 warnings, 0 notes, 1 in order
`
	var b strings.Builder
	if err := sample().WriteText(&b); err != nil || b.String() != want {
		t.Errorf("%v\n%s", err, b.String())
	}
}

// TestPrintable: findings may come from a process of Squid's user, whom root's terminal is
// not to obey.
func TestPrintable(t *testing.T) {
	const bell = "\x1b]0;x\a"
	var r Report
	r.Add(Finding{Severity: bell, Code: bell, Where: bell, What: bell, Why: bell, Cure: bell})
	var b strings.Builder
	if err := r.WriteText(&b); err != nil || strings.ContainsAny(b.String(), "\x1b\a") {
		t.Errorf("%v\n%q", err, b.String())
	}
}

func TestWriteJSON(t *testing.T) {
	var b strings.Builder
	if err := sample().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var back struct {
		Findings []Finding
		Faults   int
	}
	if err := json.Unmarshal([]byte(b.String()), &back); err != nil || len(back.Findings) != 2 || back.Faults != 1 || back.Findings[1] != sample().Findings()[1] {
		t.Errorf("%v\n%s", err, b.String())
	}
	b.Reset()
	if err := new(Report).WriteJSON(&b); err != nil || !strings.Contains(b.String(), `"findings": []`) {
		t.Errorf("%v\n%s", err, b.String())
	}
}
