package krbtest

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"squidauth/negotiate/kerberos/initiator"
)

// Error codes of KDCs (RFC 4120 section 7.5.9).
const (
	ClientUnknown   = 6
	PreauthFailed   = 24
	PreauthRequired = 25
)

// A User is one whom a KDC knows.
type User struct {
	Password string
	Enctype  int32  // of the key; 0: AES256SHA1
	Salt     string // empty: realm and name
	Params   string // of string-to-key, in hexadecimal; empty: the default, not told

	NoProof bool   // gets a ticket without pre-authentication
	Refusal int32  // error code with which the KDC refuses who has proved the password
	Data    []byte // e-data of it
}

func (u User) key(name string) types.EncryptionKey {
	e, err := crypto.GetEtype(u.enctype())
	check(err)
	params := u.Params
	if params == "" {
		params = e.GetDefaultStringToKeyParams()
	}
	value, err := e.StringToKey(u.Password, u.salt(name), params)
	check(err)
	return types.EncryptionKey{KeyType: u.enctype(), KeyValue: value}
}

func (u User) enctype() int32 {
	if u.Enctype == 0 {
		return AES256SHA1
	}
	return u.Enctype
}

func (u User) salt(name string) string {
	if u.Salt == "" {
		return Realm + name
	}
	return u.Salt
}

// A KDC answers logins by password, and with tickets for services, whose keys are
// those of Key. Its fields are set before it is used; it may be used from several
// goroutines.
type KDC struct {
	Users map[string]User
	Now   func() time.Time

	// Edit changes a ticket for a service before it is sealed; it may be nil.
	Edit func(*Ticket)

	mu      sync.Mutex
	granted map[string]initiator.Credential // by the cipher text of the ticket
	guesses map[string]int
}

// Guesses returns how often a user's password was to be proved.
func (k *KDC) Guesses(user string) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.guesses[user]
}

// Serve answers on a listener, by TCP, until that is closed.
func (k *KDC) Serve(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			ServeConn(conn, k.Answer)
		}()
	}
}

// ServeConn answers one request of a connection (RFC 4120 section 7.2.2). At nil
// there is no answer.
func ServeConn(conn io.ReadWriter, answer func(request []byte) []byte) {
	var size [4]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return
	}
	request := make([]byte, binary.BigEndian.Uint32(size[:]))
	if _, err := io.ReadFull(conn, request); err != nil {
		return
	}
	if m := answer(request); m != nil {
		_, _ = conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(m))), m...)) // the client may be gone
	}
}

// Answer answers an AS-REQ or a TGS-REQ.
func (k *KDC) Answer(request []byte) []byte {
	var as messages.ASReq
	if err := as.Unmarshal(request); err == nil {
		return k.login(as)
	}
	return k.ticket(request)
}

// login answers an AS-REQ (RFC 4120 section 3.1.3).
func (k *KDC) login(req messages.ASReq) []byte {
	name := req.ReqBody.CName.PrincipalNameString()
	proof, proves := stampOf(req)
	if proves {
		k.mu.Lock()
		if k.guesses == nil {
			k.guesses = map[string]int{}
		}
		k.guesses[name]++
		k.mu.Unlock()
	}
	u, known := k.Users[name]
	switch {
	case !known || req.ReqBody.Realm != Realm:
		return KDCErrorAt(k.Now(), ClientUnknown, "", nil)
	case !proves && !u.NoProof:
		return KDCErrorAt(k.Now(), PreauthRequired, "NEEDED_PREAUTH", u.Demand(name))
	case proves && !opens(proof, u.key(name), k.Now()):
		return KDCErrorAt(k.Now(), PreauthFailed, "PREAUTH_FAILED", u.Demand(name))
	case u.Refusal != 0:
		return KDCErrorAt(k.Now(), u.Refusal, "", u.Data)
	}
	return k.grant(req, name, u)
}

// Demand returns the METHOD-DATA with which a KDC demands a proof, and more elements.
func (u User) Demand(name string, more ...[]byte) []byte {
	var list [][]byte
	for _, pa := range u.methods(name) {
		list = append(list, PAData(pa.PADataType, pa.PADataValue))
	}
	return sequence(append(list, more...)...)
}

func (u User) methods(name string) types.PADataSequence {
	return types.PADataSequence{
		{PADataType: 136, PADataValue: []byte{}}, // FAST, which clients may pass over
		{PADataType: 19, PADataValue: sequence(u.keyInfo(name))},
		{PADataType: 2, PADataValue: []byte{}},
		{PADataType: 133, PADataValue: []byte(cookie)},
	}
}

// keyInfo is an ETYPE-INFO2-ENTRY (RFC 4120 section 5.2.7.5).
func (u User) keyInfo(name string) []byte {
	fields := [][]byte{
		tagged(asn1.Tag(0), func(b *cryptobyte.Builder) { b.AddASN1Int64(int64(u.enctype())) }),
		tagged(asn1.Tag(1), func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.Tag(27), func(b *cryptobyte.Builder) { b.AddBytes([]byte(u.salt(name))) })
		}),
	}
	if u.Params != "" {
		params, err := hex.DecodeString(u.Params)
		check(err)
		fields = append(fields, tagged(asn1.Tag(2), func(b *cryptobyte.Builder) { b.AddASN1OctetString(params) }))
	}
	return sequence(fields...)
}

