package message

import (
	"errors"
	"math"
	"slices"

	"github.com/go-ldap/ldap/v3"
)

// Op is the kind of a server's message, by its tag (RFC 4511 section 4.2 and following).
type Op byte

// The kinds.
const (
	BindResponse         Op = 0x61
	SearchEntry          Op = 0x64
	SearchDone           Op = 0x65
	SearchReference      Op = 0x73
	CompareResponse      Op = 0x6f
	ExtendedResponse     Op = 0x78
	IntermediateResponse Op = 0x79
)

// The tags of parts of a result that may be missing.
const (
	tagReferral     = 0xa3
	tagCredentials  = 0x87
	tagResponseName = 0x8a
)

// disconnection is the name of the message that a server ends a connection with.
const disconnection = "1.3.6.1.4.1.1466.20036"

var errMessage = errors.New("no message of LDAP")

// Size returns how many bytes the message takes that b begins with, 0 if too little of
// it is there to tell.
func Size(b []byte) (int, error) {
	if len(b) > 0 && b[0] != tagSequence {
		return 0, errMessage
	}
	_, size, length, ok := header(b)
	if !ok {
		return 0, errMessage
	}
	if size == 0 {
		return 0, nil
	}
	return size + length, nil
}

// Message is a server's message (RFC 4511 section 4.1.1). It is good as long as the
// bytes are that it was made of; what its methods return, for longer.
type Message struct {
	ID int32 // of the request that it answers; 0: of none
	Op Op

	body, controls elements
}

// Parse reads a message, and nothing behind it.
func Parse(b []byte) (Message, error) {
	all := elements(b)
	m, ok := all.take(tagSequence)
	if !ok || len(all) > 0 {
		return Message{}, errMessage
	}
	id, ok1 := m.number(tagInteger, math.MaxInt32)
	op, body, ok2 := m.next()
	if !ok1 || !ok2 {
		return Message{}, errMessage
	}
	parsed := Message{ID: int32(id), Op: Op(op), body: body}
	if m.has(tagControls) {
		if _, parsed.controls, ok = m.next(); !ok {
			return Message{}, errMessage
		}
	}
	return parsed, nil
}

// Result says what came of a request (RFC 4511 section 4.1.9).
type Result struct {
	Code        uint16 // RFC 4511 appendix A
	MatchedDN   string
	Text        string // what the server says of it
	Referrals   []string
	Credentials []byte // the server's, of a SASL bind
	Name        string // of an extended response
}

// Result reads a message that ends a request.
func (m Message) Result() (Result, error) {
	switch m.Op {
	case BindResponse, SearchDone, CompareResponse, ExtendedResponse:
	default:
		return Result{}, errMessage
	}
	rest := m.body
	code, ok1 := rest.number(tagEnumerated, math.MaxUint16)
	matched, ok2 := rest.text()
	text, ok3 := rest.text()
	if !ok1 || !ok2 || !ok3 {
		return Result{}, errMessage
	}
	r := Result{Code: uint16(code), MatchedDN: matched, Text: text}
	for len(rest) > 0 {
		tag, content, ok := rest.next()
		if ok && tag == tagReferral {
			r.Referrals, ok = content.texts()
		}
		if !ok {
			return Result{}, errMessage
		}
		switch {
		case m.Op == BindResponse && tag == tagCredentials:
			r.Credentials = slices.Clone(content)
		case m.Op == ExtendedResponse && tag == tagResponseName:
			r.Name = string(content)
		}
	}
	return r, nil
}

// IsDisconnection reports whether the server ends the connection (RFC 4511 section
// 4.4.1), for a reason that the result tells.
func (m Message) IsDisconnection() (Result, bool) {
	if m.ID != 0 || m.Op != ExtendedResponse {
		return Result{}, false
	}
	r, err := m.Result()
	return r, err == nil && r.Name == disconnection
}

// texts reads strings, of which there must be nothing else.
func (e elements) texts() (all []string, ok bool) {
	for len(e) > 0 {
		s, ok := e.text()
		if !ok {
			return nil, false
		}
		all = append(all, s)
	}
	return all, true
}

// Control is one of a message (RFC 4511 section 4.1.11).
type Control struct {
	Type  string // an OID
	Value []byte // nil: there is none
}

// Controls reads those of a message.
func (m Message) Controls() (all []Control, err error) {
	for rest := m.controls; len(rest) > 0; {
		parts, ok1 := rest.take(tagSequence)
		oid, ok2 := parts.text()
		if !ok1 || !ok2 {
			return nil, errMessage
		}
		c := Control{Type: oid}
		if parts.has(tagBoolean) { // whether it is critical, which of an answer means nothing
			if _, _, ok := parts.next(); !ok {
				return nil, errMessage
			}
		}
		if len(parts) > 0 {
			value, ok := parts.take(tagOctetString)
			if !ok {
				return nil, errMessage
			}
			c.Value = append([]byte{}, value...)
		}
		all = append(all, c)
	}
	return all, nil
}

// Entry reads a SearchEntry (RFC 4511 section 4.5.2).
func (m Message) Entry() (*ldap.Entry, error) {
	rest := m.body
	dn, ok1 := rest.text()
	list, ok2 := rest.take(tagSequence)
	if m.Op != SearchEntry || !ok1 || !ok2 {
		return nil, errMessage
	}
	entry := &ldap.Entry{DN: dn}
	for len(list) > 0 {
		parts, ok1 := list.take(tagSequence)
		name, ok2 := parts.text()
		values, ok3 := parts.take(tagSet)
		if !ok1 || !ok2 || !ok3 {
			return nil, errMessage
		}
		a := &ldap.EntryAttribute{Name: name}
		for len(values) > 0 {
			v, ok := values.take(tagOctetString)
			if !ok {
				return nil, errMessage
			}
			a.Values, a.ByteValues = append(a.Values, string(v)), append(a.ByteValues, append([]byte{}, v...))
		}
		entry.Attributes = append(entry.Attributes, a)
	}
	return entry, nil
}

// Reference reads a SearchReference (RFC 4511 section 4.5.3): URIs of servers of which
// each has the same.
func (m Message) Reference() ([]string, error) {
	uris, ok := m.body.texts()
	if m.Op != SearchReference || !ok || len(uris) == 0 {
		return nil, errMessage
	}
	return uris, nil
}
