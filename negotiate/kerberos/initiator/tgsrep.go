package initiator

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/kerberos/internal/der"
	"squidauth/negotiate/kerberos/internal/enctype"
)

// KDCError is a KDC's refusal: a KRB-ERROR (RFC 4120 section 5.9.1).
type KDCError struct {
	Code int32
	Text string    // e-text: any bytes
	Time time.Time // the KDC's clock
}

// Error implements error. It leaves out Text, which is the network's.
func (e *KDCError) Error() string { return fmt.Sprintf("Kerberos error %d", e.Code) }

var (
	errNoAnswer  = errors.New("it is not an answer to the request")
	errMalformed = errors.New("the message is malformed")
)

// Credential reads the KDC's answer to the request, which was made with the
// ticket-granting ticket tgt. What it returns is for the service asked for, by the
// name that the KDC prefers, or leads to the KDC that may know it. The error is a
// *KDCError if the KDC said no.
func (r Request) Credential(answer []byte, tgt Credential) (Credential, error) {
	return r.read(answer, typeTGSRep, tgt.Client, tgt.Session, keyusage.TGS_REP_ENCPART_SESSION_KEY)
}

// read reads a KDC-REP (RFC 4120 section 5.4.2) of the type, for the client, which the
// key opens.
func (r Request) read(answer []byte, kind uint8, client Principal, key types.EncryptionKey, usage uint32) (Credential, error) {
	if der.IsApplication(answer, typeError) {
		return Credential{}, readKDCError(answer)
	}
	m := der.Application(answer, kind)
	if m.Integer(0) != version || m.Integer(1) != int64(kind) {
		return Credential{}, errNoAnswer
	}
	m.Skip(2)
	crealm, cname := m.Text(3), m.Name(4)
	ticket, err := ParseTicket(m.Field(5))
	enc := m.Encrypted(6)
	if m.Broken || err != nil {
		return Credential{}, errMalformed
	}
	if crealm != client.Realm || !slices.Equal(cname, client.Name) {
		return Credential{}, fmt.Errorf("the ticket is of %q", Principal{cname, crealm})
	}
	plain, err := decrypt(enc, key, usage)
	if err != nil {
		return Credential{}, err
	}
	got, err := r.readPart(plain)
	if err != nil {
		return Credential{}, err
	}
	got.Ticket.Version, got.Ticket.Enc, got.Client = ticket.Version, ticket.Enc, client
	return got, nil
}

// readPart reads EncKDCRepPart (RFC 4120 section 5.4.2): the session key, and what
// can be believed of the ticket, whose own names nothing protects.
func (r Request) readPart(plain []byte) (c Credential, err error) {
	m := der.Application(plain, typeEncTGSRepPart)
	if der.IsApplication(plain, typeEncASRepPart) { // some KDCs (RFC 4120 section 5.4.2)
		m = der.Application(plain, typeEncASRepPart)
	}
	c.Session = m.Key(0)
	m.Skip(1)
	nonce := m.Integer(2)
	m.Skip(3, 4, 5, 6)
	c.EndTime = m.Time(7)
	m.Skip(8)
	c.Ticket.SRealm, c.Ticket.SName = m.Text(9), m.Name(10)
	switch {
	case m.Broken || len(c.Ticket.SName) == 0:
		return Credential{}, errMalformed
	case nonce != int64(r.nonce):
		return Credential{}, errNoAnswer
	case !enctype.Usable(c.Session):
		return Credential{}, errUnusable(c.Session)
	}
	return c, nil
}

// ParseTicket reads a Ticket (RFC 4120 section 5.3), as caches hold it. It aliases
// the message.
func ParseTicket(message []byte) (Ticket, error) {
	m := der.Application(message, typeTicket)
	t := Ticket{Version: m.Integer(0), SRealm: m.Text(1), SName: m.Name(2), Enc: m.Encrypted(3)}
	if m.Broken || t.Version != version || len(t.SName) == 0 {
		return Ticket{}, errMalformed
	}
	return t, nil
}

func readKDCError(message []byte) error {
	m := der.Application(message, typeError)
	m.Skip(0, 1, 2, 3)
	e := &KDCError{Time: m.Time(4)}
	m.Skip(5)
	e.Code = m.Int32(6)
	m.Skip(7, 8, 9, 10)
	if m.Has(11) {
		e.Text = m.Text(11)
	}
	if m.Broken {
		return errMalformed
	}
	return e
}
