package locator

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

const realm = "example.test"

// recorded returns an answer of Samba.
func recorded(tb testing.TB, name string) []byte {
	tb.Helper()
	text, err := os.ReadFile("testdata/samba-4.17.txt")
	if err != nil {
		tb.Fatal(err)
	}
	_, digits, _ := strings.Cut(string(text), "\n"+name+" ")
	digits, _, _ = strings.Cut(digits, "\n")
	b, err := hex.DecodeString(digits)
	if err != nil || len(b) == 0 {
		tb.Fatalf("%s: %v", name, err)
	}
	return b
}

// value builds a NETLOGON_SAM_LOGON_RESPONSE_EX.
func value(operation uint16, flags uint32, domain, host, site string) []byte {
	b := binary.LittleEndian.AppendUint16(nil, operation)
	b = binary.LittleEndian.AppendUint32(append(b, 0, 0), flags)
	b = append(b, make([]byte, 16)...)
	for _, name := range []string{domain, domain, host, "EXAMPLE", "DC", "", site, site} {
		if name != "" {
			for label := range strings.SplitSeq(name, ".") {
				b = append(append(b, byte(len(label))), label...)
			}
		}
		b = append(b, 0)
	}
	return append(b, 5, 0, 0, 0, 0xff, 0xff, 0xff, 0xff)
}

// message builds the answer to a ping.
func message(value []byte) []byte {
	return element(tagSequence, element(tagInteger, []byte{1}),
		element(tagSearchEntry, element(tagOctetString),
			element(tagSequence, element(tagSequence,
				element(tagOctetString, []byte("Netlogon")), element(tagSet, element(tagOctetString, value))))))
}

// host is how a domain controller answers pings.
type host struct {
	flags  uint32
	site   string        // what it thinks of the client
	delay  time.Duration // of an answer
	silent bool
	tcp    bool // does not answer over UDP
	domain string
	answer []byte // instead of what it should
}

var errRefused = errors.New("connection refused by the test")

// world is a network with domain controllers and a DNS.
type world struct {
	hosts   map[string]*host
	records map[string][]string // by name
	asked   []string
	pings   chan string
}

func newWorld(hosts map[string]*host, records map[string][]string) *world {
	return &world{hosts: hosts, records: records, pings: make(chan string, 100)}
}

func (w *world) LookupSRV(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	name, _ = strings.CutSuffix(name, ".")
	full := "_" + service + "._" + proto + "." + name
	w.asked = append(w.asked, full)
	var list []*net.SRV
	for _, h := range w.records[full] {
		list = append(list, &net.SRV{Target: h + ".", Port: 389})
	}
	if list == nil {
		return "", nil, &net.DNSError{Err: "no such host", Name: full, IsNotFound: true}
	}
	return full, list, nil
}

func (w *world) dial(_ context.Context, network, address string) (net.Conn, error) {
	name, port, err := net.SplitHostPort(address)
	if err != nil || port != "389" {
		return nil, errRefused
	}
	h := w.hosts[name]
	if h == nil {
		return nil, errRefused
	}
	w.pings <- network + " " + name
	client, server := net.Pipe()
	go h.serve(server, name, network)
	return client, nil
}

func (h *host) serve(c net.Conn, name, network string) {
	defer c.Close()
	if _, err := io.ReadFull(c, make([]byte, len(pingRequest(realm)))); err != nil {
		return
	}
	time.Sleep(h.delay) // in virtual time
	answer := h.answer
	if answer == nil {
		domain := h.domain
		if domain == "" {
			domain = realm
		}
		answer = message(value(opLogonResponseEX, h.flags, domain, name, h.site))
	}
	if !h.silent && (!h.tcp || network == "tcp") {
		_, _ = c.Write(answer)
	}
	_, _ = io.Copy(io.Discard, c) // until the client goes
}

func (w *world) locator() *Locator {
	return &Locator{Realm: realm, Resolver: w, Dial: w.dial}
}
