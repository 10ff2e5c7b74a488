package negotiate_test

import (
	"strings"
	"testing"

	"squidauth/helper/identity"
	"squidauth/negotiate/kerberos/krbtest"
	"squidauth/negotiate/pac/pactest"
	"squidauth/negotiate/spnego"
	"squidauth/protocol"
)

// TestUserForms: names come from the PAC only if it was made for the ticket, and
// where there is none the principal stands in.
func TestUserForms(t *testing.T) {
	const realm = "@" + krbtest.Realm
	upn := func(s *pactest.Spec) { s.UPN = &pactest.UPN{Name: "alice@mail.example", Domain: krbtest.Realm} }
	forged := func(s *pactest.Spec) {
		s.Logon.Name, s.Logon.Domain = "root", "ADMIN"
		s.Key = krbtest.Key(krbtest.AES256SHA1, "forger")
	}
	unprintable := func(s *pactest.Spec) {
		s.Logon.Domain = "EXAMPLE\n"
		s.UPN = &pactest.UPN{Name: "alice\n@mail.example", Domain: krbtest.Realm}
	}
	for name, c := range map[string]struct {
		login                        krbtest.Login
		principal, bare, domain, upn string
	}{
		"no PAC":      {login(krbtest.AES256SHA1), "alice" + realm, "alice", "alice" + realm, "alice" + realm},
		"PAC":         {withGroups(krbtest.AES256SHA1, 1, nil), "alice" + realm, "alice", `EXAMPLE\alice`, "alice" + realm},
		"UPN":         {withGroups(krbtest.AES256SHA1, 1, upn), "alice" + realm, "alice", `EXAMPLE\alice`, "alice@mail.example"},
		"other case":  {withGroups(krbtest.AES256SHA1, 1, named("Alice")), "alice" + realm, "alice", `EXAMPLE\Alice`, "alice" + realm},
		"forged":      {withGroups(krbtest.AES256SHA1, 1, forged), "alice" + realm, "alice", "alice" + realm, "alice" + realm},
		"unprintable": {withGroups(krbtest.AES256SHA1, 1, unprintable), "alice" + realm, "alice", "alice" + realm, "alice" + realm},
		// A machine that somebody named like a user.
		"machine": {withGroups(krbtest.AES256SHA1, 1, named("ALICE$")), "ALICE$" + realm, "ALICE$", `EXAMPLE\ALICE$`, "ALICE$" + realm},
		// An account with the UPN alice, which somebody gave it.
		"account": {withGroups(krbtest.AES256SHA1, 1, named("eve@x")), `eve\@x` + realm, `eve\@x`, `EXAMPLE\eve@x`, `eve\@x` + realm},
		"long":    {withGroups(krbtest.AES256SHA1, 1, named(strings.Repeat("é", 600))), "alice" + realm, "alice", `EXAMPLE\alice`, "alice" + realm},
	} {
		for form, want := range map[identity.Form]string{
			identity.Principal: c.principal, identity.Bare: c.bare, identity.Domain: c.domain, identity.UPN: c.upn,
		} {
			h := newHandler(t)
			h.Names.Form = form
			r, p := ask(t, h, line("YR", c.login.Init(spnego.KRB5)))
			if user, _ := p.Note("user"); r.Outcome() != protocol.Accepted || user != want {
				t.Errorf("%s, form %d: %v %q, want %q", name, form, r.Outcome(), user, want)
			}
			if strings.Contains(r.Detail().User, "\n") {
				t.Errorf("%s: the log is told %q", name, r.Detail().User)
			}
		}
	}
}

// TestForeignNames: another realm's KDC does not speak for the domain's users,
// unless it was said that it may.
func TestForeignNames(t *testing.T) {
	l := withGroups(krbtest.AES256SHA1, 1, nil)
	l.Ticket.CRealm, l.Auth.CRealm = "OTHER.TEST", "OTHER.TEST"
	l.Ticket.AuthData = krbtest.WithPAC(pactest.Build(func() pactest.Spec {
		s := specOf(l.Ticket, 1)
		s.UPN = &pactest.UPN{Name: "alice@" + krbtest.Realm, Domain: krbtest.Realm}
		return s
	}()))
	for _, c := range []struct {
		realms      []string
		domain, upn string
	}{
		{nil, "alice@OTHER.TEST", "alice@OTHER.TEST"},
		{[]string{krbtest.Realm, "OTHER.TEST"}, `EXAMPLE\alice`, "alice@" + krbtest.Realm},
	} {
		for form, want := range map[identity.Form]string{identity.Domain: c.domain, identity.UPN: c.upn, identity.Principal: "alice@OTHER.TEST"} {
			h := newHandler(t)
			h.Names.Form, h.Kerberos.Realms = form, c.realms
			r, p := ask(t, h, line("YR", l.Init(spnego.KRB5)))
			if user, _ := p.Note("user"); r.Outcome() != protocol.Accepted || user != want {
				t.Errorf("%v, form %d: %v %q, want %q", c.realms, form, r.Outcome(), user, want)
			}
		}
	}
}

func named(sam string) func(*pactest.Spec) { return func(s *pactest.Spec) { s.Logon.Name = sam } }
