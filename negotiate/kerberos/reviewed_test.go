package kerberos_test

import (
	"bytes"
	"strings"
	"testing"

	"squidauth/negotiate/kerberos"
	"squidauth/negotiate/kerberos/krbtest"
)

// TestKeytabErrorsHaveNoKeys cuts a keytab at every place: what is said of it must
// not hold a piece of a key, which gokrb5's own errors do.
func TestKeytabErrorsHaveNoKeys(t *testing.T) {
	whole := krbtest.ServiceKeytab(krbtest.Enctypes()...)
	for n := range whole {
		_, err := kerberos.ParseKeytab(whole[:n])
		if err == nil {
			continue // it ends between two entries
		}
		for _, id := range krbtest.Enctypes() {
			key := krbtest.ServiceKey(id).KeyValue
			for i := range len(key) - 3 {
				if bytes.Contains([]byte(err.Error()), key[i:i+4]) {
					t.Fatalf("cut at %d: %q", n, err)
				}
			}
		}
	}
}

// TestNobody: an anonymous ticket is good for no login.
func TestNobody(t *testing.T) {
	for name, change := range map[string]func(*krbtest.Login){
		"name":  func(l *krbtest.Login) { l.Ticket.CName = []string{"WELLKNOWN", "ANONYMOUS"} },
		"realm": func(l *krbtest.Login) { l.Ticket.CRealm = "WELLKNOWN:ANONYMOUS" },
		"flag":  func(l *krbtest.Login) { l.Ticket.Flags = []int{16} },
		"long":  func(l *krbtest.Login) { l.Ticket.CName = []string{strings.Repeat("x", 1024)} },
	} {
		l := krbtest.NewLogin(krbtest.AES256SHA1)
		change(&l)
		l.Auth.CName.NameString, l.Auth.CRealm = l.Ticket.CName, l.Ticket.CRealm
		refused(t, name, l, kerberos.BadName)
	}
}

// TestAuthenticatorForm: what MIT krb5 refuses in an authenticator is refused here.
func TestAuthenticatorForm(t *testing.T) {
	for name, change := range map[string]func(*krbtest.Login){
		"version":      func(l *krbtest.Login) { l.Auth.AVNO = 4 },
		"microseconds": func(l *krbtest.Login) { l.Auth.Cusec = 1_000_000 },
		"negative":     func(l *krbtest.Login) { l.Auth.Cusec = -1 },
		"checksum":     func(l *krbtest.Login) { l.Auth.Cksum.Checksum = l.Auth.Cksum.Checksum[:3] },
		"bindings":     func(l *krbtest.Login) { l.Auth.Cksum.Checksum[0] = 15 },
	} {
		l := krbtest.NewLogin(krbtest.AES256SHA1)
		change(&l)
		refused(t, name, l, kerberos.Malformed)
	}
}

// TestLongNamesInTheLog: who has no ticket cannot fill the log.
func TestLongNamesInTheLog(t *testing.T) {
	l := krbtest.NewLogin(krbtest.AES256SHA1)
	l.Ticket.SName = []string{strings.Repeat("\x01", 40000)}
	l.Ticket.Key = krbtest.Key(krbtest.AES256SHA1, "other")
	_, err := newAcceptor(t).Accept(t.Context(), l.APReq())
	if err == nil || len(err.Error()) > 2000 || strings.Contains(err.Error(), "\x01") {
		t.Errorf("got %.300q", err)
	}
}

func refused(t *testing.T, name string, l krbtest.Login, want kerberos.Reason) {
	t.Helper()
	c, err := newAcceptor(t).Accept(t.Context(), l.APReq())
	if e, ok := err.(*kerberos.Error); c != nil || !ok || e.Reason != want {
		t.Errorf("%s: got %v, %v", name, c, err)
	}
}
