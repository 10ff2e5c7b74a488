//go:build unix

package e2e_test

import (
	"strings"
	"testing"

	"squidauth/e2e"
)

// TestBrowser has a real browser fetch pages through the wrapper with a ticket, which
// it does without a question; one without a ticket gets no page.
func TestBrowser(t *testing.T) {
	t.Parallel()
	w := newWrapping(t)
	squid, origin := w.start(t, programs.Path(t, "wrapper")+w.inProcess()+" --audit all", "5 startup=2 idle=1")
	for range 2 {
		url := origin.URL()
		page := squid.Browse(t, url, w.alice)
		if !strings.Contains(page, strings.TrimSpace(e2e.OriginBody(url))) || origin.Hits(url) != 1 {
			t.Errorf("the origin was asked %d times; the browser shows %.300q", origin.Hits(url), page)
		}
		e2e.Eventually(t, soon, url+" by alice in access.log", func() bool {
			line, ok := lastLine(squid, url)
			return ok && line.Status == 200 && line.User == "alice@EXAMPLE.TEST"
		})
	}
	mustSay(t, squid, "login accepted", "user=alice@EXAMPLE.TEST", "backend=kerberos")
	url := origin.URL()
	if page := squid.Browse(t, url, w.kdc.NoTickets(t)); strings.Contains(page, "the origin answers") || origin.Hits(url) != 0 {
		t.Errorf("without a ticket: %.300q", page)
	}
}
