package initiator

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
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
	if isApplication(answer, typeError) {
		return Credential{}, readKDCError(answer)
	}
	m := read(answer, typeTGSRep)
	if m.integer(0) != version || m.integer(1) != typeTGSRep {
		return Credential{}, errNoAnswer
	}
	m.skip(2)
	crealm, cname := m.text(3), m.name(4)
	ticket, err := ParseTicket(m.field(5))
	enc := m.encrypted(6)
	if m.broken || err != nil {
		return Credential{}, errMalformed
	}
	if crealm != tgt.Client.Realm || !slices.Equal(cname, tgt.Client.Name) {
		return Credential{}, fmt.Errorf("the ticket is of %q", Principal{cname, crealm})
	}
	plain, err := decrypt(enc, tgt.Session, keyusage.TGS_REP_ENCPART_SESSION_KEY)
	if err != nil {
		return Credential{}, err
	}
	got, err := r.readPart(plain)
	if err != nil {
		return Credential{}, err
	}
	got.Ticket.Version, got.Ticket.Enc, got.Client = ticket.Version, ticket.Enc, tgt.Client
	return got, nil
}

// readPart reads EncKDCRepPart (RFC 4120 section 5.4.2): the session key, and what
// can be believed of the ticket, whose own names nothing protects.
func (r Request) readPart(plain []byte) (c Credential, err error) {
	m := read(plain, typeEncTGSRepPart)
	if isApplication(plain, typeEncASRepPart) { // some KDCs (RFC 4120 section 5.4.2)
		m = read(plain, typeEncASRepPart)
	}
	c.Session = m.key(0)
	m.skip(1)
	nonce := m.integer(2)
	m.skip(3, 4, 5, 6)
	c.EndTime = m.time(7)
	m.skip(8)
	c.Ticket.SRealm, c.Ticket.SName = m.text(9), m.name(10)
	switch {
	case m.broken || len(c.Ticket.SName) == 0:
		return Credential{}, errMalformed
	case nonce != int64(r.nonce):
		return Credential{}, errNoAnswer
	case !usable(c.Session):
		return Credential{}, errUnusable(c.Session)
	}
	return c, nil
}

// ParseTicket reads a Ticket (RFC 4120 section 5.3), as caches hold it. It aliases
// the message.
func ParseTicket(message []byte) (Ticket, error) {
	m := read(message, typeTicket)
	t := Ticket{Version: m.integer(0), SRealm: m.text(1), SName: m.name(2), Enc: m.encrypted(3)}
	if m.broken || t.Version != version || len(t.SName) == 0 {
		return Ticket{}, errMalformed
	}
	return t, nil
}

func readKDCError(message []byte) error {
	m := read(message, typeError)
	m.skip(0, 1, 2, 3)
	e := &KDCError{Time: m.time(4)}
	m.skip(5)
	e.Code = m.int32(6)
	m.skip(7, 8, 9, 10)
	if m.has(11) {
		e.Text = m.text(11)
	}
	if m.broken {
		return errMalformed
	}
	return e
}
