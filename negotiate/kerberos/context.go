package kerberos

import (
	"encoding/binary"
	"io"
	"time"

	"github.com/jcmturner/gokrb5/v8/types"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"squidauth/negotiate/kerberos/internal/der"
)

// Context is an established security context. It is used by one goroutine.
type Context struct {
	Client   string // principal without realm, as krb5_unparse_name writes it
	Realm    string // the client's
	CName    string // the same without escapes: components joined by "/"
	Service  string // principal of the key that fitted, with realm
	AuthTime time.Time
	Skew     time.Duration // the client's clock minus ours

	// APRep is the AP-REP for mutual authentication, nil if the client did not
	// ask for it.
	APRep []byte

	PAC []byte              // as in the ticket; empty: none
	Key types.EncryptionKey // the service's key, which signs the PAC

	sign   *cipher
	seq    uint64
	ticket *ticket
}

// Once returns what make returned for the first of all contexts of the ticket.
// It is for what is in the ticket, such as the PAC, and in no authenticator.
func (c *Context) Once(make func() any) any {
	c.ticket.once.Do(func() { c.ticket.derived = make() })
	return c.ticket.derived
}

// gssMutual is GSS_C_MUTUAL_FLAG (RFC 4121 section 4.1.1.1).
const gssMutual = 2

// establish makes the context of a verified request.
func (a *Acceptor) establish(req *apReq, t *ticket, auth *authenticator) (*Context, error) {
	c := &Context{
		Client:   t.cname.unparse(),
		CName:    t.cname.String(),
		Realm:    t.crealm,
		Service:  t.service.principal,
		AuthTime: t.authTime,
		Skew:     auth.time().Sub(a.Now()),
		PAC:      t.pac,
		Key:      t.service.cipher.key,
		sign:     t.session,
		ticket:   t,
		seq:      uint64(auth.seq),
	}
	if len(auth.subkey.KeyValue) > 0 {
		if err := a.permit(auth.subkey.KeyType, "the client's subkey"); err != nil {
			return nil, err
		}
		sub, err := newCipher(auth.subkey)
		if err != nil {
			return nil, refuse(Malformed, "the client's subkey").because(err)
		}
		c.sign = sub
	}
	if auth.checksum.gssFlags()&gssMutual == 0 && !req.options.Has(optionMutualRequired) {
		return c, nil
	}
	if err := a.reply(c, t.session, auth); err != nil {
		return nil, err
	}
	return c, nil
}

// The checksum that GSS-API puts into the authenticator (RFC 4121 section 4.1.1):
// length and value of the channel bindings, which a proxy cannot compare, then the
// flags, then what is delegated.
const (
	gssChecksum  = 0x8003
	bindingsLen  = 16
	gssMinLength = 4 + bindingsLen + 4
)

// wellFormed says whether a checksum of GSS-API has its parts. Others, such as old
// Samba sends, are passed over.
func (c checksum) wellFormed() bool {
	return c.kind != gssChecksum || len(c.value) >= gssMinLength && binary.LittleEndian.Uint32(c.value) == bindingsLen
}

// gssFlags returns the flags of a well-formed checksum. A client without one asks
// for nothing.
func (c checksum) gssFlags() uint32 {
	if c.kind != gssChecksum {
		return 0
	}
	return binary.LittleEndian.Uint32(c.value[4+bindingsLen:])
}

// reply makes the AP-REP (RFC 4120 section 5.5.2): the client's time, encrypted
// with the session key, and a sequence number of ours.
func (a *Acceptor) reply(c *Context, session *cipher, auth *authenticator) error {
	var random [4]byte
	if _, err := io.ReadFull(a.Rand, random[:]); err != nil {
		return refuse(Internal, "no random numbers").because(err)
	}
	c.seq = uint64(binary.BigEndian.Uint32(random[:]) & 0x3fffffff) // 30 bits, as MIT krb5: some clients read it as signed
	var part cryptobyte.Builder
	part.AddASN1(der.ApplicationTag(27), func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			tagged(b, 0, func(b *cryptobyte.Builder) { b.AddASN1(asn1.GeneralizedTime, addTime(auth.ctime)) })
			tagged(b, 1, func(b *cryptobyte.Builder) { b.AddASN1Int64(auth.cusec) })
			tagged(b, 3, func(b *cryptobyte.Builder) { b.AddASN1Int64(int64(c.seq)) })
		})
	})
	plain, err := part.Bytes()
	if err != nil {
		return refuse(Internal, "AP-REP").because(err)
	}
	enc, err := session.encrypt(a.Rand, usageAPRep, plain)
	if err != nil {
		return refuse(Internal, "AP-REP").because(err)
	}
	c.APRep, err = marshalAPRep(enc)
	if err != nil {
		return refuse(Internal, "AP-REP").because(err)
	}
	return nil
}

func marshalAPRep(enc types.EncryptedData) ([]byte, error) {
	var rep cryptobyte.Builder
	rep.AddASN1(der.ApplicationTag(typeAPRep), func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			tagged(b, 0, func(b *cryptobyte.Builder) { b.AddASN1Int64(version) })
			tagged(b, 1, func(b *cryptobyte.Builder) { b.AddASN1Int64(typeAPRep) })
			tagged(b, 2, func(b *cryptobyte.Builder) {
				b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
					tagged(b, 0, func(b *cryptobyte.Builder) { b.AddASN1Int64(int64(enc.EType)) })
					tagged(b, 2, func(b *cryptobyte.Builder) { b.AddASN1OctetString(enc.Cipher) })
				})
			})
		})
	})
	return rep.Bytes()
}

func tagged(b *cryptobyte.Builder, n uint8, f cryptobyte.BuilderContinuation) {
	b.AddASN1(der.FieldTag(n), f)
}

// addTime writes KerberosTime (RFC 4120 section 5.2.3): no fractions, UTC.
func addTime(t time.Time) cryptobyte.BuilderContinuation {
	return func(b *cryptobyte.Builder) { b.AddBytes([]byte(t.UTC().Format(der.TimeForm))) }
}
