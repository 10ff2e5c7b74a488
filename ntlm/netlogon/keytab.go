package netlogon

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"
	"strings"

	"squidauth/ntlm/ntlmssp"
)

var (
	errKeytab = errors.New("is a keytab that is cut short, or of an old format")
	errNoRC4  = errors.New("is a keytab without a key of the machine account for rc4-hmac, which Netlogon needs: make it with that, or give the password instead")
)

const (
	keytabVersion = "\x05\x02"
	etypeRC4      = 23
)

func isKeytab(content []byte) bool { return len(content) > 0 && content[0] == keytabVersion[0] }

// keytabEntry is what counts of an entry.
type keytabEntry struct {
	kvno uint32
	hash ntlmssp.Key
}

// keytabHashes returns the RC4 keys of an account, the newest first. The format is
// MIT's version 2, in which all numbers are big-endian.
func keytabHashes(content []byte, account string) ([]ntlmssp.Key, error) {
	rest, ok := strings.CutPrefix(string(content), keytabVersion)
	if !ok {
		return nil, errKeytab
	}
	var entries []keytabEntry
	for rest != "" {
		record, more, err := cutRecord(rest)
		if err != nil {
			return nil, err
		}
		rest = more
		if e, ok := parseEntry(record, account); ok {
			entries = append(entries, e)
		}
	}
	slices.SortStableFunc(entries, func(a, b keytabEntry) int { return cmp.Compare(b.kvno, a.kvno) })
	var hashes []ntlmssp.Key
	for _, e := range entries {
		if !slices.Contains(hashes, e.hash) {
			hashes = append(hashes, e.hash)
		}
	}
	if len(hashes) == 0 {
		return nil, errNoRC4
	}
	return hashes, nil
}

// cutRecord takes a record off the front. One of negative length is a hole, and
// returned empty.
func cutRecord(b string) (record, rest string, err error) {
	if len(b) < 4 {
		return "", "", errKeytab
	}
	size := int64(int32(binary.BigEndian.Uint32([]byte(b[:4]))))
	b = b[4:]
	hole := size < 0
	if hole {
		size = -size
	}
	if size == 0 || size > int64(len(b)) {
		return "", "", errKeytab
	}
	if hole {
		return "", b[size:], nil
	}
	return b[:size], b[size:], nil
}

// parseEntry reads an entry: principal, time, kvno, key, and a kvno of 32 bits. It
// is not ok if the entry is of another account or encryption type, or malformed.
func parseEntry(record, account string) (e keytabEntry, ok bool) {
	c := keytabCursor{record}
	components := c.number(2)
	c.text() // realm
	name := c.text()
	if components != 1 || !strings.EqualFold(name, account) {
		return keytabEntry{}, false
	}
	c.take(4 + 4) // type of the name, time
	e.kvno = c.number(1)
	etype := c.number(2)
	key := c.text()
	if etype != etypeRC4 || len(key) != len(e.hash) {
		return keytabEntry{}, false
	}
	copy(e.hash[:], key)
	if len(c.rest) >= 4 {
		if kvno := c.number(4); kvno != 0 {
			e.kvno = kvno
		}
	}
	return e, true
}

// keytabCursor reads a record. What is not there is zero.
type keytabCursor struct{ rest string }

func (c *keytabCursor) take(n int) string {
	n = min(n, len(c.rest))
	part := c.rest[:n]
	c.rest = c.rest[n:]
	return part
}

func (c *keytabCursor) number(size int) (v uint32) {
	for _, b := range []byte(c.take(size)) {
		v = v<<8 | uint32(b)
	}
	return v
}

func (c *keytabCursor) text() string { return c.take(int(c.number(2))) }
