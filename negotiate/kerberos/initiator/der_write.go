package initiator

import (
	"time"

	"github.com/jcmturner/gokrb5/v8/types"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// der writes one DER element, or nothing. The encoder is an own one because that
// of gokrb5 cannot write names that are not UTF-8.
type der = cryptobyte.BuilderContinuation

func encode(d der) []byte {
	var b cryptobyte.Builder
	d(&b)
	return b.BytesOrPanic() // more than 4 GiB is the one error
}

func wrap(tag asn1.Tag, parts []der) der {
	return func(b *cryptobyte.Builder) {
		b.AddASN1(tag, func(b *cryptobyte.Builder) {
			for _, part := range parts {
				part(b)
			}
		})
	}
}

func sequence(parts ...der) der { return wrap(asn1.SEQUENCE, parts) }

func applicationTag(n uint8) asn1.Tag { return asn1.Tag(0x60 | n) }

func application(n uint8, parts ...der) der {
	return wrap(applicationTag(n), []der{sequence(parts...)})
}

func fieldTag(n uint8) asn1.Tag { return asn1.Tag(n).ContextSpecific().Constructed() }

func field(n uint8, part der) der { return wrap(fieldTag(n), []der{part}) }

func optional(n uint8, present bool, part der) der {
	if !present {
		return func(*cryptobyte.Builder) {}
	}
	return field(n, part)
}

func integer(v int64) der { return func(b *cryptobyte.Builder) { b.AddASN1Int64(v) } }

func octets(v []byte) der { return func(b *cryptobyte.Builder) { b.AddASN1OctetString(v) } }

func bits(v []byte) der { return func(b *cryptobyte.Builder) { b.AddASN1BitString(v) } }

const generalString = asn1.Tag(27)

// general writes a KerberosString; any bytes will do.
func general(s string) der {
	return wrap(generalString, []der{func(b *cryptobyte.Builder) { b.AddBytes([]byte(s)) }})
}

// timeForm is KerberosTime (RFC 4120 section 5.2.3): no fractions, UTC.
const timeForm = "20060102150405Z"

func kerberosTime(t time.Time) der {
	text := []byte(t.UTC().Format(timeForm))
	return wrap(asn1.GeneralizedTime, []der{func(b *cryptobyte.Builder) { b.AddBytes(text) }})
}

func name(kind int32, components []string) der {
	var parts []der
	for _, c := range components {
		parts = append(parts, general(c))
	}
	return sequence(field(0, integer(int64(kind))), field(1, sequence(parts...)))
}

func key(k types.EncryptionKey) der {
	return sequence(field(0, integer(int64(k.KeyType))), field(1, octets(k.KeyValue)))
}

func encrypted(e types.EncryptedData) der {
	return sequence(
		field(0, integer(int64(e.EType))),
		optional(1, e.KVNO != 0, integer(int64(e.KVNO))),
		field(2, octets(e.Cipher)))
}

// typed writes AuthorizationData and HostAddresses, which are built alike.
func typed(n int, at func(int) (kind int32, data []byte)) der {
	var parts []der
	for i := range n {
		kind, data := at(i)
		parts = append(parts, sequence(field(0, integer(int64(kind))), field(1, octets(data))))
	}
	return sequence(parts...)
}

func authorization(data types.AuthorizationData) der {
	return typed(len(data), func(i int) (int32, []byte) { return data[i].ADType, data[i].ADData })
}

func addresses(list []types.HostAddress) der {
	return typed(len(list), func(i int) (int32, []byte) { return list[i].AddrType, list[i].Address })
}

// flags sets bits of KerberosFlags, which has 32 of them.
func flags(set []int) der {
	b := make([]byte, 4)
	for _, i := range set {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return bits(b)
}
