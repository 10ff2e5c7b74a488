package negotiate_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"squidauth/helper/identity"
	"squidauth/negotiate"
	"squidauth/negotiate/kerberos/krbtest"
	"squidauth/negotiate/pac/pactest"
	"squidauth/negotiate/spnego"
	"squidauth/protocol"
)

const (
	domain  = "S-1-5-21-1004336348-1177238915-682003330"
	ownRID  = 1105
	ownSID  = domain + "-1105"
	firstID = 10000 // of the groups
)

// specOf is the PAC of a ticket whose client is in n groups.
func specOf(ticket krbtest.Ticket, n int) pactest.Spec {
	name := strings.Join(ticket.CName, "/")
	logon := &pactest.Logon{Name: name, Server: "DC1", Domain: "EXAMPLE", DomainSID: domain, UserID: ownRID, PrimaryGroup: 513}
	for i := range n {
		logon.Groups = append(logon.Groups, uint32(firstID+i))
	}
	return pactest.Spec{Logon: logon, Client: name, AuthTime: ticket.AuthTime, Key: ticket.Key}
}

// withGroups returns a login whose ticket has the PAC. Nil changes nothing.
func withGroups(enctype int32, n int, edit func(*pactest.Spec)) krbtest.Login {
	l := login(enctype)
	spec := specOf(l.Ticket, n)
	if edit != nil {
		edit(&spec)
	}
	l.Ticket.AuthData = krbtest.WithPAC(pactest.Build(spec))
	return l
}

// sids are the SIDs of one in n groups, as they are to be reported.
func sids(n int) []string {
	list := []string{ownSID}
	for i := range n {
		list = append(list, fmt.Sprint(domain, "-", firstID+i))
	}
	return list
}

func mustSID(t *testing.T, s string) identity.SID {
	t.Helper()
	sid, err := identity.ParseSID(s)
	if err != nil {
		t.Fatal(err)
	}
	return sid
}

// groups returns what the reply has of them.
func groups(p protocol.ParsedReply) (list []string) {
	for _, n := range p.Notes {
		if n.Key == "group" {
			list = append(list, n.Value)
		}
	}
	return list
}

// withLog returns a handler that reports SIDs in words, and its log.
func withLog(t *testing.T) (*negotiate.Handler, *bytes.Buffer) {
	t.Helper()
	h, out := newHandler(t), &bytes.Buffer{}
	h.Log = slog.New(slog.NewTextHandler(out, nil))
	h.Groups.Format = identity.GroupsSID
	return h, out
}

// TestGroups: all enctypes sign PACs (defect: gokrb5 knows three of them).
func TestGroups(t *testing.T) {
	for _, enctype := range krbtest.Enctypes() {
		for _, n := range []int{0, 1, 200} {
			h, log := withLog(t)
			r, p := ask(t, h, line("YR", withGroups(enctype, n, nil).Init(spnego.KRB5)))
			want(t, r, protocol.Accepted, authenticated)
			if got := groups(p); !slices.Equal(got, sids(n)) || log.Len() > 0 {
				t.Errorf("%d, %d groups: %v, log %s", enctype, n, got, log)
			}
		}
	}
}

func TestGroupFormats(t *testing.T) {
	l := withGroups(krbtest.AES256SHA1, 2, nil)
	var binary []string
	for _, s := range sids(2) {
		binary = append(binary, base64.StdEncoding.EncodeToString(mustSID(t, s).Binary()))
	}
	only := []identity.SID{mustSID(t, domain+"-10001"), mustSID(t, "S-1-1-0")}
	for name, tt := range map[string]struct {
		groups identity.Groups
		want   []string
	}{
		"default":   {identity.Groups{}, binary},
		"SID":       {identity.Groups{Format: identity.GroupsSID}, sids(2)},
		"none":      {identity.Groups{Format: identity.GroupsNone}, nil},
		"only":      {identity.Groups{Format: identity.GroupsSID, Only: identity.GroupSet{SIDs: only}}, []string{domain + "-10001"}},
		"only none": {identity.Groups{Only: identity.GroupSet{SIDs: only[1:]}}, nil},
		"required":  {identity.Groups{Format: identity.GroupsSID, Require: identity.GroupSet{SIDs: only}}, sids(2)},
		"both":      {identity.Groups{Format: identity.GroupsSID, Require: identity.GroupSet{SIDs: []identity.SID{mustSID(t, ownSID)}}, Only: identity.GroupSet{SIDs: only}}, []string{domain + "-10001"}},
		"unseen":    {identity.Groups{Format: identity.GroupsNone, Require: identity.GroupSet{SIDs: only}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			h, log := withLog(t)
			h.Groups = tt.groups
			r, p := ask(t, h, line("YR", l.Init(spnego.KRB5)))
			want(t, r, protocol.Accepted, authenticated)
			if got := groups(p); !slices.Equal(got, tt.want) || log.Len() > 0 {
				t.Errorf("%v, want %v; log %s", got, tt.want, log)
			}
		})
	}
}

