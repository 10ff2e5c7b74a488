package krbtest

import (
	"errors"
	"time"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/kerberos/initiator"
)

// ErrPreauth says that who logs in has not the account's key.
var ErrPreauth = errors.New("the timestamp is not encrypted with the key")

// IsLogin reports whether a request to a KDC is an AS-REQ.
func IsLogin(request []byte) bool { return len(request) > 0 && request[0] == 0x6a }

// ReadLogin reads an AS-REQ as a KDC does that has the account's key (RFC 4120 section
// 3.1.3), and returns the ticket-granting ticket TGT, which is for that account, and
// the AS-REP before it is encrypted, in gokrb5's words.
func ReadLogin(request []byte, k initiator.ServiceKey) (initiator.Credential, *messages.EncKDCRepPart, error) {
	var req messages.ASReq
	if err := req.Unmarshal(request); err != nil {
		return initiator.Credential{}, nil, err
	}
	if len(req.PAData) != 1 || req.PAData[0].PADataType != 2 {
		return initiator.Credential{}, nil, errors.New("no PA-ENC-TIMESTAMP")
	}
	var enc types.EncryptedData
	if err := enc.Unmarshal(req.PAData[0].PADataValue); err != nil {
		return initiator.Credential{}, nil, err
	}
	plain, err := crypto.DecryptEncPart(enc, k.Key, keyusage.AS_REQ_PA_ENC_TIMESTAMP)
	var stamp types.PAEncTSEnc
	if err != nil || stamp.Unmarshal(plain) != nil || stamp.PATimestamp.Sub(Now).Abs() > time.Second {
		return initiator.Credential{}, nil, ErrPreauth
	}
	tgt := TGT(k.Key.KeyType)
	tgt.Client = initiator.Principal{Name: req.ReqBody.CName.NameString, Realm: req.ReqBody.Realm}
	return tgt, &messages.EncKDCRepPart{
		Key: tgt.Session, Nonce: req.ReqBody.Nonce, Flags: types.NewKrbFlags(),
		LastReqs: []messages.LastReq{{LRValue: AuthTime()}},
		AuthTime: AuthTime(), StartTime: AuthTime(), EndTime: tgt.EndTime.Truncate(time.Second),
		SRealm: req.ReqBody.Realm, SName: req.ReqBody.SName,
	}, nil
}

// LoginAnswer returns the AS-REP.
func LoginAnswer(tgt initiator.Credential, part *messages.EncKDCRepPart, k initiator.ServiceKey) []byte {
	plain, err := part.Marshal()
	check(err)
	var rep messages.ASRep
	rep.PVNO, rep.MsgType = 5, 11
	rep.CRealm, rep.CName = tgt.Client.Realm, types.PrincipalName{NameType: 1, NameString: tgt.Client.Name}
	rep.Ticket = messages.Ticket{TktVNO: 5, Realm: tgt.Ticket.SRealm, SName: types.PrincipalName{NameType: 2, NameString: tgt.Ticket.SName}, EncPart: tgt.Ticket.Enc}
	rep.EncPart = encrypt(plain, k.Key, keyusage.AS_REP_ENCPART, Kvno)
	answer, err := rep.Marshal()
	check(err)
	return answer
}
