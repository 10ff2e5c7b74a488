package kerberos

import (
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/jcmturner/gokrb5/v8/iana/adtype"
	"github.com/jcmturner/gokrb5/v8/types"
)

// apReq is an AP-REQ (RFC 4120 section 5.5.1).
type apReq struct {
	options       flags
	ticket        sealed
	authenticator encrypted
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
	part  encrypted
}

const (
	version   = 5 // of Kerberos
	typeAPReq = 14
	typeAPRep = 15
)

func readAPReq(message []byte) (*apReq, error) {
	f := application(message, typeAPReq)
	if f.broken {
		return nil, refuse(Malformed, "the token holds no AP-REQ")
	}
	pvno, kind := f.integer(0), f.integer(1)
	var req apReq
	req.options = f.flags(2)
	ticketVersion := req.ticket.read(&f, 3)
	req.authenticator = f.encrypted(4)
	switch {
	case f.broken || kind != typeAPReq:
		return nil, refuse(Malformed, "the AP-REQ cannot be read")
	case pvno != version || ticketVersion != version:
		return nil, refuse(Malformed, "the AP-REQ is not of Kerberos 5")
	case len(req.ticket.sname) == 0:
		return nil, refuse(Malformed, "the ticket names no service")
	case req.options.has(optionUseSessionKey):
		return nil, refuse(UserToUser, "user-to-user authentication is not supported")
	}
	return &req, nil
}

// read takes the ticket in field n and returns its version.
func (s *sealed) read(f *fields, n uint8) int64 {
	var field cryptobyte.String
	if f.broken || !f.rest.ReadASN1(&field, fieldTag(n)) {
		f.broken = true
		return 0
	}
	inner := readApplication(&field, 1)
	v := inner.integer(0)
	s.realm, s.sname, s.part = inner.text(1), inner.name(2), inner.encrypted(3)
	f.broken = inner.broken || !field.Empty()
	return v
}

// encTicketPart is EncTicketPart (RFC 4120 section 5.3), but for what is not
// looked at: renew-till, and caddr, since address translation makes it useless.
type encTicketPart struct {
	flags     flags
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
	f := application(plain, 3)
	var t encTicketPart
	t.flags, t.key, t.crealm, t.cname = f.flags(0), f.key(1), f.text(2), f.name(3)
	way := f.sequence(4)
	way.int32(0)
	t.transited = string(way.octets(1))
	t.authTime = f.time(5)
	t.startTime = t.authTime
	if f.has(6) {
		t.startTime = f.time(6)
	}
	t.endTime = f.time(7)
	if f.has(8) {
		f.time(8)
	}
	if f.has(9) {
		f.value(9, asn1.SEQUENCE)
	}
	if f.has(10) {
		t.authData = f.value(10, asn1.SEQUENCE)
	}
	if f.broken || way.broken {
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
	f := application(plain, 2)
	var a authenticator
	avno := f.integer(0)
	a.crealm, a.cname = f.text(1), f.name(2)
	if f.has(3) {
		inner := f.sequence(3)
		a.checksum = checksum{inner.int32(0), inner.octets(1)}
		f.broken = f.broken || inner.broken
	}
	a.cusec, a.ctime = f.integer(4), f.time(5)
	if f.has(6) {
		a.subkey = f.key(6)
	}
	if f.has(7) {
		a.seq = uint32(f.integer(7)) // some clients send it as signed
	}
	switch {
	case f.broken:
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

// maxAuthData bounds the elements of authorization data that are looked at.
const maxAuthData = 64

// findPAC returns the PAC of a ticket: an AD-WIN2K-PAC in an AD-IF-RELEVANT
// ([MS-KILE] section 2.2). Elements that cannot be read are passed over.
func findPAC(authData cryptobyte.String) []byte {
	var found []byte
	eachAuthData(authData, func(kind int32, data []byte) bool {
		if kind != adtype.ADIfRelevant {
			return true
		}
		inner, list := cryptobyte.String(data), cryptobyte.String(nil)
		if !inner.ReadASN1(&list, asn1.SEQUENCE) || !inner.Empty() {
			return true
		}
		eachAuthData(list, func(kind int32, data []byte) bool {
			if kind == adtype.ADWin2KPAC {
				found = data
			}
			return found == nil
		})
		return found == nil
	})
	return found
}

// eachAuthData calls do for elements of AuthorizationData (RFC 4120 section
// 5.2.6) until it returns false.
func eachAuthData(list cryptobyte.String, do func(kind int32, data []byte) bool) {
	for range maxAuthData {
		var element fields
		if !list.ReadASN1(&element.rest, asn1.SEQUENCE) {
			return
		}
		kind, data := element.int32(0), element.octets(1)
		if !element.broken && !do(kind, data) {
			return
		}
	}
}