// TestRequire: who is in no required group is refused, and told nothing about it.
func TestRequire(t *testing.T) {
	for _, format := range []identity.GroupFormat{identity.GroupsBase64, identity.GroupsSID, identity.GroupsNone} {
		for name, l := range map[string]krbtest.Login{
			"other groups": withGroups(krbtest.AES256SHA1, 3, nil),
			"no groups":    withGroups(krbtest.AES256SHA1, 0, nil),
			"no PAC":       login(krbtest.AES256SHA1),
			"forged":       withGroups(krbtest.AES256SHA1, 9, func(s *pactest.Spec) { s.Key = krbtest.Key(krbtest.AES256SHA1, "forger") }),
		} {
			h := newHandler(t)
			h.Groups = identity.Groups{Format: format, Require: identity.GroupSet{SIDs: []identity.SID{mustSID(t, domain+"-10008")}}}
			r, p := ask(t, h, line("YR", l.Init(spnego.KRB5)))
			want(t, r, protocol.Denied, negotiate.NotInGroup)
			if message, _ := p.Note("message"); strings.Contains(message, "group") || groups(p) != nil || r.Detail().User != l.User() {
				t.Errorf("%s: %q, %+v", name, message, r.Detail())
			}
		}
	}
}

// TestBadPAC: a PAC that does not belong to the ticket gives no groups, and the
// login goes on (defects: gokrb5 fails it, panics, or runs out of memory).
func TestBadPAC(t *testing.T) {
	edits := map[string]func(*pactest.Spec){
		"other key":     func(s *pactest.Spec) { s.Key = krbtest.Key(krbtest.AES256SHA1, "forger") },
		"other type":    func(s *pactest.Spec) { s.Key = krbtest.ServiceKey(krbtest.RC4) },
		"no signature":  func(s *pactest.Spec) { s.Key.KeyType = 0 },
		"other client":  func(s *pactest.Spec) { s.Client = "root" },
		"no client":     func(s *pactest.Spec) { s.Client = "" },
		"other login":   func(s *pactest.Spec) { s.AuthTime = s.AuthTime.Add(time.Second) },
		"client and LF": func(s *pactest.Spec) { s.Client += "\n" },
	}
	for name, edit := range edits {
		t.Run(name, func(t *testing.T) { loginWithout(t, withGroups(krbtest.AES256SHA1, 2, edit), true) })
	}
	for name, bytes := range map[string]string{
		"cut":           "\x01\x00",
		"huge count":    "\xff\xff\xff\xff\x00\x00\x00\x00",
		"bad offset":    "\x01\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"no buffers":    "\x00\x00\x00\x00\x00\x00\x00\x00",
		"only one byte": "\x00",
	} {
		t.Run(name, func(t *testing.T) {
			l := login(krbtest.AES256SHA1)
			l.Ticket.AuthData = krbtest.WithPAC([]byte(bytes))
			loginWithout(t, l, true)
		})
	}
	t.Run("no groups in it", func(t *testing.T) { // as MIT's KDC makes it
		loginWithout(t, withGroups(krbtest.AES256SHA1, 0, func(s *pactest.Spec) { s.Logon = nil }), false)
	})
	t.Run("empty", func(t *testing.T) {
		l := login(krbtest.AES256SHA1)
		l.Ticket.AuthData = krbtest.WithPAC(nil)
		loginWithout(t, l, false)
	})
}

// loginWithout wants a login without groups, and a warning if there is cause.
func loginWithout(t *testing.T, l krbtest.Login, warning bool) {
	t.Helper()
	h, log := withLog(t)
	r, p := ask(t, h, line("YR", l.Init(spnego.KRB5)))
	want(t, r, protocol.Accepted, authenticated)
	if groups(p) != nil || strings.Contains(log.String(), "WARN") != warning || strings.Count(log.String(), "\n") > 1 {
		t.Errorf("%v, log %s", groups(p), log)
	}
}

// TestEveryByteOfThePAC: whatever is changed in it after it was signed, no group
// is reported that the KDC did not put in.
func TestEveryByteOfThePAC(t *testing.T) {
	l := login(krbtest.AES128SHA2)
	whole := pactest.Build(specOf(l.Ticket, 2))
	h, _ := withLog(t)
	for i := range whole {
		changed := bytes.Clone(whole)
		changed[i] ^= 0x10
		l.Ticket.AuthData = krbtest.WithPAC(changed)
		r := h.Handle(t.Context(), []byte(line("YR", l.Init(spnego.KRB5))))
		p := parsed(t, r, protocol.Modern)
		if got := groups(p); r.Outcome() != protocol.Accepted || got != nil && !slices.Equal(got, sids(2)) {
			t.Errorf("byte %d: %v, %v", i, r.Outcome(), got)
		}
	}
}

// TestManyGroups: a reply is never too long for Squid, and the log says how much
// was left out.
func TestManyGroups(t *testing.T) {
	const n = 3000
	l := withGroups(krbtest.AES256SHA1, n, nil)
	var most []identity.SID
	for _, s := range sids(n)[1:2001] {
		most = append(most, mustSID(t, s))
	}
	for name, only := range map[string][]identity.SID{"all": nil, "only some": most} {
		for _, format := range []identity.GroupFormat{identity.GroupsBase64, identity.GroupsSID} {
			t.Run(fmt.Sprint(name, format), func(t *testing.T) {
				h, log := withLog(t)
				h.Groups = identity.Groups{Format: format, Only: identity.GroupSet{SIDs: only}}
				r, p := ask(t, h, line("YR", l.Init(spnego.KRB5)))
				want(t, r, protocol.Accepted, authenticated)
				all, got := n+1, groups(p)
				if only != nil {
					all = len(only)
				}
				if len(got) < 300 {
					t.Errorf("%d groups", len(got))
				}
				if wants := fmt.Sprint("left_out=", all-len(got), "\n"); !strings.Contains(log.String(), wants) {
					t.Errorf("%d of %d groups, log %s", len(got), all, log)
				}
			})
		}
	}
}
