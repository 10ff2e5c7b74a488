// Package keytab reads keytab files of version 2 (MIT Kerberos documentation,
// "Keytab file format"). No error of it holds anything of the file.
package keytab

import (
	"errors"

	"golang.org/x/crypto/cryptobyte"

	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/kerberos/internal/enctype"
)

// Entry is a key of a principal.
type Entry struct {
	Components []string // of the principal's name
	Realm      string
	Kvno       uint32 // in entries of before MIT krb5 1.14 its lowest 8 bits
	Key        types.EncryptionKey
}

var (
	errNoKeytab   = errors.New("it is not a keytab, or is cut short")
	errOldVersion = errors.New("it is a keytab of version 1, which is older than AES: read it with rkt of ktutil, and write a new file with wkt")
	errNoKeys     = errors.New("it holds no key of a usable encryption type")
)

// The first two bytes of a file.
const (
	magic      = 5
	version    = 2
	oldVersion = 1 // in the byte order of the machine that wrote it
)

// Parse reads the content of a keytab file. Entries of unusable encryption types
// are left out; there is at least one other. Of a file that is cut short it
// returns nothing, unless the cut is between two entries, where it cannot be seen.
func Parse(content []byte) ([]Entry, error) {
	s := cryptobyte.String(content)
	var first, second uint8
	switch {
	case !s.ReadUint8(&first) || first != magic || !s.ReadUint8(&second):
		return nil, errNoKeytab
	case second == oldVersion:
		return nil, errOldVersion
	case second != version:
		return nil, errNoKeytab
	}
	entries, ok := readEntries(s)
	switch {
	case !ok:
		return nil, errNoKeytab
	case len(entries) == 0:
		return nil, errNoKeys
	}
	return entries, nil
}

// readEntries reads the records up to one of size 0, which ends them, as MIT krb5
// does while it appends another. A record of negative size is a hole.
func readEntries(s cryptobyte.String) (entries []Entry, ok bool) {
	for !s.Empty() {
		var size uint32
		if !s.ReadUint32(&size) {
			return nil, false
		}
		n := int64(int32(size)) // whose negative is none of 32 bits
		if n == 0 {
			break
		}
		length := max(n, -n)
		var record []byte
		if length > int64(len(s)) || !s.ReadBytes(&record, int(length)) {
			return nil, false
		}
		if n < 0 {
			continue
		}
		e, ok := readEntry(record)
		if !ok {
			return nil, false
		}
		if enctype.Usable(e.Key) {
			entries = append(entries, e)
		}
	}
	return entries, true
}
