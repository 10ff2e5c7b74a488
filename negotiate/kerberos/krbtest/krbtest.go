// Package krbtest makes what a Kerberos client and its KDC would send to a
// service, right or wrong in any way, and checks what the service answers. Its
// encoder, that of package initiator, and its checks share no code with package
// kerberos but for tags and the sizes of keys. All is of the time Now; keys are the
// same in every run. Its functions panic when something cannot be expressed.
package krbtest

import (
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/types"
)

// What is forged unless something else is asked for.
const (
	Realm   = "EXAMPLE.ORG"
	Client  = "alice"
	Service = "HTTP/proxy.example.org"
	Kvno    = 3
)

// Now is the time at which what is forged is valid.
var Now = time.Date(2026, 5, 4, 12, 0, 0, 250_000_000, time.UTC)

// The encryption types that can be used.
const (
	AES128SHA1 = etypeID.AES128_CTS_HMAC_SHA1_96
	AES256SHA1 = etypeID.AES256_CTS_HMAC_SHA1_96
	AES128SHA2 = etypeID.AES128_CTS_HMAC_SHA256_128
	AES256SHA2 = etypeID.AES256_CTS_HMAC_SHA384_192
	RC4        = etypeID.RC4_HMAC
)

// Enctypes returns all five, RC4 last.
func Enctypes() []int32 { return []int32{AES128SHA1, AES256SHA1, AES128SHA2, AES256SHA2, RC4} }

// Key returns the key of that encryption type and name.
func Key(enctype int32, name string) types.EncryptionKey {
	size := 16
	if enctype == AES256SHA1 || enctype == AES256SHA2 { // gokrb5 says 24 of the latter
		size = 32
	}
	sum := sha512.Sum512(fmt.Appendf(nil, "%d %s", enctype, name))
	return types.EncryptionKey{KeyType: enctype, KeyValue: sum[:size:size]}
}

// ServiceKey returns the key of Service.
func ServiceKey(enctype int32) types.EncryptionKey { return Key(enctype, Service) }

// An Entry is a key in a keytab.
type Entry struct {
	Components []string
	Realm      string
	Kvno       uint32
	Old        bool // only the lowest 8 bits of kvno are there, as in old keytabs
	Key        types.EncryptionKey
}

// Keytab returns the content of a keytab file, version 2.
func Keytab(entries ...Entry) []byte {
	out := []byte{5, 2}
	for _, e := range entries {
		b := binary.BigEndian.AppendUint16(nil, uint16(len(e.Components)))
		for _, s := range append([]string{e.Realm}, e.Components...) {
			b = append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
		}
		b = binary.BigEndian.AppendUint32(b, 1) // NT-PRINCIPAL
		b = binary.BigEndian.AppendUint32(b, uint32(Now.Unix()))
		b = append(b, byte(e.Kvno))
		b = binary.BigEndian.AppendUint16(b, uint16(e.Key.KeyType))
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(e.Key.KeyValue))), e.Key.KeyValue...)
		if !e.Old {
			b = binary.BigEndian.AppendUint32(b, e.Kvno)
		}
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(b))), b...)
	}
	return out
}

// ServiceKeytab returns a keytab with the keys of Service for the types.
func ServiceKeytab(enctypes ...int32) []byte {
	var entries []Entry
	for _, e := range enctypes {
		entries = append(entries, Entry{Components: components(Service), Realm: Realm, Kvno: Kvno, Key: ServiceKey(e)})
	}
	return Keytab(entries...)
}

func check(err error) {
	if err != nil {
		panic(fmt.Sprintf("krbtest: %v", err))
	}
}
