package try

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"squidauth/helper/printable"
	"squidauth/protocol"
)

// maxBody bounds what is read of a page that nobody looks at, and maxConn all that is read
// of a connection, in bytes.
const (
	maxBody = 1 << 20
	maxConn = 2 * maxLegs * maxBody
)

// proxyPeer is a proxy at work, on one connection: NTLM and Negotiate log in a connection.
type proxyPeer struct {
	scheme  string // as HTTP spells it
	address string
	url     *url.URL
	conn    net.Conn
	in      *bufio.Reader
}

func openProxy(scheme, address string, target *url.URL) *proxyPeer {
	return &proxyPeer{scheme: map[string]string{"basic": "Basic", "ntlm": "NTLM", "negotiate": "Negotiate"}[scheme], address: address, url: target}
}

func (p *proxyPeer) exchange(ctx context.Context, first bool, token []byte) (answer, error) {
	return p.ask(ctx, first, http.Header{"Proxy-Authorization": {p.scheme + " " + base64.StdEncoding.EncodeToString(token)}})
}

// checkAsks returns an error if the proxy lets in who does not log in: nobody knows then
// what it thinks of a login.
func (p *proxyPeer) checkAsks(ctx context.Context) error {
	a, err := p.ask(ctx, true, http.Header{})
	if err == nil && a.outcome == protocol.Accepted {
		err = fmt.Errorf("the proxy asks for no login: it answers %s to who sends none, so a wrong one would be as good; look at http_access in its squid.conf, or take another --url", printable.Text(a.said))
	}
	return err
}

// ask sends a request and returns what comes back, on a new connection if it is the first.
func (p *proxyPeer) ask(ctx context.Context, first bool, header http.Header) (answer, error) {
	if first {
		if err := p.dial(ctx); err != nil {
			return answer{}, err
		}
	}
	stop := context.AfterFunc(ctx, func() { p.conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	header.Set("User-Agent", "squidauth")
	request := &http.Request{Method: http.MethodGet, URL: p.url, Host: p.url.Host, Header: header}
	if p.url.Scheme == "https" {
		request.Method, request.URL = http.MethodConnect, &url.URL{Host: p.url.Host}
	}
	err := request.WriteProxy(p.conn)
	var response *http.Response
	if err == nil {
		response, err = http.ReadResponse(p.in, request)
	}
	switch {
	case ctx.Err() != nil:
		return answer{}, errors.New("the proxy did not answer in time")
	case err != nil:
		return answer{}, fmt.Errorf("the proxy: %w", err)
	}
	if request.Method != http.MethodConnect || response.StatusCode != http.StatusOK {
		io.Copy(io.Discard, io.LimitReader(response.Body, maxBody))
	}
	return p.read(response), nil
}

func (p *proxyPeer) dial(ctx context.Context) (err error) {
	p.close()
	p.conn, err = new(net.Dialer).DialContext(ctx, "tcp", p.address)
	if err == nil {
		p.in = bufio.NewReader(io.LimitReader(p.conn, maxConn))
	}
	return err
}

// read says what a response means. Whatever is not 407 is of somebody who was let in, or
// has no need to be.
func (p *proxyPeer) read(r *http.Response) answer {
	a := answer{outcome: protocol.Accepted, said: r.Status}
	if r.StatusCode != http.StatusProxyAuthRequired {
		return a
	}
	a.outcome = protocol.Denied
	for _, header := range r.Header.Values("Proxy-Authenticate") {
		scheme, encoded, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, p.scheme) {
			continue
		}
		if token, err := base64.StdEncoding.DecodeString(encoded); err == nil && len(token) > 0 {
			a.outcome, a.token = protocol.Continue, token
		}
	}
	return a
}

func (p *proxyPeer) close() {
	if p.conn != nil {
		p.conn.Close()
	}
}
