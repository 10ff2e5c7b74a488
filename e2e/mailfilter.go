//go:build unix

package e2e

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
)

// WithoutPLAIN returns the URI of a server that passes everything on to and from the
// plain port of a protocol, but for the offer of the mechanism PLAIN: clients must then
// log in by the protocol's other means.
func (d *Dovecot) WithoutPLAIN(t testing.TB, protocol string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", d.address[protocol])
			if err != nil {
				client.Close()
				continue
			}
			go func() {
				_, _ = io.Copy(server, client)
				server.Close()
			}()
			go withoutPLAIN(client, server)
		}
	}()
	return protocol + "://" + listener.Addr().String()
}

// withoutPLAIN passes lines on until one side closes.
func withoutPLAIN(client, server net.Conn) {
	defer client.Close()
	lines := bufio.NewReader(server)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		if _, err := io.WriteString(client, strings.ReplaceAll(line, "PLAIN", "XLAIN")); err != nil {
			return
		}
	}
}
