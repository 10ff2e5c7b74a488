package kerberos

import (
	"time"

	"squidauth/negotiate/kerberos/internal/enctype"
)

// Inspection is what can be read of an AP-REQ, for people who look for a fault. It is
// no verification: whatever is not Opened may be made up, and nothing is compared.
type Inspection struct {
	Service              string // principal that the ticket is for, with realm
	Kvno                 uint32
	Enctype              string // of the ticket
	AuthenticatorEnctype string
	Mutual               bool // AP-OPTIONS has mutual-required

	// Opened is what a key of the keytab revealed; nil: none fits, or there is none.
	Opened *OpenedTicket

	// Problem is why there is no more.
	Problem error
}

// OpenedTicket is a decrypted ticket and, if it could be read, its authenticator.
type OpenedTicket struct {
	Client                       string // principal, with realm
	Key                          string // principal of the key that fitted
	AuthTime, StartTime, EndTime time.Time
	SessionEnctype               string
	SessionKey                   []byte
	Transited                    string
	PAC                          []byte // empty: none

	// Of the authenticator. The zero Time: it could not be read.
	Time     time.Time // of the client's clock
	Subkey   []byte
	GSSFlags uint32 // RFC 4121 section 4.1.1.1
}

// Inspect reads an AP-REQ, the ticket too if keys has its key; keys may be nil.
func Inspect(apReq []byte, keys *Keyring) Inspection {
	req, err := readAPReq(apReq)
	if err != nil {
		return Inspection{Problem: err}
	}
	i := Inspection{
		Service:              shown(req.ticket.sname.String() + "@" + req.ticket.realm),
		Kvno:                 uint32(req.ticket.part.KVNO),
		Enctype:              enctype.Name(req.ticket.part.EType),
		AuthenticatorEnctype: enctype.Name(req.authenticator.EType),
		Mutual:               req.options.Has(optionMutualRequired),
	}
	if keys == nil {
		return i
	}
	a := &Acceptor{Now: time.Now}
	t, err := a.openTicket(keys, &req.ticket)
	if err != nil {
		i.Problem = err
		return i
	}
	i.Opened, i.Problem = inspectTicket(req, t)
	return i
}

func inspectTicket(req *apReq, t *ticket) (*OpenedTicket, error) {
	o := &OpenedTicket{
		Client:         shown(t.cname.String() + "@" + t.crealm),
		Key:            t.service.principal,
		AuthTime:       t.authTime,
		StartTime:      t.startTime,
		EndTime:        t.endTime,
		SessionEnctype: enctype.Name(t.key.KeyType),
		SessionKey:     t.key.KeyValue,
		Transited:      shown(t.transited),
		PAC:            t.pac,
	}
	auth, err := openAuthenticator(req, t)
	if err != nil {
		return o, err
	}
	o.Time, o.Subkey, o.GSSFlags = auth.time(), auth.subkey.KeyValue, auth.checksum.gssFlags()
	return o, nil
}
