package krbtest

import (
	"errors"
	"fmt"
	"time"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/kerberos/initiator"
)

// TGT is what Client has after kinit, for ten hours around Now.
func TGT(enctype int32) initiator.Credential {
	t := NewTicket(enctype)
	t.SName, t.Key = []string{"krbtgt", Realm}, Key(enctype, "krbtgt")
	t.Session = Key(enctype, "session with the KDC")
	return initiator.Credential{
		Ticket:  t.Seal(),
		Session: t.Session,
		Client:  initiator.Principal{Name: t.CName, Realm: t.CRealm},
		EndTime: t.EndTime,
	}
}

// A Grant is a KDC's answer to a TGS-REQ before it is encrypted, in gokrb5's
// words. It says yes unless it is changed.
type Grant struct {
	Reply messages.TGSRep
	Part  messages.EncKDCRepPart

	tgt initiator.Credential
}

// NewGrant reads a TGS-REQ as a KDC does (RFC 4120 section 3.3.3), and grants it
// for an hour from Now on. It fails if the request is not of who has the TGT.
func NewGrant(request []byte, tgt initiator.Credential) (*Grant, error) {
	return newGrant(request, tgt, Now, AuthTime(), nil)
}

// newGrant grants from now on to who logged in at authTime. edit changes the ticket
// before it is sealed; it may be nil.
func newGrant(request []byte, tgt initiator.Credential, now, authTime time.Time, edit func(*Ticket)) (*Grant, error) {
	var req messages.TGSReq
	if err := req.Unmarshal(request); err != nil {
		return nil, err
	}
	if err := verify(req, tgt); err != nil {
		return nil, err
	}
	body := req.ReqBody
	ticket := Ticket{
		SName: body.SName.NameString, SRealm: body.Realm, Kvno: Kvno, Key: Key(tgt.Session.KeyType, body.SName.PrincipalNameString()),
		EncTicketPart: initiator.EncTicketPart{
			Session: Key(tgt.Session.KeyType, "session"), CRealm: tgt.Client.Realm, CName: tgt.Client.Name,
			AuthTime: authTime, StartTime: authTime, EndTime: now.Add(time.Hour).Truncate(time.Second),
		},
	}
	if edit != nil {
		edit(&ticket)
	}
	g := &Grant{tgt: tgt, Part: messages.EncKDCRepPart{
		Key: ticket.Session, Nonce: body.Nonce, Flags: types.NewKrbFlags(),
		LastReqs: []messages.LastReq{{LRValue: authTime}},
		AuthTime: ticket.AuthTime, StartTime: ticket.StartTime, EndTime: ticket.EndTime,
		SRealm: body.Realm, SName: body.SName,
	}}
	g.Reply.PVNO, g.Reply.MsgType = 5, 13
	g.Reply.CRealm, g.Reply.CName = tgt.Client.Realm, types.PrincipalName{NameType: 1, NameString: tgt.Client.Name}
	g.Reply.Ticket = messages.Ticket{TktVNO: 5, Realm: body.Realm, SName: body.SName, EncPart: ticket.Seal().Enc}
	return g, nil
}

// verify checks that the authenticator is of the TGT's owner, and of this request.
func verify(req messages.TGSReq, tgt initiator.Credential) error {
	if len(req.PAData) != 1 || req.PAData[0].PADataType != 1 {
		return errors.New("no PA-TGS-REQ")
	}
	var ap messages.APReq
	if err := ap.Unmarshal(req.PAData[0].PADataValue); err != nil {
		return err
	}
	plain, err := crypto.DecryptEncPart(ap.EncryptedAuthenticator, tgt.Session, keyusage.TGS_REQ_PA_TGS_REQ_AP_REQ_AUTHENTICATOR)
	if err != nil {
		return err
	}
	var auth types.Authenticator
	if err := auth.Unmarshal(plain); err != nil {
		return err
	}
	if who := (initiator.Principal{Name: auth.CName.NameString, Realm: auth.CRealm}).String(); who != tgt.Client.String() {
		return fmt.Errorf("the authenticator is of %s", who)
	}
	body, err := req.ReqBody.Marshal()
	if err != nil {
		return err
	}
	etype, err := crypto.GetEtype(tgt.Session.KeyType)
	if err != nil || auth.Cksum.CksumType != etype.GetHashID() ||
		!etype.VerifyChecksum(tgt.Session.KeyValue, body, auth.Cksum.Checksum, keyusage.TGS_REQ_PA_TGS_REQ_AP_REQ_AUTHENTICATOR_CHKSUM) {
		return errors.New("the checksum is not of this request")
	}
	return nil
}

// Answer returns the TGS-REP.
func (g *Grant) Answer() []byte {
	plain, err := g.Part.Marshal()
	check(err)
	return g.AnswerBytes(plain)
}

// AnswerBytes puts any bytes in place of the part that is encrypted.
func (g *Grant) AnswerBytes(plain []byte) []byte {
	g.Reply.EncPart = encrypt(plain, g.tgt.Session, keyusage.TGS_REP_ENCPART_SESSION_KEY, 0)
	answer, err := g.Reply.Marshal()
	check(err)
	return answer
}

// KDCError returns a KRB-ERROR.
func KDCError(code int32, text string) []byte { return KDCErrorAt(Now, code, text, nil) }

// KDCErrorAt returns the KRB-ERROR of a KDC with that clock, and with e-data.
func KDCErrorAt(now time.Time, code int32, text string, data []byte) []byte {
	e := messages.NewKRBError(types.PrincipalName{NameType: 2, NameString: components(Service)}, Realm, code, text)
	e.STime, e.EData = now.UTC().Truncate(time.Second), data
	answer, err := e.Marshal()
	check(err)
	return answer
}
