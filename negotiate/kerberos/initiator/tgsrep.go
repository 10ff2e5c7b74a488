package initiator

import (
	"errors"
	"fmt"
	"slices"

	"github.com/jcmturner/gokrb5/v8/iana/keyusage"

	"squidauth/negotiate/kerberos/internal/der"
	"squidauth/negotiate/kerberos/internal/enctype"
)

var (
	errNoAnswer  = errors.New("it is not an answer to the request")
	errMalformed = errors.New("the message is malformed")
)

// Credential reads the KDC's answer to the request, which was made with the
// ticket-granting ticket tgt. What it returns is for the service asked for, by the
// name that the KDC prefers, or leads to the KDC that may know it. The error is a
// *KDCError if the KDC said no.
func (r Request) Credential(answer []byte, tgt Credential) (Credential, error) {
	if der.IsApplication(answer, typeError) {
		return Credential{}, readKDCError(answer)
	}
	m := der.Application(answer, typeTGSRep)
	if m.Integer(0) != version || m.Integer(1) != typeTGSRep {
		return Credential{}, errNoAnswer
	}
	m.Skip(2)
	crealm, cname := m.Text(3), m.Name(4)
	ticket, err := ParseTicket(m.Field(5))
	enc := m.Encrypted(6)
	if m.Broken || err != nil {
		return Credential{}, errMalformed
	}
	if crealm != tgt.Client.Realm || !slices.Equal(cname, tgt.Client.Name) {
		return Credential{}, fmt.Errorf("the ticket is of %q", Principal{cname, crealm})
	}
	plain, err := decrypt(enc, tgt.Session, keyusage.TGS_REP_ENCPART_SESSION_KEY)
	if err != nil {
		return Credential{}, err
	}
	got, err := readPart(plain, r.nonce)
	if err != nil {
		return Credential{}, err
	}
	got.Ticket.Version, got.Ticket.Enc, got.Client = ticket.Version, ticket.Enc, tgt.Client
	return got, nil
}

// readPart reads EncKDCRepPart (RFC 4120 section 5.4.2): the session key, and what
// can be believed of the ticket, whose own names nothing protects.
func readPart(plain []byte, nonce uint32) (c Credential, err error) {
	m := der.Application(plain, typeEncTGSRepPart)
	if der.IsApplication(plain, typeEncASRepPart) { // some KDCs (RFC 4120 section 5.4.2)
		m = der.Application(plain, typeEncASRepPart)
	}
	c.Session = m.Key(0)
	m.Skip(1)
	echoed := m.Integer(2)
	m.Skip(3, 4, 5, 6)
	c.EndTime = m.Time(7)
	m.Skip(8)
	c.Ticket.SRealm, c.Ticket.SName = m.Text(9), m.Name(10)
	switch {
	case m.Broken || len(c.Ticket.SName) == 0:
		return Credential{}, errMalformed
	case echoed != int64(nonce):
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
