//go:build unix

package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// A Request is one URL to fetch through Squid.
type Request struct {
	URL string
	// User and Password are sent byte by byte; the name must not hold a colon.
	User, Password string
	// Anonymous sends no credentials at all.
	Anonymous bool
	// Kerberos, if it is set, has curl use the Negotiate scheme with these
	// tickets. All requests of one curl process must have the same. User is
	// then not sent: set it to the name that access.log is to have.
	Kerberos *Tickets
	// Proxy is the name by which a Kerberos client calls Squid, on which its
	// ticket depends; empty means localhost.
	Proxy string
	// NTLM has curl use the NTLM scheme. Its own NTLM knows ASCII only.
	NTLM bool
	// Authorization, if it is set, is sent as the Proxy-Authorization header.
	Authorization string
	// Alone closes the connection to Squid after this request. The Negotiate
	// scheme logs in once for each connection.
	Alone bool
}

// An Answer is what became of a Request.
type Answer struct {
	Request
	// Status is the HTTP status, 0 when none came.
	Status int
	// Exit is curl's exit code for this transfer: 0 for any complete answer.
	Exit int
	Body string
}

// Fetched reports whether the answer is complete, says 200 and has the body
// that the origin made for this very request.
func (a Answer) Fetched() bool {
	return a.Exit == 0 && a.Status == 200 && a.Body == OriginBody(a.URL)
}

// Refused reports whether the answer is a complete 407 from Squid itself.
func (a Answer) Refused() bool {
	return a.Exit == 0 && a.Status == 407 && strings.HasPrefix(a.Body, deniedPage)
}

// DenyText returns what Squid shows as %m in its page for a 407: the helper's
// words, or "[not available]" when it had none.
func (a Answer) DenyText() string {
	return strings.TrimSpace(strings.TrimPrefix(a.Body, deniedPage))
}

// Curl fetches the requests one after the other with one curl process, which
// keeps its connection to Squid when it can, and returns the answers in the
// same order. It may be called concurrently.
func (s *Squid) Curl(t testing.TB, requests ...Request) []Answer {
	t.Helper()
	answers, err := s.runCurl(Need(t, "curl"), requests)
	if err != nil {
		t.Error(err)
	}
	return answers
}

// Parallel runs one curl process for each list of requests, all at once, and
// returns the answers of all in one list.
func (s *Squid) Parallel(t testing.TB, lists ...[]Request) []Answer {
	t.Helper()
	curl := Need(t, "curl")
	answers := make([][]Answer, len(lists))
	errs := make([]error, len(lists))
	var clients sync.WaitGroup
	for i, list := range lists {
		clients.Go(func() { answers[i], errs[i] = s.runCurl(curl, list) })
	}
	clients.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	var all []Answer
	for _, list := range answers {
		all = append(all, list...)
	}
	return all
}

// runCurl gives curl everything on its standard input, where passwords are
// safe from the process list and odd bytes from the command line.
func (s *Squid) runCurl(curl string, requests []Request) ([]Answer, error) {
	bodies, err := os.MkdirTemp(s.dir, "curl-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(bodies)
	cmd := exec.Command(curl, "-q", "-K", "-")
	cmd.Env = []string{"HOME=" + bodies, "LC_ALL=C"} // no proxy variables of ours
	tickets := requests[0].Kerberos
	for _, r := range requests {
		if r.Kerberos != tickets {
			return nil, errors.New("one curl process cannot have the tickets of two users")
		}
	}
	if tickets != nil {
		cmd.Env = append(tickets.Env(), cmd.Env...)
	}
	cmd.Stdin = strings.NewReader(s.curlConfig(bodies, requests))
	// The exit code is that of the last transfer; each transfer's own is in
	// the output.
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	return readAnswers(string(out), bodies, requests)
}

// curlTimeout is in seconds, for one transfer: far more than any needs, so that
// a request Squid forgot about fails the test and does not hang it.
const curlTimeout = 40

func (s *Squid) curlConfig(bodies string, requests []Request) string {
	var config strings.Builder
	for i, r := range requests {
		if i > 0 {
			config.WriteString("next\n")
		}
		fmt.Fprintf(&config, "url = %q\n", r.URL)
		fmt.Fprintf(&config, "output = %q\n", filepath.Join(bodies, fmt.Sprint(i)))
		fmt.Fprintf(&config, "max-time = %d\nsilent\n", curlTimeout)
		config.WriteString(`write-out = "%{http_code} %{exitcode}\n"` + "\n")
		config.WriteString(s.curlLogin(r))
	}
	return config.String()
}

// curlLogin returns the lines that say who the client is, and to whom.
func (s *Squid) curlLogin(r Request) string {
	login := ""
	if r.Alone {
		login = "proxy-header = \"Proxy-Connection: close\"\n"
	}
	if r.Kerberos != nil {
		_, port, _ := strings.Cut(s.address, ":")
		name := r.Proxy
		if name == "" {
			name = "localhost"
		}
		return login + fmt.Sprintf("proxy = \"http://%[1]s:%[2]s\"\nresolve = \"%[1]s:%[2]s:127.0.0.1\"\n", name, port) +
			"proxy-negotiate\nproxy-user = \":\"\n"
	}
	login += fmt.Sprintf("proxy = \"http://%s\"\n", s.address)
	switch {
	case r.Authorization != "":
		return login + fmt.Sprintf("proxy-header = \"Proxy-Authorization: %s\"\n", r.Authorization)
	case r.Anonymous:
		return login
	}
	if r.NTLM {
		login += "proxy-ntlm\n"
	}
	return login + fmt.Sprintf("proxy-user = \"%s:%s\"\n", hexEscape(r.User), hexEscape(r.Password))
}

// hexEscape writes every byte as %XX. Curl decodes the value of proxy-user, so
// that any byte but NUL arrives as it is.
func hexEscape(s string) string {
	var out strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&out, "%%%02X", s[i])
	}
	return out.String()
}

func readAnswers(out, bodies string, requests []Request) ([]Answer, error) {
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if len(lines) != len(requests) {
		return nil, fmt.Errorf("curl reported %d transfers of %d", len(lines), len(requests))
	}
	answers := make([]Answer, len(requests))
	for i, line := range lines {
		a := Answer{Request: requests[i]}
		if _, err := fmt.Sscanf(line, "%d %d", &a.Status, &a.Exit); err != nil {
			return nil, fmt.Errorf("curl reported %q: %w", line, err)
		}
		// Without a body curl writes no file.
		body, err := os.ReadFile(filepath.Join(bodies, fmt.Sprint(i)))
		if err != nil && !os.IsNotExist(err) {
			return nil, err
		}
		a.Body = string(body)
		answers[i] = a
	}
	return answers, nil
}
