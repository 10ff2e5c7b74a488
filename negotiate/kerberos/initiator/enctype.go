package initiator

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

// enctypes are those that can be used, those that KDCs take first at the front.
var enctypes = []enctype{
	{etypeID.AES256_CTS_HMAC_SHA1_96, "aes256-cts-hmac-sha1-96", 32},
	{etypeID.AES128_CTS_HMAC_SHA1_96, "aes128-cts-hmac-sha1-96", 16},
	{etypeID.AES256_CTS_HMAC_SHA384_192, "aes256-cts-hmac-sha384-192", 32},
	{etypeID.AES128_CTS_HMAC_SHA256_128, "aes128-cts-hmac-sha256-128", 16},
	{etypeID.RC4_HMAC, "rc4-hmac", 16},
}

// rank returns the place among enctypes, -1 for those that cannot be used.
func rank(id int32) int {
	return slices.IndexFunc(enctypes, func(e enctype) bool { return e.id == id })
}

// EnctypeName returns the standard name of an encryption type (RFC 3962, RFC
// 8009), or its number.
func EnctypeName(id int32) string {
	if i := rank(id); i >= 0 {
		return enctypes[i].name
	}
	return fmt.Sprintf("encryption type %d", id)
}

// usable says whether the key is one that gokrb5 can encrypt with.
func usable(k types.EncryptionKey) bool {
	i := rank(k.KeyType)
	return i >= 0 && len(k.KeyValue) == enctypes[i].keySize
}
