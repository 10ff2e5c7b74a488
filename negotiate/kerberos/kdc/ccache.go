package kdc

import (
	"errors"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/kerberos/initiator"
)

// entry is a credential of a cache.
type entry struct {
	client, server initiator.Principal
	key            types.EncryptionKey
	end            time.Time
	ticket         []byte
}

var (
	errNoCache  = errors.New("it is not a credential cache, or is cut short")
	errOldCache = errors.New("it is of a version that kinit has not written for twenty years")
)

// parseCache reads the content of a FILE credential cache, version 3 or 4 (MIT
// Kerberos documentation, "Credential cache file format").
func parseCache(content []byte) (user initiator.Principal, entries []entry, err error) {
	s := cryptobyte.String(content)
	var magic, version uint8
	if !s.ReadUint8(&magic) || magic != 5 || !s.ReadUint8(&version) {
		return user, nil, errNoCache
	}
	var header cryptobyte.String
	switch {
	case version < 3:
		return user, nil, errOldCache
	case version == 4 && !s.ReadUint16LengthPrefixed(&header):
		return user, nil, errNoCache
	}
	c := cache{s, version, false}
	user = c.principal()
	for !c.broken && !c.rest.Empty() {
		entries = append(entries, c.entry())
	}
	if c.broken || len(user.Name) == 0 {
		return initiator.Principal{}, nil, errNoCache
	}
	return user, entries, nil
}

// cache reads the parts of a cache. After the first fault all reads return zero
// values, and broken is set.
type cache struct {
	rest    cryptobyte.String
	version uint8
	broken  bool
}

func (c *cache) entry() (e entry) {
	e.client, e.server = c.principal(), c.principal()
	kind := c.uint16()
	if c.version == 3 {
		kind = c.uint16() // again
	}
	e.key = types.EncryptionKey{KeyType: int32(int16(kind)), KeyValue: c.data()}
	c.bytes(4 + 4) // when the user logged in, and when the ticket begins
	e.end = time.Unix(int64(c.uint32()), 0)
	c.bytes(4 + 1 + 4) // renewable until, whether it is for user to user, flags
	c.list()           // addresses
	c.list()           // authorization data
	e.ticket = c.data()
	c.data() // second ticket
	return e
}

func (c *cache) principal() (p initiator.Principal) {
	c.uint32() // its type
	n := c.uint32()
	p.Realm = string(c.data())
	for range n {
		if c.broken {
			return initiator.Principal{}
		}
		p.Name = append(p.Name, string(c.data()))
	}
	return p
}

// list passes over a list of typed data.
func (c *cache) list() {
	for range c.uint32() {
		if c.broken {
			return
		}
		c.uint16()
		c.data()
	}
}

func (c *cache) data() []byte { return c.bytes(int64(c.uint32())) }

func (c *cache) bytes(n int64) (b []byte) {
	if c.broken || n > int64(len(c.rest)) || !c.rest.ReadBytes(&b, int(n)) {
		c.broken = true
		return nil
	}
	return b
}

func (c *cache) uint16() (v uint16) {
	c.broken = c.broken || !c.rest.ReadUint16(&v)
	return v
}

func (c *cache) uint32() (v uint32) {
	c.broken = c.broken || !c.rest.ReadUint32(&v)
	return v
}
