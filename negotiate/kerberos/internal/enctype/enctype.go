// Package enctype knows the encryption types that can be used (RFC 3962, RFC 4757,
// RFC 8009). DES is none of them, and triple DES has been obsolete since RFC 8429.
package enctype

import (
	"fmt"
	"slices"

	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/types"
)

type enctype struct {
	id      int32
	name    string
	keySize int // in bytes; gokrb5 has a wrong one for aes256-cts-hmac-sha384-192
}

// enctypes has those that KDCs take first at the front.
var enctypes = [...]enctype{
	{etypeID.AES256_CTS_HMAC_SHA1_96, "aes256-cts-hmac-sha1-96", 32},
	{etypeID.AES128_CTS_HMAC_SHA1_96, "aes128-cts-hmac-sha1-96", 16},
	{etypeID.AES256_CTS_HMAC_SHA384_192, "aes256-cts-hmac-sha384-192", 32},
	{etypeID.AES128_CTS_HMAC_SHA256_128, "aes128-cts-hmac-sha256-128", 16},
	{etypeID.RC4_HMAC, "rc4-hmac", 16},
}

// Rank orders encryption types as KDCs do, who take the one of lowest rank. It is
// -1 of those that cannot be used.
func Rank(id int32) int {
	return slices.IndexFunc(enctypes[:], func(e enctype) bool { return e.id == id })
}

// All returns the numbers of all encryption types, by rank.
func All() []int32 {
	var ids []int32
	for _, e := range enctypes {
		ids = append(ids, e.id)
	}
	return ids
}

// Known reports whether keys of the encryption type can be used.
func Known(id int32) bool { return Rank(id) >= 0 }

// Usable reports whether the key can be used: it is of a known encryption type,
// and as long as that says.
func Usable(k types.EncryptionKey) bool {
	i := Rank(k.KeyType)
	return i >= 0 && len(k.KeyValue) == enctypes[i].keySize
}

// Name returns the standard name of an encryption type, or its number in words.
func Name(id int32) string {
	if i := Rank(id); i >= 0 {
		return enctypes[i].name
	}
	return fmt.Sprintf("encryption type %d", id)
}