// PAData returns a PA-DATA (RFC 4120 section 5.2.7), which is built as
// KERB-ERROR-DATA is.
func PAData(kind int32, value []byte) []byte {
	return sequence(
		tagged(asn1.Tag(1), func(b *cryptobyte.Builder) { b.AddASN1Int64(int64(kind)) }),
		tagged(asn1.Tag(2), func(b *cryptobyte.Builder) { b.AddASN1OctetString(value) }))
}

func tagged(tag asn1.Tag, value cryptobyte.BuilderContinuation) []byte {
	var b cryptobyte.Builder
	b.AddASN1(tag.ContextSpecific().Constructed(), value)
	return b.BytesOrPanic()
}

func sequence(parts ...[]byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, p := range parts {
			b.AddBytes(p)
		}
	})
	return b.BytesOrPanic()
}

const cookie = "MIT1"

// stampOf returns the encrypted timestamp of a request, which must have the cookie.
func stampOf(req messages.ASReq) (stamp types.EncryptedData, ok bool) {
	returned := false
	for _, pa := range req.PAData {
		switch pa.PADataType {
		case 2:
			ok = stamp.Unmarshal(pa.PADataValue) == nil
		case 133:
			returned = string(pa.PADataValue) == cookie
		}
	}
	return stamp, ok && (returned || len(req.PAData) == 1)
}

// opens reports whether a timestamp is encrypted with the key, and of now.
func opens(stamp types.EncryptedData, key types.EncryptionKey, now time.Time) bool {
	plain, err := crypto.DecryptEncPart(stamp, key, keyusage.AS_REQ_PA_ENC_TIMESTAMP)
	if err != nil {
		return false
	}
	var ts types.PAEncTSEnc
	return ts.Unmarshal(plain) == nil && now.Sub(ts.PATimestamp).Abs() < 5*time.Minute
}

// grant makes the AS-REP.
func (k *KDC) grant(req messages.ASReq, name string, u User) []byte {
	now := k.Now().UTC().Truncate(time.Second)
	t := NewTicket(u.enctype())
	t.SName, t.Key, t.Session = req.ReqBody.SName.NameString, Key(u.enctype(), "krbtgt"), Key(u.enctype(), "session of "+name)
	t.CName, t.AuthTime, t.StartTime, t.EndTime = []string{name}, now, now, now.Add(time.Hour)
	sealed := t.Seal()
	k.mu.Lock()
	if k.granted == nil {
		k.granted = map[string]initiator.Credential{}
	}
	k.granted[string(sealed.Enc.Cipher)] = initiator.Credential{
		Ticket: sealed, Session: t.Session, Client: initiator.Principal{Name: t.CName, Realm: Realm}, EndTime: t.EndTime,
	}
	k.mu.Unlock()
	part := messages.EncKDCRepPart{
		Key: t.Session, Nonce: req.ReqBody.Nonce, Flags: types.NewKrbFlags(),
		LastReqs: []messages.LastReq{{LRValue: now}},
		AuthTime: now, StartTime: now, EndTime: t.EndTime, SRealm: Realm, SName: req.ReqBody.SName,
	}
	plain, err := part.Marshal()
	check(err)
	var rep messages.ASRep
	rep.PVNO, rep.MsgType = 5, 11
	rep.PAData = u.methods(name)[1:2]
	rep.CRealm, rep.CName = Realm, req.ReqBody.CName
	rep.Ticket = messages.Ticket{TktVNO: 5, Realm: Realm, SName: req.ReqBody.SName, EncPart: sealed.Enc}
	rep.EncPart = encrypt(plain, u.key(name), keyusage.AS_REP_ENCPART, 1)
	answer, err := rep.Marshal()
	check(err)
	return answer
}

var errNoTGT = errors.New("krbtest: the request has no ticket of this KDC's")

// ticket answers a TGS-REQ.
func (k *KDC) ticket(request []byte) []byte {
	tgt, err := k.tgtOf(request)
	if err != nil {
		return KDCErrorAt(k.Now(), 60, err.Error(), nil)
	}
	now := k.Now().UTC().Truncate(time.Second)
	g, err := newGrant(request, tgt, now, now, k.Edit)
	if err != nil {
		return KDCErrorAt(k.Now(), 31, err.Error(), nil)
	}
	return g.Answer()
}

func (k *KDC) tgtOf(request []byte) (initiator.Credential, error) {
	var req messages.TGSReq
	var ap messages.APReq
	if err := req.Unmarshal(request); err != nil {
		return initiator.Credential{}, err
	}
	if len(req.PAData) == 0 || ap.Unmarshal(req.PAData[0].PADataValue) != nil {
		return initiator.Credential{}, errNoTGT
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	tgt, ok := k.granted[string(ap.Ticket.EncPart.Cipher)]
	if !ok {
		return initiator.Credential{}, errNoTGT
	}
	return tgt, nil
}
