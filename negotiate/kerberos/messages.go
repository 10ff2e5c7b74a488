package kerberos

import (
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/jcmturner/gokrb5/v8/iana/adtype"
	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/kerberos/internal/der"
)

// apReq is an AP-REQ (RFC 4120 section 5.5.1).
type apReq struct {
	options       der.Flags
	ticket        sealed
	authenticator types.EncryptedData
}

// Bits of an AP-REQ's options.
const (
	optionUseSessionKey  = 1
	optionMutualRequired = 2
)

// sealed is a Ticket (RFC 4120 section 5.3).
type sealed struct {
	realm string
	sname principal
	part  types.EncryptedData
}

const (
	version   = 5 // of Kerberos
	typeAPReq = 14
	typeAPRep = 15
)

func readAPReq(message []byte) (*apReq, error) {
	f := der.Application(message, typeAPReq)
	if f.Broken {
		return nil, refuse(Malformed, "the token holds no AP-REQ")
	}
	pvno, kind := f.Integer(0), f.Integer(1)
	var req apReq
	req.options = f.Flags(2)
	ticketVersion := req.ticket.read(&f, 3)
	req.authenticator = f.Encrypted(4)
	switch {
	case f.Broken || kind != typeAPReq:
		return nil, refuse(Malformed, "the AP-REQ cannot be read")
	case pvno != version || ticketVersion != version:
		return nil, refuse(Malformed, "the AP-REQ is not of Kerberos 5")
	case len(req.ticket.sname) == 0:
		return nil, refuse(Malformed, "the ticket names no service")
	case req.options.Has(optionUseSessionKey):
		return nil, refuse(UserToUser, "user-to-user authentication is not supported")
	}
	return &req, nil
}

// read takes the ticket in field n and returns its version.
func (s *sealed) read(f *der.Fields, n uint8) int64 {
	inner := der.Application(f.Field(n), 1)
	v := inner.Integer(0)
	s.realm, s.sname, s.part = inner.Text(1), inner.Name(2), inner.Encrypted(3)
	f.Broken = f.Broken || inner.Broken
	return v
}

// encTicketPart is EncTicketPart (RFC 4120 section 5.3), but for what is not
// looked at: renew-till, and caddr, since address translation makes it useless.
type encTicketPart struct {
	flags     der.Flags
	key       types.EncryptionKey
	crealm    string
	cname     principal
	transited string
	authTime  time.Time
	startTime time.Time // authTime, where it is absent
	endTime   time.Time
	authData  cryptobyte.String // AuthorizationData
}

// Bits of a ticket's flags.
const (
	flagInvalid          = 7
	flagTransitedChecked = 12
	flagAnonymous        = 16 // RFC 8062
)

func readEncTicketPart(plain []byte) (*encTicketPart, error) {
	f := der.Application(plain, 3)
	var t encTicketPart
	t.flags, t.key, t.crealm, t.cname = f.Flags(0), f.Key(1), f.Text(2), f.Name(3)
	way := f.Sequence(4)
	way.Int32(0)
	t.transited = string(way.Octets(1))
	t.authTime = f.Time(5)
	t.startTime = t.authTime
	if f.Has(6) {
		t.startTime = f.Time(6)
	}
	t.endTime = f.Time(7)
	if f.Has(8) {
		f.Time(8)
	}
	if f.Has(9) {
		f.Value(9, asn1.SEQUENCE)
	}
	if f.Has(10) {
		t.authData = f.Value(10, asn1.SEQUENCE)
	}
	if f.Broken || way.Broken {
		return nil, refuse(Malformed, "the decrypted ticket cannot be read")
	}
	return &t, nil
}

// authenticator is an Authenticator (RFC 4120 section 5.5.1).
type authenticator struct {
	crealm   string
	cname    principal
	checksum checksum
	ctime    time.Time
	cusec    int64
	subkey   types.EncryptionKey // without a value: absent
	seq      uint32
}

type checksum struct {
	kind  int32
	value []byte
}

func readAuthenticator(plain []byte) (*authenticator, error) {
	f := der.Application(plain, 2)
	var a authenticator
	avno := f.Integer(0)
	a.crealm, a.cname = f.Text(1), f.Name(2)
	if f.Has(3) {
		inner := f.Sequence(3)
		a.checksum = checksum{inner.Int32(0), inner.Octets(1)}
		f.Broken = f.Broken || inner.Broken
	}
	a.cusec, a.ctime = f.Integer(4), f.Time(5)
	if f.Has(6) {
		a.subkey = f.Key(6)
	}
	if f.Has(7) {
		a.seq = uint32(f.Integer(7)) // some clients send it as signed
	}
	switch {
	case f.Broken:
		return nil, refuse(Malformed, "the authenticator cannot be read")
	case avno != version || a.cusec < 0 || a.cusec > 999999 || !a.checksum.wellFormed():
		return nil, refuse(Malformed, "the authenticator is not as RFC 4120 and 4121 say")
	}
	return &a, nil
}

// time is the client's clock.
func (a *authenticator) time() time.Time {
	return a.ctime.Add(time.Duration(a.cusec) * time.Microsecond)
}

// findPAC returns the PAC of a ticket: an AD-WIN2K-PAC in an AD-IF-RELEVANT
// ([MS-KILE] section 2.2). Elements that cannot be read are passed over. With two
// of them one could be the client's, which may ask the KDC to add what it likes.
func findPAC(authData cryptobyte.String) (pac []byte, err error) {
	eachAuthData(authData, adtype.ADIfRelevant, func(data []byte) {
		inner, list := cryptobyte.String(data), cryptobyte.String(nil)
		if !inner.ReadASN1(&list, asn1.SEQUENCE) || !inner.Empty() {
			return
		}
		eachAuthData(list, adtype.ADWin2KPAC, func(data []byte) {
			if pac != nil {
				err = refuse(Malformed, "the ticket holds two PACs")
			}
			pac = data
		})
	})
	return pac, err
}

// eachAuthData calls do for elements of AuthorizationData (RFC 4120 section
// 5.2.6) of that type.
func eachAuthData(list cryptobyte.String, wanted int32, do func(data []byte)) {
	for {
		element := der.Element(&list)
		if element.Broken {
			return
		}
		kind, data := element.Int32(0), element.Octets(1)
		if !element.Broken && kind == wanted {
			do(data)
		}
	}
}
