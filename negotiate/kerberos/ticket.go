package kerberos

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/jcmturner/gokrb5/v8/iana/adtype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// ticket is the decrypted part of a ticket (RFC 4120 section 5.3).
type ticket struct {
	messages.EncTicketPart
	service serviceKey
	session *cipher
	pac     []byte // AD-WIN2K-PAC, as it stands in the ticket

	once    sync.Once
	derived any // see Context.Once
}

// openTicket decrypts the ticket with one of the keyring's keys. A ticket that was
// decrypted before, as all that a browser sends for one login are, is not
// decrypted again.
func (a *Acceptor) openTicket(k *Keyring, t *messages.Ticket) (*ticket, error) {
	id := sha256.Sum256(t.EncPart.Cipher)
	if known := k.tickets.get(id); known != nil && allowed(known.service.principal, a.SPNs) && known.service.cipher.key.KeyType == t.EncPart.EType {
		return known, nil
	}
	keys := k.candidates(t, a.SPNs)
	if len(keys) == 0 {
		return nil, refuse(NoKey, "the ticket is for %s, the keytab has %s", describeTicket(t), k.Describe())
	}
	for _, s := range keys {
		plain, err := s.cipher.decrypt(usageTicket, t.EncPart.Cipher)
		if err != nil {
			continue
		}
		opened, err := readTicket(plain, s)
		if err != nil {
			return nil, err
		}
		k.tickets.put(id, opened)
		return opened, nil
	}
	return nil, refuse(BadTicket, "no key decrypts the ticket for %s; the keytab has %s: if the account's password was changed, the keytab is out of date", describeTicket(t), k.Describe())
}

func readTicket(plain []byte, s serviceKey) (*ticket, error) {
	t := &ticket{service: s}
	if err := t.Unmarshal(plain); err != nil {
		return nil, refuse(Malformed, "the decrypted ticket cannot be read").because(err)
	}
	if err := checkName(t.CName, t.CRealm); err != nil {
		return nil, err
	}
	session, err := newCipher(t.Key)
	if err != nil {
		return nil, refuse(WeakEncryption, "the ticket's session key cannot be used").because(err)
	}
	t.session = session
	t.pac = findPAC(t.AuthorizationData)
	return t, nil
}

func describeTicket(t *messages.Ticket) string {
	return fmt.Sprintf("%s kvno %d %s", printable(principalName(t.SName)+"@"+t.Realm), t.EncPart.KVNO, enctypeName(t.EncPart.EType))
}

// printable makes text from the network fit for a log: some of it, and nothing
// that moves a cursor.
func printable(s string) string {
	const most = 256
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, strings.ToValidUTF8(s[:min(len(s), most)], "?"))
	return s
}

// maxName bounds a client's name and realm in bytes. Directories allow far less.
const maxName = 1024

// checkName refuses names that no directory holds, and that could be taken for
// something else where they are printed: MIT and Microsoft allow any bytes. It
// also refuses who is nobody (RFC 8062 section 3).
func checkName(name types.PrincipalName, realm string) error {
	whole := principalName(name)
	switch {
	case len(name.NameString) == 0 || realm == "":
		return refuse(BadName, "the ticket names no client")
	case len(whole)+len(realm) > maxName:
		return refuse(BadName, "the client's name is longer than %d bytes", maxName)
	case whole == "WELLKNOWN/ANONYMOUS" || realm == "WELLKNOWN:ANONYMOUS":
		return refuse(BadName, "the ticket is of an anonymous client")
	}
	for _, part := range append([]string{realm}, name.NameString...) {
		if part == "" || !utf8.ValidString(part) || strings.ContainsFunc(part, unicode.IsControl) {
			return refuse(BadName, "the client's name %q is not printable UTF-8", whole+"@"+realm)
		}
	}
	return nil
}

// maxAuthData bounds the elements looked at, and how deep they nest.
const maxAuthData = 64

// findPAC returns the PAC of a ticket: an AD-WIN2K-PAC in an AD-IF-RELEVANT
// ([MS-KILE] 2.2). Elements that cannot be read are passed over.
func findPAC(data types.AuthorizationData) []byte {
	for _, ad := range data[:min(len(data), maxAuthData)] {
		if ad.ADType != adtype.ADIfRelevant {
			continue
		}
		var inner types.AuthorizationData
		if inner.Unmarshal(ad.ADData) != nil {
			continue
		}
		for _, e := range inner[:min(len(inner), maxAuthData)] {
			if e.ADType == adtype.ADWin2KPAC {
				return bytes.Clone(e.ADData)
			}
		}
	}
	return nil
}

// maxTickets bounds the tickets that a keyring remembers. A proxy's process sees
// a few hundred users in a ticket's life time; a ticket takes some 2 KB, with a
// large PAC 60 KB.
const maxTickets = 128

// ticketCache remembers decrypted tickets by the hash of their cipher text. Once
// it is full it starts afresh: what counts is the user who comes again soon.
type ticketCache struct {
	mu      sync.Mutex
	entries map[[sha256.Size]byte]*ticket
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
	if len(c.entries) >= maxTickets {
		clear(c.entries)
	}
	c.entries[id] = t
}
