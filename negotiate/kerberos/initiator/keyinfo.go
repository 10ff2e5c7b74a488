package initiator

import (
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/types"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"squidauth/negotiate/kerberos/internal/der"
	"squidauth/negotiate/kerberos/internal/enctype"
)

// KeyInfo says how a client's key is made from the password: an ETYPE-INFO2-ENTRY
// (RFC 4120 section 5.2.7.5). Two that are equal make the same key.
type KeyInfo struct {
	etype  int32
	salt   string
	params string // as the KDC has them; empty: the default
}

// Iterations of PBKDF2. Fewer than the default are not accepted: who plays the KDC
// could have the password all the cheaper from what the client sends. More than the
// most take too long, at 0.3 µs to 1 µs each.
const (
	iterationsSHA1 = 4096    // RFC 3962 section 4
	iterationsSHA2 = 32768   // RFC 8009 section 4
	maxIterations  = 1 << 18 // RFC 3962 section 4 wants a limit
)

var errIterations = errors.New("the KDC wants a key made with more, or fewer, iterations than are safe")

// Enctypes returns the encryption types that keys may be of, the best first.
func Enctypes(withRC4 bool) []int32 {
	return slices.DeleteFunc(enctype.All(), func(id int32) bool { return id == etypeID.RC4_HMAC && !withRC4 })
}

// DefaultKeyInfo is how the client's key is made if the KDC says nothing else: the
// salt is the realm and the name (RFC 4120 section 4).
func DefaultKeyInfo(client Principal, etype int32) KeyInfo {
	return KeyInfo{etype: etype, salt: client.Realm + strings.Join(client.Name, "")}
}

// readKeyInfos reads ETYPE-INFO2. What cannot be read ends it.
func readKeyInfos(value []byte, client Principal) (infos []KeyInfo) {
	s := cryptobyte.String(value)
	var list cryptobyte.String
	if !s.ReadASN1(&list, asn1.SEQUENCE) {
		return nil
	}
	for len(infos) < maxPAData {
		m := der.Element(&list)
		if m.Broken {
			break
		}
		info := DefaultKeyInfo(client, m.Int32(0))
		if m.Has(1) {
			info.salt = m.Text(1)
		}
		if m.Has(2) {
			info.params = string(m.Octets(2))
		}
		if m.Broken {
			break
		}
		infos = append(infos, info)
	}
	return infos
}

// Enctype returns the encryption type of the key.
func (k KeyInfo) Enctype() int32 { return k.etype }

// KeyInfo returns how the client's key is made with which a KDC wants a timestamp
// encrypted (PreauthRequired): of the best of the encryption types that the KDC knows
// too. There is none if it wants another proof.
func (e *KDCError) KeyInfo(client Principal, enctypes []int32) (KeyInfo, bool) {
	methods := readMethodData(e.data)
	proof := int32(paEncTimestamp)
	if e.armored {
		proof = paEncryptedChallenge
	}
	if find(methods, proof) == nil {
		return KeyInfo{}, false
	}
	infos := readKeyInfos(find(methods, paETypeInfo2), client)
	for _, id := range enctypes {
		if i := slices.IndexFunc(infos, func(k KeyInfo) bool { return k.etype == id }); i >= 0 {
			return infos[i], true
		}
	}
	return KeyInfo{}, false
}

// Key makes the key (RFC 3961 section 4, string-to-key). It takes milliseconds.
func (k KeyInfo) Key(password string) (types.EncryptionKey, error) {
	if !enctype.Known(k.etype) {
		return types.EncryptionKey{}, fmt.Errorf("%s is not supported", enctype.Name(k.etype))
	}
	n, err := k.iterations()
	if err != nil {
		return types.EncryptionKey{}, err
	}
	value, err := k.derive(password, n)
	return types.EncryptionKey{KeyType: k.etype, KeyValue: value}, err
}

// derive makes the key by n iterations. The key of rc4-hmac has none, and no salt (RFC
// 4757 section 2).
func (k KeyInfo) derive(password string, n int) ([]byte, error) {
	e, err := crypto.GetEtype(k.etype)
	if err != nil {
		return nil, err
	}
	if k.etype == etypeID.RC4_HMAC {
		return e.StringToKey(password, "", "")
	}
	value, err := k.stretch(password, n)
	if err != nil {
		return nil, err
	}
	return e.DeriveKey(value, []byte("kerberos"))
}

// stretch makes the base key of the AES types (RFC 3962 section 4, RFC 8009 section
// 4).
func (k KeyInfo) stretch(password string, n int) ([]byte, error) {
	salt := []byte(k.salt)
	if k.isSHA2() {
		salt = []byte(enctype.Name(k.etype) + "\x00" + k.salt)
	}
	switch k.etype {
	case etypeID.AES128_CTS_HMAC_SHA1_96:
		return pbkdf2.Key(sha1.New, password, salt, n, 16)
	case etypeID.AES256_CTS_HMAC_SHA1_96:
		return pbkdf2.Key(sha1.New, password, salt, n, 32)
	case etypeID.AES128_CTS_HMAC_SHA256_128:
		return pbkdf2.Key(sha256.New, password, salt, n, 16)
	default:
		return pbkdf2.Key(sha512.New384, password, salt, n, 32)
	}
}

func (k KeyInfo) isSHA2() bool {
	return k.etype == etypeID.AES128_CTS_HMAC_SHA256_128 || k.etype == etypeID.AES256_CTS_HMAC_SHA384_192
}

// iterations reads the parameter of the AES types: four bytes, where 0 stands for
// 2^32.
func (k KeyInfo) iterations() (int, error) {
	usual := iterationsSHA1
	if k.isSHA2() {
		usual = iterationsSHA2
	}
	switch {
	case k.params == "" || k.etype == etypeID.RC4_HMAC:
		return usual, nil
	case len(k.params) != 4:
		return 0, errIterations
	}
	n := binary.BigEndian.Uint32([]byte(k.params))
	if n < uint32(usual) || n > maxIterations {
		return 0, errIterations
	}
	return int(n), nil
}
