package epm

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"squidauth/ntlm/netlogon/dctest"
	"squidauth/ntlm/netlogon/ndr"
	"squidauth/ntlm/netlogon/rpc"
)

// answer builds the answer to ept_map.
func answer(status uint32, towers ...string) string {
	var w ndr.Writer
	w.Raw(make([]byte, handle))
	w.Uint32(uint32(len(towers)))
	w.Uint32(maxTowers)
	w.Uint32(0)
	w.Uint32(uint32(len(towers)))
	for range towers {
		w.Pointer()
	}
	for _, t := range towers {
		w.Uint32(uint32(len(t)))
		w.Uint32(uint32(len(t)))
		w.Raw([]byte(t))
	}
	w.Uint32(status)
	return string(w.Bytes())
}

func tower(iface rpc.Syntax, port uint16) string { return string(appendTower(nil, iface, port)) }

func recorded(tb testing.TB) string {
	tb.Helper()
	text, err := os.ReadFile("testdata/samba-4.17.txt")
	if err != nil {
		tb.Fatal(err)
	}
	_, digits, _ := strings.Cut(string(text), "\n")
	b, err := hex.DecodeString(strings.TrimSpace(digits))
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

func TestAnswer(t *testing.T) {
	named := "\x04\x00" + tower(rpc.Netlogon, 0)[2:57] + "\x01\x00\x0b\x02\x00\x00\x00\x01\x00\x0f\x05\x00\\lsa\x00"
	other := rpc.Netlogon
	other.Major++
	short := tower(rpc.Netlogon, 1)
	ndr64 := strings.Replace(tower(rpc.Netlogon, 7), string(rpc.NDR.UUID[:]), "\x33\x05\x71\x71\xba\xbe\x37\x49\x83\x19\xb5\xdb\xef\x9c\xcc\x36", 1)
	datagrams := strings.Replace(tower(rpc.Netlogon, 7), "\x01\x00\x0b", "\x01\x00\x0a", 1)
	tests := []struct {
		name   string
		answer string
		want   string
	}{
		{"Samba's", recorded(t), "[49152]"},
		{"one", answer(0, tower(rpc.Netlogon, 49152)), "[49152]"},
		{"several", answer(0, tower(rpc.Netlogon, 49152), tower(rpc.Netlogon, 1024)), "[49152 1024]"},
		{"of many", answer(0, tower(rpc.EPM, 135), named, ndr64, datagrams, tower(other, 7), tower(rpc.Netlogon, 0), tower(rpc.Netlogon, 8)), "[8]"},
		{"cut short", answer(0, short[:len(short)-20], "", "\x05\x00", short[:30], short), "[1]"},
		{"none", answer(0), errNoEndpoint.Error()},
		{"not registered", answer(notRegistered), errNoEndpoint.Error()},
		{"not registered, as Windows says", answer(notRegisteredWin32), errNoEndpoint.Error()},
		{"another status", answer(5), "epm: status 0x00000005"},
		{"another count", strings.Replace(answer(0, short), "\x01\x00\x00\x00", "\x02\x00\x00\x00", 1), errNoEndpoint.Error()},
		{"4 billion towers", answer(0)[:24] + "\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff", "epm: ndr: the data is cut short"},
		{"more behind", answer(0, short) + "x", "epm: ndr: there is more data than was announced"},
		{"empty", "", "epm: ndr: the data is cut short"},
	}
	for _, c := range tests {
		ports, err := parseAnswer(c.answer, rpc.Netlogon)
		got := fmt.Sprint(ports)
		if err != nil {
			got = err.Error()
		}
		if got != c.want || err != nil && ports != nil {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// TestTruncated cuts Samba's answer everywhere.
func TestTruncated(t *testing.T) {
	whole := recorded(t)
	for n := range whole {
		if ports, err := parseAnswer(whole[:n], rpc.Netlogon); err == nil {
			t.Errorf("%d bytes: %v", n, ports)
		}
	}
}

func TestPorts(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dial := func() *rpc.Conn {
		connection, err := dctest.New().Dial(ctx, "", "")
		if err != nil {
			t.Fatal(err)
		}
		c, err := rpc.Bind(ctx, connection, rpc.EPM, nil)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if ports, err := Ports(ctx, dial(), rpc.Netlogon); err != nil || fmt.Sprint(ports) != fmt.Sprintf("[%d]", dctest.Port) {
		t.Errorf("%v, %v", ports, err)
	}
	closed := dial()
	closed.Close()
	var notSent *rpc.NotSent
	if ports, err := Ports(ctx, closed, rpc.Netlogon); !errors.As(err, &notSent) {
		t.Errorf("%v, %v", ports, err)
	}
}

// FuzzAnswer checks that there are ports or an error, and no port is 0.
func FuzzAnswer(f *testing.F) {
	f.Add(recorded(f))
	f.Add(answer(0, tower(rpc.Netlogon, 49152), tower(rpc.EPM, 135)))
	f.Fuzz(func(t *testing.T, data string) {
		ports, err := parseAnswer(data, rpc.Netlogon)
		if (len(ports) == 0) != (err != nil) || len(ports) > len(data)/4 {
			t.Fatalf("%v, %v", ports, err)
		}
		for _, p := range ports {
			if p == 0 {
				t.Fatal("port 0")
			}
		}
	})
}

// FuzzTower checks that what is built is read, whatever is behind it.
func FuzzTower(f *testing.F) {
	f.Add(uint16(135), uint16(1), "")
	f.Add(uint16(0), uint16(0xffff), "more")
	f.Fuzz(func(t *testing.T, port, major uint16, rest string) {
		s := rpc.Syntax{UUID: rpc.UUID{1, 2, 3}, Major: major}
		if got := portOf(tower(s, port)+rest, s); got != port {
			t.Fatalf("%d became %d", port, got)
		}
		if got := portOf(rest, s); got != 0 && len(rest) < 60 {
			t.Fatalf("%d of %q", got, rest)
		}
	})
}
