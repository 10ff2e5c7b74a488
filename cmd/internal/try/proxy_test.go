package try

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestProxy logs in to proxies that answer as the real ones do, and as none should.
func TestProxy(t *testing.T) {
	right := "Basic " + base64.StdEncoding.EncodeToString([]byte("alice:alices-secret"))
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Host == "forbidden.example":
			w.WriteHeader(http.StatusForbidden)
		case r.Header.Get("Proxy-Authorization") != right:
			w.Header().Add("Proxy-Authenticate", "Negotiate")
			w.Header().Add("Proxy-Authenticate", `Basic realm="proxy"`)
			w.WriteHeader(http.StatusProxyAuthRequired)
		default:
			fmt.Fprint(w, r.Method, " ", r.RequestURI)
		}
	}))
	defer proxy.Close()
	nonsense, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer nonsense.Close()
	go func() {
		for {
			conn, err := nonsense.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(conn, "nonsense\r\n\r\n")
			conn.Close()
		}
	}()
	address := strings.TrimPrefix(proxy.URL, "http://")
	for _, c := range []struct{ address, url, password, want string }{
		{address, "http://www.example/", "alices-secret", "OK 200 OK"},
		{address, "http://www.example/", "wrong", "ERR 407 Proxy Authentication Required"},
		{address, "http://forbidden.example/", "alices-secret", "OK 403 Forbidden"},
		{address, "https://www.example:443", "alices-secret", "OK 200 OK"},
		{nonsense.Addr().String(), "http://www.example/", "alices-secret", "the proxy: "},
		{"127.0.0.1:1", "http://www.example/", "alices-secret", "connection refused"},
	} {
		target, err := url.Parse(c.url)
		if err != nil {
			t.Fatal(err)
		}
		p := openProxy("basic", c.address, target)
		r := run(t.Context(), p, basicLogin("alice", c.password), nil)
		p.close()
		got := r.outcome.String() + " " + r.said
		if r.err != nil {
			got = r.err.Error()
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s %s: %s, want %s", c.url, c.password, got, c.want)
		}
	}
}

// TestOpenProxy: a proxy that asks nobody proves nothing of a login.
func TestOpenProxy(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host == "asks.example" && r.Header.Get("Proxy-Authorization") == "" {
			w.WriteHeader(http.StatusProxyAuthRequired)
		}
	}))
	defer proxy.Close()
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]int{"open.example": exitTrouble, "asks.example": 0} {
		for _, load := range []int{0, 2} {
			a := attempt{
				scheme: "basic", user: "alice", passwordFile: password, proxy: strings.TrimPrefix(proxy.URL, "http://"), url: "http://" + host + "/",
				patience: time.Minute, load: load, atOnce: 1,
			}
			if err := a.check(nil); err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			status, err := a.run(t.Context(), nil, &out)
			if status != want || (err != nil) != (want == exitTrouble) {
				t.Errorf("%s, load %d: status %d, %v\n%s", host, load, status, err, out.String())
			}
			if err != nil && (strings.Contains(out.String(), "let in after") || !strings.Contains(err.Error(), "asks for no login")) {
				t.Errorf("%v\n%s", err, out.String())
			}
		}
	}
}

// TestEndlessProxy: headers without end are not kept in memory without end.
func TestEndlessProxy(t *testing.T) {
	endless, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer endless.Close()
	sent := make(chan int, 1)
	go func() {
		conn, err := endless.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		n := 0
		_, err = io.WriteString(conn, "HTTP/1.1 407 Proxy Authentication Required\r\n")
		for header := "X: " + strings.Repeat("x", 64<<10) + "\r\n"; err == nil && n < 10*maxConn; n += len(header) {
			_, err = io.WriteString(conn, header)
		}
		sent <- n
	}()
	p := openProxy("basic", endless.Addr().String(), &url.URL{Scheme: "http", Host: "www.example"})
	if r := run(t.Context(), p, basicLogin("alice", "x"), nil); r.err == nil {
		t.Errorf("%+v", r)
	}
	p.close()
	if n := <-sent; n >= 10*maxConn {
		t.Errorf("%d bytes of headers were read", n)
	}
}

// TestSilentProxy: nobody waits longer than told.
func TestSilentProxy(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	p := openProxy("ntlm", silent.Addr().String(), &url.URL{Scheme: "http", Host: "www.example"})
	defer p.close()
	if r := run(ctx, p, &ntlmLogin{user: "alice", password: "x"}, nil); r.err == nil || !strings.Contains(r.err.Error(), "did not answer in time") {
		t.Errorf("%+v", r)
	}
}

func TestSummary(t *testing.T) {
	s := summary{outcomes: map[string]int{}}
	for i := range 100 {
		s.add(result{took: time.Duration(i+1) * time.Millisecond, said: fmt.Sprint("reply ", i)})
	}
	if s.quantile(.5) != 51*time.Millisecond || s.quantile(1) != 100*time.Millisecond || len(s.outcomes) != 21 || s.outcomes["others"] != 80 {
		t.Errorf("%v %v %v", s.quantile(.5), s.quantile(1), s.outcomes)
	}
	if new(summary).quantile(.5) != 0 {
		t.Error("a time of nothing")
	}
}

func TestBar(t *testing.T) {
	var b strings.Builder
	drawn := &bar{out: &b}
	drawn.draw(1, 4)
	drawn.draw(4, 4)
	drawn.end()
	var none *bar
	none.draw(1, 2)
	none.end()
	if got := b.String(); !strings.Contains(got, "[##########"+strings.Repeat(" ", 30)+"] 1/4") || !strings.HasSuffix(got, strings.Repeat("#", 40)+"] 4/4\n") {
		t.Errorf("%q", got)
	}
}
