package kerberos

import (
	"crypto/hmac"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/kerberos/internal/enctype"
	"squidauth/negotiate/kerberos/internal/keytab"
)

// Keyring holds the keys of a keytab. It is immutable, but for what it remembers
// of tickets, and may be used from several goroutines.
type Keyring struct {
	keys    []serviceKey
	tickets *ticketCache
}

// serviceKey is one entry of a keytab.
type serviceKey struct {
	principal string // HTTP/proxy.example.org@EXAMPLE.ORG
	kvno      uint32
	cipher    *cipher
	until     time.Time // when it is no longer used; zero: never
}

// ParseKeytab reads the content of a keytab file. Entries of unusable encryption
// types are left out.
func ParseKeytab(content []byte) (*Keyring, error) {
	entries, err := keytab.Parse(content)
	if err != nil {
		return nil, err
	}
	k := &Keyring{tickets: newTicketCache()}
	for _, e := range entries {
		c, err := newCipher(e.Key)
		if err != nil {
			return nil, err
		}
		name := strings.Join(e.Components, "/") + "@" + e.Realm
		k.keys = append(k.keys, serviceKey{principal: name, kvno: e.Kvno, cipher: c})
	}
	return k, nil
}

// Keeping returns the keyring together with keys of an older one that it lacks,
// which stay usable until then, or until what was said of them before.
func (k *Keyring) Keeping(older *Keyring, until time.Time) *Keyring {
	all := &Keyring{keys: slices.Clone(k.keys), tickets: newTicketCache()}
	for _, s := range older.keys {
		if slices.ContainsFunc(k.keys, s.same) {
			continue
		}
		if s.until.IsZero() {
			s.until = until
		}
		all.keys = append(all.keys, s)
	}
	return all
}

func (s serviceKey) same(t serviceKey) bool {
	return s.principal == t.principal && s.kvno == t.kvno && s.cipher.key.KeyType == t.cipher.key.KeyType &&
		hmac.Equal(s.cipher.key.KeyValue, t.cipher.key.KeyValue)
}

func (s serviceKey) expired(now time.Time) bool { return !s.until.IsZero() && now.After(s.until) }

// maxDescribed bounds the keys in a description, which goes into a log line.
const maxDescribed = 16

// Describe lists the keys in words, without their values.
func (k *Keyring) Describe() string {
	var out []string
	for i, s := range k.keys {
		if i == maxDescribed {
			out = append(out, fmt.Sprintf("and %d more", len(k.keys)-i))
			break
		}
		out = append(out, fmt.Sprintf("%s kvno %d %s", s.principal, s.kvno, enctype.Name(s.cipher.key.KeyType)))
	}
	return strings.Join(out, ", ")
}

// Service returns the keyring's principal, with its realm, that is spn, which may lack
// the realm; or, of an empty spn, the first that begins with HTTP/, or the first. It is
// empty if there is none.
func (k *Keyring) Service(spn string) string {
	first := ""
	for _, s := range k.keys {
		switch {
		case spn != "" && allowed(s.principal, []string{spn}), spn == "" && strings.HasPrefix(s.principal, "HTTP/"):
			return s.principal
		case spn == "" && first == "":
			first = s.principal
		}
	}
	return first
}

// Key returns the newest key of a principal, with realm, that is of an encryption type.
func (k *Keyring) Key(principal string, etype int32) (key types.EncryptionKey, kvno uint32, ok bool) {
	for _, s := range k.keys {
		if s.principal == principal && s.cipher.key.KeyType == etype && (!ok || s.kvno > kvno) {
			key, kvno, ok = s.cipher.key, s.kvno, true
		}
	}
	return key, kvno, ok
}

// candidates returns the keys to try on a ticket, the likeliest first. As in MIT
// krb5 with no name given, any key of the ticket's encryption type may fit,
// whatever its principal and kvno: the ticket's name may be an alias, and its
// kvno is not protected. With spns, only keys of those principals count.
func (k *Keyring) candidates(t *sealed, spns []string, now time.Time) []serviceKey {
	name := t.sname.String() + "@" + t.realm
	var first, rest []serviceKey
	for _, s := range k.keys {
		switch {
		case s.cipher.key.KeyType != t.part.EType || !allowed(s.principal, spns), s.expired(now):
		case s.principal == name && sameKvno(s.kvno, uint32(t.part.KVNO)):
			first = append(first, s)
		default:
			rest = append(rest, s)
		}
	}
	return append(first, rest...)
}

// allowed says whether principal is one of the spns, which may lack the realm.
func allowed(principal string, spns []string) bool {
	if len(spns) == 0 {
		return true
	}
	name, _, _ := strings.Cut(principal, "@")
	return slices.Contains(spns, principal) || slices.Contains(spns, name)
}

// sameKvno compares as MIT krb5 does: old keytabs keep 8 bits of the number.
func sameKvno(entry, ticket uint32) bool {
	return entry == ticket || entry < 256 && entry == ticket&0xff
}

// Weak says in words what is weak about the keys, or nothing.
func (k *Keyring) Weak() string {
	for _, s := range k.keys {
		if s.cipher.key.KeyType != etypeID.RC4_HMAC {
			return ""
		}
	}
	return "it has rc4-hmac keys only, which current domain controllers no longer use: give the account AES keys and make the keytab anew"
}
