package message

import "github.com/go-ldap/ldap/v3"

// version is LDAP's (RFC 4511 section 4.2).
const version = 3

// The tags of requests (RFC 4511 section 4.2 and following).
const (
	tagBind     = 0x60
	tagUnbind   = 0x42
	tagSearch   = 0x63
	tagCompare  = 0x6e
	tagExtended = 0x77
)

// The tags of their parts that are no universal ones.
const (
	tagSimple      = 0x80 // of a bind's authentication: a password
	tagSASL        = 0xa3 // the same: a mechanism
	tagRequestName = 0x80 // of an extended request
	tagControls    = 0xa0 // of a message
)

// StartTLS is the name of the extended request that begins TLS (RFC 4511 section 4.14).
const StartTLS = "1.3.6.1.4.1.1466.20037"

// AppendBind appends a simple bind (RFC 4511 section 4.2), which asks for what the
// controls of the OIDs give, without depending on it.
func AppendBind(b []byte, id int32, name, password string, controls ...string) []byte {
	e := encoder{b}
	all := e.message(id)
	op := e.begin(tagBind)
	e.number(tagInteger, version)
	e.text(tagOctetString, name)
	e.text(tagSimple, password)
	e.end(op)
	if len(controls) > 0 {
		list := e.begin(tagControls)
		for _, oid := range controls {
			c := e.begin(tagSequence)
			e.text(tagOctetString, oid)
			e.end(c)
		}
		e.end(list)
	}
	e.end(all)
	return e.b
}

// AppendSASL appends a step of a SASL bind. Empty credentials are left out, as at steps
// at which the client has nothing to say.
func AppendSASL(b []byte, id int32, mechanism string, credentials []byte) []byte {
	e := encoder{b}
	all := e.message(id)
	op := e.begin(tagBind)
	e.number(tagInteger, version)
	e.text(tagOctetString, "")
	sasl := e.begin(tagSASL)
	e.text(tagOctetString, mechanism)
	if len(credentials) > 0 {
		e.text(tagOctetString, string(credentials))
	}
	e.end(sasl)
	e.end(op)
	e.end(all)
	return e.b
}

// AppendSearch appends a search (RFC 4511 section 4.5.1), without the controls that q
// may have. The error says what is wrong with its filter.
func AppendSearch(b []byte, id int32, q *ldap.SearchRequest) ([]byte, error) {
	filter, err := ldap.CompileFilter(q.Filter)
	if err != nil {
		return nil, err
	}
	e := encoder{b}
	all := e.message(id)
	op := e.begin(tagSearch)
	e.text(tagOctetString, q.BaseDN)
	e.number(tagEnumerated, int64(q.Scope))
	e.number(tagEnumerated, int64(q.DerefAliases))
	e.number(tagInteger, int64(q.SizeLimit))
	e.number(tagInteger, int64(q.TimeLimit))
	e.boolean(q.TypesOnly)
	e.b = append(e.b, filter.Bytes()...)
	attributes := e.begin(tagSequence)
	for _, a := range q.Attributes {
		e.text(tagOctetString, a)
	}
	e.end(attributes)
	e.end(op)
	e.end(all)
	return e.b, nil
}

// AppendCompare appends a compare (RFC 4511 section 4.10).
func AppendCompare(b []byte, id int32, dn, attribute, value string) []byte {
	e := encoder{b}
	all := e.message(id)
	op := e.begin(tagCompare)
	e.text(tagOctetString, dn)
	assertion := e.begin(tagSequence)
	e.text(tagOctetString, attribute)
	e.text(tagOctetString, value)
	e.end(assertion)
	e.end(op)
	e.end(all)
	return e.b
}

// AppendExtended appends an extended request without a value (RFC 4511 section 4.12).
func AppendExtended(b []byte, id int32, name string) []byte {
	e := encoder{b}
	all := e.message(id)
	op := e.begin(tagExtended)
	e.text(tagRequestName, name)
	e.end(op)
	e.end(all)
	return e.b
}

// AppendUnbind appends what ends a connection (RFC 4511 section 4.3).
func AppendUnbind(b []byte, id int32) []byte {
	e := encoder{b}
	all := e.message(id)
	e.end(e.begin(tagUnbind))
	e.end(all)
	return e.b
}

// message begins a message, which end ends.
func (e *encoder) message(id int32) (at int) {
	at = e.begin(tagSequence)
	e.number(tagInteger, int64(id))
	return at
}
