package initiator

import (
	"time"

	"github.com/jcmturner/gokrb5/v8/types"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"squidauth/negotiate/kerberos/internal/der"
)

// element writes one element of DER, or nothing. The encoder is an own one because
// that of gokrb5 cannot write names that are not UTF-8.
type element = cryptobyte.BuilderContinuation

func encode(e element) []byte {
	var b cryptobyte.Builder
	e(&b)
	return b.BytesOrPanic() // more than 4 GiB is the one error
}

func wrap(tag asn1.Tag, parts []element) element {
	return func(b *cryptobyte.Builder) {
		b.AddASN1(tag, func(b *cryptobyte.Builder) {
			for _, part := range parts {
				part(b)
			}
		})
	}
}

func sequence(parts ...element) element { return wrap(asn1.SEQUENCE, parts) }

func application(n uint8, parts ...element) element {
	return wrap(der.ApplicationTag(n), []element{sequence(parts...)})
}

func field(n uint8, part element) element { return wrap(der.FieldTag(n), []element{part}) }

func optional(n uint8, present bool, part element) element {
	if !present {
		return func(*cryptobyte.Builder) {}
	}
	return field(n, part)
}

func integer(v int64) element { return func(b *cryptobyte.Builder) { b.AddASN1Int64(v) } }

func octets(v []byte) element { return func(b *cryptobyte.Builder) { b.AddASN1OctetString(v) } }

func bits(v []byte) element { return func(b *cryptobyte.Builder) { b.AddASN1BitString(v) } }

// general writes a KerberosString; any bytes will do.
func general(s string) element {
	return wrap(der.GeneralString, []element{func(b *cryptobyte.Builder) { b.AddBytes([]byte(s)) }})
}

func kerberosTime(t time.Time) element {
	text := []byte(t.UTC().Format(der.TimeForm))
	return wrap(asn1.GeneralizedTime, []element{func(b *cryptobyte.Builder) { b.AddBytes(text) }})
}

func name(kind int32, components []string) element {
	var parts []element
	for _, c := range components {
		parts = append(parts, general(c))
	}
	return sequence(field(0, integer(int64(kind))), field(1, sequence(parts...)))
}

func key(k types.EncryptionKey) element {
	return sequence(field(0, integer(int64(k.KeyType))), field(1, octets(k.KeyValue)))
}

func encrypted(e types.EncryptedData) element {
	return sequence(
		field(0, integer(int64(e.EType))),
		optional(1, e.KVNO != 0, integer(int64(e.KVNO))),
		field(2, octets(e.Cipher)))
}

// typed writes AuthorizationData and HostAddresses, which are built alike.
func typed(n int, at func(int) (kind int32, data []byte)) element {
	var parts []element
	for i := range n {
		kind, data := at(i)
		parts = append(parts, sequence(field(0, integer(int64(kind))), field(1, octets(data))))
	}
	return sequence(parts...)
}

func authorization(data types.AuthorizationData) element {
	return typed(len(data), func(i int) (int32, []byte) { return data[i].ADType, data[i].ADData })
}

func addresses(list []types.HostAddress) element {
	return typed(len(list), func(i int) (int32, []byte) { return list[i].AddrType, list[i].Address })
}

// flags sets bits of KerberosFlags, which has 32 of them.
func flags(set []int) element {
	b := make([]byte, 4)
	for _, i := range set {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return bits(b)
}
