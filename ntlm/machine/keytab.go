package machine

import (
	"crypto/hmac"
	"encoding/binary"
	"slices"
	"time"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/kerberos/initiator"
)

// enctypes are those of a machine account's keys, as msDS-SupportedEncryptionTypes
// has them ([MS-KILE] section 2.2.7).
var enctypes = []int32{etypeID.AES256_CTS_HMAC_SHA1_96, etypeID.AES128_CTS_HMAC_SHA1_96}

const supportedEnctypes = 0x10 | 0x8

// keysOf returns the keys that a domain controller makes of the account's password
// (RFC 3962 section 4), for each of the principals.
func keysOf(a Account, password string, kvno uint32, of []initiator.Principal) ([]initiator.ServiceKey, error) {
	var keys []initiator.ServiceKey
	for _, id := range enctypes {
		e, err := crypto.GetEtype(id)
		if err != nil {
			return nil, err
		}
		value, err := e.StringToKey(password, a.salt(), e.GetDefaultStringToKeyParams())
		if err != nil {
			return nil, err
		}
		for _, p := range of {
			keys = append(keys, initiator.ServiceKey{Principal: p, Kvno: kvno, Key: types.EncryptionKey{KeyType: id, KeyValue: value}})
		}
	}
	return keys, nil
}

// mergeKeys puts new keys, which all have one kvno, in front of those in a keytab. Of
// the principals that they are for it keeps the keys of one kvno before that, and
// those of others as they are.
func mergeKeys(old, fresh []initiator.ServiceKey) []initiator.ServiceKey {
	merged := slices.Clone(fresh)
	for _, k := range old {
		if !isOf(k.Principal, fresh) || k.Kvno == formerKvno(old, fresh) {
			merged = append(merged, k)
		}
	}
	return merged
}

// formerKvno is the highest below that of the new keys; higher ones are of a change
// that never was. Where there is none, they are of another account that had the names
// before, and the highest of them counts.
func formerKvno(old, fresh []initiator.ServiceKey) uint32 {
	var below, above uint32
	for _, k := range old {
		switch {
		case !isOf(k.Principal, fresh):
		case k.Kvno < fresh[0].Kvno:
			below = max(below, k.Kvno)
		case k.Kvno > fresh[0].Kvno:
			above = max(above, k.Kvno)
		}
	}
	if below == 0 {
		return above
	}
	return below
}

func isOf(p initiator.Principal, keys []initiator.ServiceKey) bool {
	return slices.ContainsFunc(keys, func(k initiator.ServiceKey) bool { return k.Principal.String() == p.String() })
}

// sharing returns the principals in a keytab that have one of the keys.
func sharing(in, keys []initiator.ServiceKey) (found []initiator.Principal) {
	for _, k := range in {
		if slices.ContainsFunc(keys, func(o initiator.ServiceKey) bool { return hmac.Equal(o.Key.KeyValue, k.Key.KeyValue) }) {
			found = append(found, k.Principal)
		}
	}
	return found
}

// readKeys reads the content of a keytab, which may be empty.
func readKeys(content []byte) ([]initiator.ServiceKey, error) {
	if len(content) == 0 {
		return nil, nil
	}
	return initiator.ParseKeytab(content)
}

// Types of names (RFC 4120 section 6.2).
const (
	namePrincipal = 1
	nameInstance  = 2
)

// marshalKeytab returns the content of a keytab file, version 2 (MIT Kerberos
// documentation, "Keytab file format").
func marshalKeytab(keys []initiator.ServiceKey, now time.Time) []byte {
	out := []byte{5, 2}
	for _, k := range keys {
		e := binary.BigEndian.AppendUint16(nil, uint16(len(k.Principal.Name)))
		e = appendText(e, k.Principal.Realm)
		for _, component := range k.Principal.Name {
			e = appendText(e, component)
		}
		kind := uint32(namePrincipal)
		if len(k.Principal.Name) > 1 {
			kind = nameInstance
		}
		e = binary.BigEndian.AppendUint32(e, kind)
		e = binary.BigEndian.AppendUint32(e, uint32(now.Unix()))
		e = append(e, byte(k.Kvno))
		e = binary.BigEndian.AppendUint16(e, uint16(k.Key.KeyType))
		e = appendText(e, string(k.Key.KeyValue))
		e = binary.BigEndian.AppendUint32(e, k.Kvno)
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(e))), e...)
	}
	return out
}

func appendText(b []byte, text string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(text))), text...)
}

// hasKeys reports whether all of the keys are in a keytab.
func hasKeys(in, keys []initiator.ServiceKey) bool {
	for _, k := range keys {
		if !slices.ContainsFunc(in, func(o initiator.ServiceKey) bool {
			return o.String() == k.String() && hmac.Equal(o.Key.KeyValue, k.Key.KeyValue)
		}) {
			return false
		}
	}
	return true
}
