package kdc

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/krbtest"
)

// A stored is a ticket that a cache is to have.
type stored struct {
	initiator.Credential
	flaw func([]byte) []byte // of the entry; may be nil
}

// cacheOf writes a credential cache of the version, 3 or 4. Version 4 has a
// header, of a field as MIT's kinit writes it.
func cacheOf(version byte, user initiator.Principal, entries ...stored) []byte {
	b := []byte{5, version}
	if version == 4 {
		b = append(b, 0, 12, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0)
	}
	b = appendPrincipal(b, user)
	for _, e := range entries {
		entry := appendPrincipal(nil, e.Client)
		entry = appendPrincipal(entry, initiator.Principal{Name: e.Ticket.SName, Realm: e.Ticket.SRealm})
		for range 5 - version { // twice in version 3
			entry = binary.BigEndian.AppendUint16(entry, uint16(e.Session.KeyType))
		}
		entry = appendData(entry, e.Session.KeyValue)
		for _, at := range []time.Time{krbtest.AuthTime(), krbtest.AuthTime(), e.EndTime, e.EndTime} {
			entry = binary.BigEndian.AppendUint32(entry, uint32(at.Unix()))
		}
		entry = append(entry, 0, 0x40, 0xe1, 0, 0)
		for _, n := range []uint32{1, 2} { // addresses, authorization data
			entry = binary.BigEndian.AppendUint32(entry, n)
			for range n {
				entry = appendData(append(entry, 0, 2), []byte{127, 0, 0, 1})
			}
		}
		entry = appendData(appendData(entry, e.Ticket.Marshal()), nil)
		if e.flaw != nil {
			entry = e.flaw(entry)
		}
		b = append(b, entry...)
	}
	return b
}

func appendPrincipal(b []byte, p initiator.Principal) []byte {
	b = binary.BigEndian.AppendUint32(b, 1)
	b = binary.BigEndian.AppendUint32(b, uint32(len(p.Name)))
	for _, s := range append([]string{p.Realm}, p.Name...) {
		b = appendData(b, []byte(s))
	}
	return b
}

func appendData(b, data []byte) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(data))), data...)
}

// serve starts a KDC that answers each request with what answer returns, framed
// by it, and returns its address. It closes the connection at nil.
func serve(t *testing.T, answer func(request []byte) []byte) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			var size [4]byte
			if _, err := io.ReadFull(conn, size[:]); err == nil {
				request := make([]byte, binary.BigEndian.Uint32(size[:]))
				if _, err := io.ReadFull(conn, request); err == nil {
					_, _ = conn.Write(answer(request)) // the client may be gone
				}
			}
			conn.Close()
		}
	}()
	return listener.Addr().String()
}

func frame(message []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...)
}

// grants answers as a KDC with the ticket-granting ticket's session key does.
func grants(t *testing.T, tgt initiator.Credential, change func(*krbtest.Grant)) func([]byte) []byte {
	return func(request []byte) []byte {
		grant, err := krbtest.NewGrant(request, tgt)
		if err != nil {
			t.Error(err)
			return nil
		}
		if change != nil {
			change(grant)
		}
		return frame(grant.Answer())
	}
}

// open returns a client with the cache and the KDCs of realms: addresses follow
// their realm.
func open(t *testing.T, cache []byte, config string) (*Client, error) {
	t.Helper()
	dir := t.TempDir()
	env := map[string]string{"KRB5CCNAME": "FILE:" + filepath.Join(dir, "cc"), "KRB5_CONFIG": filepath.Join(dir, "krb5.conf")}
	for path, content := range map[string][]byte{"cc": cache, "krb5.conf": []byte(config)} {
		if content == nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, path), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Open(lookup(env), 1000, now)
}

func mustOpen(t *testing.T, cache []byte, config string) *Client {
	t.Helper()
	c, err := open(t, cache, config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func lookup(env map[string]string) Lookup {
	return func(name string) (string, bool) {
		v, ok := env[name]
		return v, ok
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func now() time.Time { return krbtest.Now }

// realms writes a krb5.conf in which each realm has the KDC that follows it.
func realms(pairs ...string) string {
	text := "[libdefaults]\n dns_lookup_kdc = no\n[realms]\n"
	for i := 0; i < len(pairs); i += 2 {
		text += fmt.Sprintf(" %s = {\n  kdc = %s\n }\n", pairs[i], pairs[i+1])
	}
	return text
}
