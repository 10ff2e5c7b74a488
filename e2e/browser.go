//go:build unix

package e2e

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"
)

// browserTime is how long a page may take, the start of the browser included: far
// more than any needs.
const browserTime = 2 * time.Minute

// Browse opens the page in a browser without a window, which has these tickets and
// no password, and returns what the browser made of it. Who is asked for a password
// sees an error page.
func (s *Squid) Browse(t testing.TB, url string, tickets *Tickets) string {
	t.Helper()
	home, err := os.MkdirTemp(s.dir, "browser-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(home)
	_, port, err := net.SplitHostPort(s.address)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), browserTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, Need(t, "chromium"),
		"--headless", "--no-sandbox", // root has no sandbox
		"--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--disable-component-update",
		"--user-data-dir="+home, "--proxy-server=http://localhost:"+port, "--proxy-bypass-list=<-loopback>",
		"--dump-dom", url)
	cmd.Env = append(tickets.Env(), "HOME="+home, "PATH="+os.Getenv("PATH"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	page, err := cmd.Output()
	if err != nil {
		t.Errorf("chromium: %v\n%s", err, stderr.Bytes())
	}
	return string(page)
}
