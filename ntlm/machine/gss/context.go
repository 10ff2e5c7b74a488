package gss

import (
	"crypto/rand"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/crypto/etype"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/spnego"
)

// Flags say what the client wants (RFC 4121 section 4.1.1.1). Mutual authentication
// is always among it.
type Flags uint32

const (
	mutual Flags = 2

	// Sealed wants messages of the connection encrypted, in order and once. It must
	// not be asked for over TLS: Active Directory refuses that.
	Sealed Flags = replay | sequence | confidentiality | integrity

	replay          Flags = 4
	sequence        Flags = 8
	confidentiality Flags = 16
	integrity       Flags = 32
)

var (
	errRC4       = errors.New("the ticket's session key is not one for AES: give the domain controllers AES keys")
	errNoAnswer  = errors.New("the answer to the ticket is not that of the service")
	errSignature = errors.New("a message is not the service's, or was changed")
)

// Context is a login, and what protects messages after it. After Finish, one goroutine
// may use Wrap while another uses Unwrap.
type Context struct {
	session types.EncryptionKey
	at      time.Time // in the authenticator

	subkey          types.EncryptionKey // of messages
	acceptorsSubkey bool
	sent, received  uint64 // numbers of the next messages
}

// Begin returns a login at that time with a ticket, and its token for the service.
func Begin(c initiator.Credential, at time.Time, want Flags, b Bindings) (*Context, []byte, error) {
	e, err := usable(c.Session)
	if err != nil {
		return nil, nil, err
	}
	ctx := &Context{
		session: c.Session, at: at.UTC().Truncate(time.Microsecond),
		subkey: types.EncryptionKey{KeyType: c.Session.KeyType, KeyValue: random(e.GetKeyByteSize())},
		sent:   uint64(binary.BigEndian.Uint32(random(4)) & 0x3fffffff), // some read it as signed
	}
	auth := types.Authenticator{
		AVNO:   5,
		CRealm: c.Client.Realm, CName: types.PrincipalName{NameType: 1, NameString: c.Client.Name},
		CTime: ctx.at.Truncate(time.Second), Cusec: ctx.at.Nanosecond() / 1000,
		Cksum:  checksum(want|mutual, b),
		SubKey: ctx.subkey, SeqNumber: int64(ctx.sent),
	}
	enc, err := crypto.GetEncryptedData(initiator.MarshalAuthenticator(auth), c.Session, keyusage.AP_REQ_AUTHENTICATOR, 0)
	if err != nil {
		return nil, nil, err
	}
	const mutualRequired = 2 // a bit of AP-REQ's options
	apReq := initiator.APReq{Version: 5, Options: []int{mutualRequired}, Ticket: c.Ticket, Authenticator: enc}
	return ctx, spnego.MechToken{Mech: spnego.KRB5, ID: spnego.APReq, Body: apReq.Marshal()}.Append(nil), nil
}

// usable returns how to encrypt with a key of AES.
func usable(k types.EncryptionKey) (etype.EType, error) {
	if k.KeyType != etypeID.AES128_CTS_HMAC_SHA1_96 && k.KeyType != etypeID.AES256_CTS_HMAC_SHA1_96 {
		return nil, errRC4
	}
	e, err := crypto.GetEtype(k.KeyType)
	if err != nil {
		return nil, err
	}
	if len(k.KeyValue) != e.GetKeyByteSize() {
		return nil, fmt.Errorf("a key of %d bytes cannot be used", len(k.KeyValue))
	}
	return e, nil
}

// checksum is that of RFC 4121 section 4.1.1.
func checksum(f Flags, b Bindings) types.Checksum {
	sum := binary.LittleEndian.AppendUint32(nil, uint32(len(b)))
	sum = append(sum, b[:]...)
	return types.Checksum{CksumType: 0x8003, Checksum: binary.LittleEndian.AppendUint32(sum, uint32(f))}
}

// The answer (RFC 4120 section 5.5.2).
type (
	apRep struct {
		Version int           `asn1:"explicit,tag:0"`
		Type    int           `asn1:"explicit,tag:1"`
		Enc     encryptedData `asn1:"explicit,tag:2"`
	}
	encryptedData struct {
		EType  int    `asn1:"explicit,tag:0"`
		KVNO   int64  `asn1:"optional,explicit,tag:1"`
		Cipher []byte `asn1:"explicit,tag:2"`
	}
	encAPRepPart struct {
		CTime  time.Time     `asn1:"generalized,explicit,tag:0"`
		Cusec  int           `asn1:"explicit,tag:1"`
		Subkey encryptionKey `asn1:"optional,explicit,tag:2"`
		Seq    int64         `asn1:"optional,explicit,tag:3"`
	}
	encryptionKey struct {
		Type  int    `asn1:"explicit,tag:0"`
		Value []byte `asn1:"explicit,tag:1"`
	}
)

// Finish reads the service's token, with which it shows that it is who the ticket is
// for.
func (c *Context) Finish(token []byte) error {
	framed, err := spnego.ParseMechToken(token)
	if err != nil || framed.ID != spnego.APRep {
		return errNoAnswer
	}
	var rep apRep
	if rest, err := asn1.UnmarshalWithParams(framed.Body, &rep, "application,explicit,tag:15"); err != nil || len(rest) > 0 ||
		rep.Version != 5 || rep.Type != 15 || rep.Enc.EType != int(c.session.KeyType) {
		return errNoAnswer
	}
	plain, err := decrypt(c.session, rep.Enc.Cipher, keyusage.AP_REP_ENCPART)
	if err != nil {
		return errNoAnswer
	}
	var part encAPRepPart
	if rest, err := asn1.UnmarshalWithParams(plain, &part, "application,explicit,tag:27"); err != nil || len(rest) > 0 ||
		!part.CTime.Equal(c.at.Truncate(time.Second)) || part.Cusec != c.at.Nanosecond()/1000 {
		return errNoAnswer
	}
	c.received = uint64(uint32(part.Seq)) // which some write as signed
	if part.Subkey.Type == 0 {
		return nil
	}
	subkey := types.EncryptionKey{KeyType: int32(part.Subkey.Type), KeyValue: part.Subkey.Value}
	if _, err := usable(subkey); err != nil {
		return err
	}
	c.subkey, c.acceptorsSubkey = subkey, true
	return nil
}

// decrypt decrypts what is long enough for it; gokrb5 does not look.
func decrypt(k types.EncryptionKey, cipher []byte, usage uint32) ([]byte, error) {
	e, err := usable(k)
	if err != nil {
		return nil, err
	}
	if len(cipher) < e.GetConfounderByteSize()+e.GetHMACBitLength()/8 {
		return nil, errSignature
	}
	plain, err := e.DecryptMessage(k.KeyValue, cipher, usage)
	if err != nil {
		return nil, errSignature
	}
	return plain, nil
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}
