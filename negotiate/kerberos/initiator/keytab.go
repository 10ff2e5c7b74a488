package initiator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/kerberos/internal/enctype"
	"squidauth/negotiate/kerberos/internal/keytab"
)

// ServiceKey is an entry of a keytab.
type ServiceKey struct {
	Principal Principal
	Kvno      uint32
	Key       types.EncryptionKey
}

// String says which key it is, and not what it is.
func (k ServiceKey) String() string {
	return describe(k.Principal, k.Kvno, k.Key.KeyType)
}

func describe(p Principal, kvno uint32, etype int32) string {
	return fmt.Sprintf("%s kvno %d %s", p, kvno, enctype.Name(etype))
}

// Weak says whether the helper takes the key only if it is told to.
func (k ServiceKey) Weak() bool { return k.Key.KeyType == etypeID.RC4_HMAC }

// Opens reports whether a ticket is encrypted with the key.
func (k ServiceKey) Opens(t Ticket) bool {
	_, err := decrypt(t.Enc, k.Key, keyusage.KDC_REP_TICKET)
	return err == nil
}

// EnctypeName returns the standard name of an encryption type, or its number in
// words.
func EnctypeName(id int32) string { return enctype.Name(id) }

// ParseKeytab reads the content of a keytab file. Entries of unusable encryption
// types are left out; there is at least one other.
func ParseKeytab(content []byte) ([]ServiceKey, error) {
	entries, err := keytab.Parse(content)
	if err != nil {
		return nil, err
	}
	var keys []ServiceKey
	for _, e := range entries {
		keys = append(keys, ServiceKey{Principal{e.Components, e.Realm}, e.Kvno, e.Key})
	}
	return keys, nil
}

// Choose returns the key that a KDC would take for the service: the newest, and
// of the strongest type. The service may be given without realm; if it is empty,
// it is the keytab's first that begins with HTTP, or its first.
func Choose(keys []ServiceKey, service string) (ServiceKey, error) {
	if service == "" {
		service = proxyIn(keys).String()
	}
	found := slices.DeleteFunc(slices.Clone(keys), func(k ServiceKey) bool {
		return service != k.Principal.String() && service != strings.Join(k.Principal.Name, "/")
	})
	if len(found) == 0 {
		return ServiceKey{}, fmt.Errorf("the keytab has no key of %s: it has %s", service, Describe(keys))
	}
	return slices.MinFunc(found, func(a, b ServiceKey) int {
		return cmp.Or(cmp.Compare(b.Kvno, a.Kvno), cmp.Compare(enctype.Rank(a.Key.KeyType), enctype.Rank(b.Key.KeyType)))
	}), nil
}

// proxyIn returns the principal that is most likely the proxy's.
func proxyIn(keys []ServiceKey) Principal {
	i := slices.IndexFunc(keys, func(k ServiceKey) bool { return len(k.Principal.Name) > 1 && k.Principal.Name[0] == "HTTP" })
	return keys[max(i, 0)].Principal
}

// Describe lists the keys in words, without their values.
func Describe(keys []ServiceKey) string {
	var words []string
	for _, k := range keys {
		words = append(words, k.String())
	}
	return strings.Join(words, ", ")
}
