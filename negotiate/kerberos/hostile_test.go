package kerberos_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"squidauth/negotiate/kerberos"
	"squidauth/negotiate/kerberos/krbtest"
)

// TestShortCiphertexts: anybody can send these, no ticket is needed for them
// (defect: gokrb5 panics on what is shorter than its checksum).
func TestShortCiphertexts(t *testing.T) {
	for _, enctype := range krbtest.Enctypes() {
		a := newAcceptor(t)
		l := krbtest.NewLogin(enctype)
		sealed, whole := l.Ticket.Seal(), l.Encrypted().Cipher
		for n := range 101 {
			for _, fill := range [][]byte{{0}, {0xff}, whole} {
				short := bytes.Repeat(fill, n/len(fill)+1)[:n]
				s := sealed
				s.Enc.Cipher = short
				l.Sealed, l.AuthCipher = &s, nil
				mustRefuse(t, a, l.APReq(), kerberos.BadTicket)
				l.Sealed, l.AuthCipher = &sealed, short
				mustRefuse(t, a, l.APReq(), kerberos.BadMatch)
			}
		}
	}
}

// TestShortPlaintexts: what decrypts, but is no ticket or authenticator. Only a
// KDC and a client with a ticket can send these.
func TestShortPlaintexts(t *testing.T) {
	for _, enctype := range krbtest.Enctypes() {
		a := newAcceptor(t)
		l := krbtest.NewLogin(enctype)
		sealed := l.Ticket.Seal()
		for n := range 40 {
			for _, fill := range []byte{0, 0x30, 0x63, 0x62, 0xff} {
				plain := bytes.Repeat([]byte{fill}, n)
				s := l.Ticket.SealBytes(plain)
				l.Sealed, l.AuthCipher = &s, nil
				mustRefuse(t, a, l.APReq(), kerberos.Malformed)
				l.Sealed, l.AuthCipher = &sealed, l.EncryptBytes(plain).Cipher
				mustRefuse(t, a, l.APReq(), kerberos.Malformed)
			}
		}
	}
}

func TestNoAPReq(t *testing.T) {
	whole := krbtest.NewLogin(krbtest.AES256SHA1).APReq()
	for name, token := range map[string][]byte{
		"nothing":       {},
		"a byte":        {0x6e},
		"empty":         {0x6e, 0},
		"another":       append([]byte{0x6f}, whole[1:]...),
		"more":          append(slices.Clone(whole), 0),
		"huge length":   {0x6e, 0x84, 0xff, 0xff, 0xff, 0xff},
		"endless":       {0x6e, 0x80, 0x30, 0x80, 0, 0, 0, 0},
		"empty inside":  {0x6e, 2, 0x30, 0},
		"not a message": []byte("GET / HTTP/1.1\r\n"),
	} {
		t.Run(name, func(t *testing.T) { mustRefuse(t, newAcceptor(t), token, kerberos.Malformed) })
	}
}

// neverAnother fails if the AP-REQ, which was changed on its way, is accepted as
// anybody but its client. It says whether it was accepted.
func neverAnother(t *testing.T, a *kerberos.Acceptor, apReq []byte, user string) bool {
	t.Helper()
	c, err := a.Accept(t.Context(), apReq)
	if err != nil {
		var own *kerberos.Error
		if !errors.As(err, &own) || c != nil {
			t.Errorf("%T %v, context %v", err, err, c)
		}
		return false
	}
	if got := c.Client + "@" + c.Realm; got != user {
		t.Errorf("accepted as %q, not %q", got, user)
	}
	return true
}

// TestTruncated: of a token that is cut, nothing is accepted.
func TestTruncated(t *testing.T) {
	for _, enctype := range krbtest.Enctypes() {
		a, l := newAcceptor(t), krbtest.NewLogin(enctype)
		apReq := l.APReq()
		for i := range apReq {
			if neverAnother(t, a, apReq[:i], l.User()) {
				t.Errorf("%d: accepted with %d of %d bytes", enctype, i, len(apReq))
			}
		}
		if !neverAnother(t, a, apReq, l.User()) {
			t.Errorf("%d: the whole token is refused", enctype)
		}
	}
}

// TestChangedByte: each byte is set to several other values. What is encrypted
// cannot be changed at all. What is not, are options, names, versions and the
// encryption type of the authenticator, which do not decide who the client is.
func TestChangedByte(t *testing.T) {
	for _, enctype := range krbtest.Enctypes() {
		a, l := newAcceptor(t), krbtest.NewLogin(enctype)
		sealed := l.Ticket.Seal()
		l.Sealed, l.AuthCipher = &sealed, l.Encrypted().Cipher
		apReq, accepted := l.APReq(), 0
		ticketAt, authAt := bytes.Index(apReq, sealed.Enc.Cipher), bytes.Index(apReq, l.AuthCipher)
		for i := range apReq {
			for _, x := range []byte{1, 0x80, 0xff} {
				changed := slices.Clone(apReq)
				changed[i] ^= x
				a.Replay = newCache(t)
				if !neverAnother(t, a, changed, l.User()) {
					continue
				}
				accepted++
				if ticketAt <= i && i < ticketAt+len(sealed.Enc.Cipher) || authAt <= i && i < authAt+len(l.AuthCipher) {
					t.Errorf("%d: accepted with byte %d of an encrypted part changed", enctype, i)
				}
			}
		}
		if accepted > len(apReq) {
			t.Errorf("%d: accepted with %d of %d changes", enctype, accepted, 3*len(apReq))
		}
	}
}

// TestManyElements: a list of a great many elements is not a cheap way to make us
// allocate.
func TestManyElements(t *testing.T) {
	l := krbtest.NewLogin(krbtest.AES256SHA1)
	l.Ticket.SName = slices.Repeat([]string{""}, 20000)
	apReq := l.APReq()
	a := newAcceptor(t)
	used := allocated(func() { neverAnother(t, a, apReq, l.User()) })
	if most := budget(len(apReq)); used > most {
		t.Errorf("%d bytes allocated for %d, allowed are %d", used, len(apReq), most)
	}
}

// TestWrongKeyAfterManyKeys: a ticket is whole after each key that was tried on it.
func TestWrongKeyAfterManyKeys(t *testing.T) {
	for _, enctype := range krbtest.Enctypes() {
		var entries []krbtest.Entry
		for i := range 20 {
			entries = append(entries, entry("proxy.example.org", krbtest.Realm, uint32(i), false, krbtest.Key(enctype, fmt.Sprint("wrong", i))))
		}
		a, l := newAcceptor(t), krbtest.NewLogin(enctype)
		a.Keys = keys(t, krbtest.Keytab(entries...))
		apReq := l.APReq()
		mustRefuse(t, a, apReq, kerberos.BadTicket)
		a.Keys = keys(t, krbtest.Keytab(append(entries, entry("proxy.example.org", krbtest.Realm, 99, false, krbtest.ServiceKey(enctype)))...))
		if !neverAnother(t, a, apReq, l.User()) {
			t.Errorf("%d: refused", enctype)
		}
	}
}
