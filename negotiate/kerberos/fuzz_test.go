package kerberos_test

import (
	"runtime"
	"testing"

	"squidauth/negotiate/kerberos"
	"squidauth/negotiate/kerberos/krbtest"
)

// allocated returns how many bytes f allocates. Others may allocate meanwhile.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// budget bounds what an input of n bytes may allocate. The smallest element that
// there can be many of, an empty name of two bytes, becomes a string of 16, three
// times over: as parsed, joined and quoted in an error.
func budget(n int) uint64 { return uint64(128<<10 + 64*n) }

// FuzzAccept: no input makes the acceptor panic, allocate without measure, or
// take the client for somebody else.
func FuzzAccept(f *testing.F) {
	a := newAcceptor(f)
	user := krbtest.NewLogin(krbtest.RC4).User()
	for _, enctype := range krbtest.Enctypes() {
		l := krbtest.NewLogin(enctype)
		l.Options = []int{krbtest.OptionMutual}
		l.Auth.SubKey = krbtest.Key(enctype, "subkey")
		l.Ticket.AuthData = krbtest.WithPAC([]byte("PAC"))
		if _, err := a.Accept(f.Context(), l.APReq()); err != nil {
			f.Fatalf("a seed is refused: %v", err)
		}
		f.Add(l.APReq())
		l.AuthCipher = []byte{}
		f.Add(l.APReq())
		l.Ticket.SName = nil
		f.Add(l.APReq())
	}
	f.Fuzz(func(t *testing.T, apReq []byte) {
		a := newAcceptor(t) // a remembered ticket would make the coverage change from run to run
		most, used := budget(len(apReq)), uint64(0)
		for range 3 {
			a.Replay = newCache(t)
			if used = allocated(func() { neverAnother(t, a, apReq, user) }); used <= most {
				return
			}
		}
		t.Errorf("%d bytes allocated for %d", used, len(apReq))
	})
}

// FuzzSealed does so with the content of ticket and authenticator, which only
// those who have the keys can choose.
func FuzzSealed(f *testing.F) {
	l := krbtest.NewLogin(krbtest.AES128SHA2)
	sealed := l.Ticket.Seal()
	l.Ticket.AuthData = krbtest.WithPAC([]byte("PAC"))
	l.Ticket.StartTime, l.Ticket.RenewTill = l.Ticket.EndTime, l.Ticket.EndTime
	ticket, authenticator := l.Plain()
	f.Add(ticket, true)
	f.Add(authenticator, false)
	f.Fuzz(func(t *testing.T, plain []byte, inTicket bool) {
		a, l := newAcceptor(t), l
		if inTicket {
			s := l.Ticket.SealBytes(plain)
			l.Sealed = &s
		} else {
			l.Sealed, l.AuthCipher = &sealed, l.EncryptBytes(plain).Cipher
		}
		neverAnother(t, a, l.APReq(), l.User())
	})
}

// FuzzParseKeytab: a keytab that was damaged is refused, or has keys to show.
func FuzzParseKeytab(f *testing.F) {
	f.Add(krbtest.ServiceKeytab(krbtest.Enctypes()...))
	f.Add(krbtest.Keytab(entry("a", "B", 259, true, krbtest.ServiceKey(krbtest.RC4))))
	f.Add([]byte{5, 1, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, content []byte) {
		ring, err := kerberos.ParseKeytab(content)
		if (ring == nil) == (err == nil) || err == nil && ring.Describe() == "" {
			t.Errorf("%v, %v", ring, err)
		}
	})
}
