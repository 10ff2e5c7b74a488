package keytab

import (
	"bytes"

	"golang.org/x/crypto/cryptobyte"

	"github.com/jcmturner/gokrb5/v8/types"
)

// Sizes in bytes of what is passed over.
const (
	nameTypeSize  = 4
	timestampSize = 4
)

// readEntry reads a record. What follows the entry is zeros, where a longer one
// was before it.
func readEntry(record cryptobyte.String) (Entry, bool) {
	var e Entry
	if !e.readPrincipal(&record) || !record.Skip(nameTypeSize+timestampSize) || !e.readKey(&record) {
		return Entry{}, false
	}
	return e, true
}

func (e *Entry) readPrincipal(s *cryptobyte.String) bool {
	var count uint16
	if !s.ReadUint16(&count) || !readText(s, &e.Realm) {
		return false
	}
	for range count {
		var component string
		if !readText(s, &component) {
			return false
		}
		e.Components = append(e.Components, component)
	}
	return true
}

// readKey reads the key with its version of 8 bits, and that of 32 bits which
// follows it since MIT krb5 1.14 and is not 0.
func (e *Entry) readKey(s *cryptobyte.String) bool {
	var low uint8
	var kind uint16
	var value cryptobyte.String
	if !s.ReadUint8(&low) || !s.ReadUint16(&kind) || !s.ReadUint16LengthPrefixed(&value) {
		return false
	}
	if !s.ReadUint32(&e.Kvno) || e.Kvno == 0 {
		e.Kvno = uint32(low)
	}
	e.Key = types.EncryptionKey{KeyType: int32(kind), KeyValue: bytes.Clone(value)}
	return true
}

func readText(s *cryptobyte.String, text *string) bool {
	var value cryptobyte.String
	ok := s.ReadUint16LengthPrefixed(&value)
	*text = string(value)
	return ok
}
