package kerberos

import (
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"squidauth/negotiate/kerberos/internal/enctype"
)

// ticket is a decrypted ticket. It may be read by several goroutines.
type ticket struct {
	encTicketPart
	service serviceKey
	session *cipher
	pac     []byte // AD-WIN2K-PAC, as it stands in the ticket
	size    int    // of the ticket in bytes

	once    sync.Once
	derived any // see Context.Once
}

// openTicket decrypts the ticket with one of the keyring's keys. A ticket that was
// decrypted before, as all that a browser sends for one login are, is not
// decrypted again.
func (a *Acceptor) openTicket(k *Keyring, s *sealed) (*ticket, error) {
	now := a.Now()
	id := sha256.Sum256(s.part.Cipher)
	if known := k.tickets.get(id); known != nil && known.fits(s, a.SPNs, now) {
		return known, nil
	}
	keys := k.candidates(s, a.SPNs, now)
	if len(keys) == 0 {
		return nil, refuse(NoKey, "the ticket is for %s, the keytab has %s", s.describe(), k.Describe())
	}
	for _, key := range keys {
		plain, err := key.cipher.decrypt(usageTicket, s.part.Cipher)
		if err != nil {
			continue
		}
		opened, err := readTicket(plain, key)
		if err != nil {
			return nil, err
		}
		k.tickets.put(id, opened)
		return opened, nil
	}
	return nil, refuse(BadTicket, "no key decrypts the ticket for %s; the keytab has %s: if the account's password was changed, the keytab is out of date", s.describe(), k.Describe())
}

// fits reports whether the key that decrypted the ticket would be tried again.
func (t *ticket) fits(s *sealed, spns []string, now time.Time) bool {
	return allowed(t.service.principal, spns) && t.service.cipher.key.KeyType == s.part.EType && !t.service.expired(now)
}

func readTicket(plain []byte, s serviceKey) (*ticket, error) {
	part, err := readEncTicketPart(plain)
	if err != nil {
		return nil, err
	}
	if err := checkName(part.cname, part.crealm); err != nil {
		return nil, err
	}
	session, err := newCipher(part.key)
	if err != nil {
		return nil, refuse(WeakEncryption, "the ticket's session key cannot be used").because(err)
	}
	pac, err := findPAC(part.authData)
	if err != nil {
		return nil, err
	}
	return &ticket{encTicketPart: *part, service: s, session: session, pac: pac, size: len(plain)}, nil
}

// describe says in words what the ticket is for.
func (s *sealed) describe() string {
	return fmt.Sprintf("%s kvno %d %s", shown(s.sname.String()+"@"+s.realm), uint32(s.part.KVNO), enctype.Name(s.part.EType))
}

// What a keyring remembers of tickets is bounded: a proxy's process sees a few
// hundred users in a ticket's life time. A ticket of Active Directory has 1 to 12
// KB, and what is made of its PAC takes up to four times as much.
const (
	maxTickets     = 128
	maxTicketBytes = 1 << 20
)

// ticketCache remembers decrypted tickets by the hash of their cipher text. Once
// it is full it starts afresh: what counts is the user who comes again soon.
type ticketCache struct {
	mu      sync.Mutex
	entries map[[sha256.Size]byte]*ticket
	bytes   int
}

func newTicketCache() *ticketCache {
	return &ticketCache{entries: map[[sha256.Size]byte]*ticket{}}
}

func (c *ticketCache) get(id [sha256.Size]byte) *ticket {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.entries[id]
}

func (c *ticketCache) put(id [sha256.Size]byte, t *ticket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= maxTickets || c.bytes+t.size > maxTicketBytes {
		clear(c.entries)
		c.bytes = 0
	}
	c.entries[id] = t
	c.bytes += t.size
}
