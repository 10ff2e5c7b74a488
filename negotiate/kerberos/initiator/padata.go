package initiator

import (
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"squidauth/negotiate/kerberos/internal/der"
)

// Types of pre-authentication data (RFC 4120 section 5.2.7, RFC 6113 section 7.1).
const (
	paTGSReq       = 1
	paEncTimestamp = 2
	paPWSalt       = 3
	paETypeInfo2   = 19
	paFXCookie     = 133
)

// paData is PA-DATA (RFC 4120 section 5.2.7).
type paData struct {
	kind  int32
	value []byte
}

func (p paData) element() element {
	return sequence(field(1, integer(int64(p.kind))), field(2, octets(p.value)))
}

func elements(list []paData) (all []element) {
	for _, p := range list {
		all = append(all, p.element())
	}
	return all
}

func readPAData(m der.Fields) paData {
	p := paData{m.Int32(1), m.Octets(2)}
	if m.Broken {
		return paData{}
	}
	return p
}

// maxPAData bounds a list in elements. KDCs send a dozen.
const maxPAData = 64

// readPAList reads the content of a SEQUENCE OF PA-DATA, up to what cannot be read.
func readPAList(list cryptobyte.String) (all []paData) {
	for len(all) < maxPAData {
		m := der.Element(&list)
		if m.Broken {
			break
		}
		all = append(all, readPAData(m))
	}
	return all
}

// readMethodData reads METHOD-DATA (RFC 4120 section 5.9.1).
func readMethodData(data []byte) []paData {
	s := cryptobyte.String(data)
	var list cryptobyte.String
	if !s.ReadASN1(&list, asn1.SEQUENCE) {
		return nil
	}
	return readPAList(list)
}

// find returns the value of the first element of that type, which may be empty; nil:
// there is none.
func find(list []paData, kind int32) []byte {
	for _, p := range list {
		if p.kind == kind {
			return append([]byte{}, p.value...)
		}
	}
	return nil
}
