package kdc

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jcmturner/gokrb5/v8/messages"

	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/krbtest"
)

var (
	ldapService = initiator.Principal{Name: []string{"ldap", "dc1.example.org"}, Realm: krbtest.Realm}
	proxyKey    = initiator.ServiceKey{
		Principal: initiator.Principal{Name: []string{"proxy"}, Realm: krbtest.Realm},
		Kvno:      krbtest.Kvno, Key: krbtest.Key(krbtest.AES256SHA1, "proxy"),
	}
)

// logins is a KDC for one account, which counts its logins. change may spoil what it
// answers to them.
type logins struct {
	count  atomic.Int32
	change func(*initiator.Credential, *messages.EncKDCRepPart)
	answer []byte // in place of all that; nil: none
}

func (l *logins) serve(t *testing.T) string {
	return serve(t, func(request []byte) []byte {
		if !krbtest.IsLogin(request) {
			tgt := krbtest.TGT(krbtest.AES256SHA1)
			tgt.Client = proxyKey.Principal
			return grants(t, tgt, nil)(request)
		}
		l.count.Add(1)
		if l.answer != nil {
			return frame(l.answer)
		}
		tgt, part, err := krbtest.ReadLogin(request, proxyKey)
		if errors.Is(err, krbtest.ErrPreauth) {
			return frame(krbtest.KDCError(preauthFailed, ""))
		}
		if err != nil {
			t.Error(err)
			return nil
		}
		if l.change != nil {
			l.change(&tgt, part)
		}
		return frame(krbtest.LoginAnswer(tgt, part, proxyKey))
	})
}

// account returns the account with a key, and what the KDC refused.
func account(t *testing.T, kdc string, k initiator.ServiceKey) (*Account, *atomic.Int32) {
	t.Helper()
	conf := filepath.Join(t.TempDir(), "krb5.conf")
	if err := os.WriteFile(conf, []byte(realms(krbtest.Realm, kdc)), 0o600); err != nil {
		t.Fatal(err)
	}
	refused := new(atomic.Int32)
	a, err := ForAccount(lookup(map[string]string{"KRB5_CONFIG": conf}),
		func(context.Context) (initiator.ServiceKey, error) { return k, nil },
		func(initiator.ServiceKey, error) { refused.Add(1) }, now)
	if err != nil {
		t.Fatal(err)
	}
	return a, refused
}

// TestAccount logs in once, for however many tickets.
func TestAccount(t *testing.T) {
	l := new(logins)
	a, refused := account(t, l.serve(t), proxyKey)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			got, err := a.ServiceTicket(t.Context(), ldapService)
			if err != nil || got.Client.String() != proxyKey.Principal.String() || !strings.HasPrefix(got.Ticket.String(), ldapService.String()) {
				t.Errorf("%v, %v", got.Ticket, err)
			}
		})
	}
	all.Wait()
	if l.count.Load() != 1 || refused.Load() != 0 {
		t.Errorf("%d logins, %d refused", l.count.Load(), refused.Load())
	}
}

// TestAccountRefused has the reasons of KDCs, in words, and which of them are the
// account's.
func TestAccountRefused(t *testing.T) {
	wrong := proxyKey
	wrong.Key = krbtest.Key(krbtest.AES256SHA1, "another")
	code := func(n int32) *logins { return &logins{answer: krbtest.KDCError(n, "")} }
	spoil := func(change func(*initiator.Credential, *messages.EncKDCRepPart)) *logins {
		return &logins{change: change}
	}
	for name, c := range map[string]struct {
		kdc      *logins
		key      initiator.ServiceKey
		want     string
		accounts bool
	}{
		"wrong key":     {new(logins), wrong, "not the account's key of today", true},
		"unknown":       {code(clientUnknown), proxyKey, "knows no such account", true},
		"locked":        {code(clientRevoked), proxyKey, "disabled, locked or expired", true},
		"expired":       {code(keyExpired), proxyKey, "disabled, locked or expired", true},
		"clock":         {code(clockSkew), proxyKey, "set both clocks by NTP", false},
		"no such type":  {code(enctypeUnknown), proxyKey, "no key of that type", false},
		"another error": {code(60), proxyKey, "Kerberos error 60", false},
		"garbage":       {&logins{answer: []byte("HTTP/1.1 400")}, proxyKey, "cannot be used", false},
		"old answer":    {spoil(func(_ *initiator.Credential, p *messages.EncKDCRepPart) { p.Nonce++ }), proxyKey, "not an answer to the request", false},
		"other client":  {spoil(func(c *initiator.Credential, _ *messages.EncKDCRepPart) { c.Client.Name = []string{"admin"} }), proxyKey, "is of", false},
		"other service": {spoil(func(_ *initiator.Credential, p *messages.EncKDCRepPart) { p.SName.NameString = []string{"HTTP", "x"} }), proxyKey, "is for", false},
		"no AES key":    {new(logins), initiator.ServiceKey{Principal: proxyKey.Principal}, "cannot be used", false},
	} {
		t.Run(name, func(t *testing.T) {
			a, refused := account(t, c.kdc.serve(t), c.key)
			_, err := a.ServiceTicket(t.Context(), ldapService)
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, ErrAccount) != c.accounts || (refused.Load() == 1) != c.accounts {
				t.Errorf("%v; refused %d times", err, refused.Load())
			}
		})
	}
}
