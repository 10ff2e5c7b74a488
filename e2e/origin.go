//go:build unix

package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// Origin is the web server behind the proxy. It hands out addresses that no
// other request uses, so that a test can tell which answer belongs to which
// request. Its methods may be called concurrently.
type Origin struct {
	server *httptest.Server

	mu   sync.Mutex
	next int
	hits map[string]int
}

// StartOrigin starts a web server on loopback for the length of the test.
func StartOrigin(t testing.TB) *Origin {
	t.Helper()
	o := &Origin{hits: make(map[string]int)}
	o.server = httptest.NewServer(http.HandlerFunc(o.serve))
	t.Cleanup(o.server.Close)
	return o
}

func (o *Origin) serve(w http.ResponseWriter, r *http.Request) {
	url := o.server.URL + r.URL.Path
	o.mu.Lock()
	o.hits[url]++
	o.mu.Unlock()
	fmt.Fprint(w, OriginBody(url))
}

// OriginBody is what the origin answers a request for url with.
func OriginBody(url string) string {
	return "the origin answers " + url + "\n"
}

// URL returns an address that it returned to nobody before.
func (o *Origin) URL() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.next++
	return fmt.Sprintf("%s/request/%d", o.server.URL, o.next)
}

// Hits returns how often url was asked for.
func (o *Origin) Hits(url string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.hits[url]
}

// Total returns how many requests there were.
func (o *Origin) Total() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	total := 0
	for _, n := range o.hits {
		total += n
	}
	return total
}
