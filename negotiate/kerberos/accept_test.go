package kerberos_test

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/kerberos"
	"squidauth/negotiate/kerberos/krbtest"
)

// TestAccept is the whole exchange for each encryption type and each way to ask
// for mutual authentication (defect: gokrb5 makes no AP-REP).
func TestAccept(t *testing.T) {
	for _, enctype := range krbtest.Enctypes() {
		for _, mutual := range []string{"", "flag", "option"} {
			t.Run(fmt.Sprint(enctype, mutual), func(t *testing.T) {
				l := krbtest.NewLogin(enctype)
				askMutual(&l, mutual)
				c := mustAccept(t, newAcceptor(t), l)
				checkContext(t, c, enctype)
				if mutual == "" {
					if c.APRep != nil {
						t.Error("an AP-REP that nobody asked for")
					}
					return
				}
				if seq, err := l.VerifyAPRep(c.APRep); err != nil || seq != 0x3fffffff {
					t.Errorf("sequence number %x, %v", seq, err)
				}
			})
		}
	}
}

func askMutual(l *krbtest.Login, how string) {
	switch how {
	case "flag":
		l.Auth.Cksum = krbtest.GSSChecksum(krbtest.GSSMutual)
	case "option":
		l.Options = []int{krbtest.OptionMutual}
	}
}

func checkContext(t *testing.T, c *kerberos.Context, enctype int32) {
	t.Helper()
	if c.Client != krbtest.Client || c.Service != krbtest.Service+"@"+krbtest.Realm || !c.AuthTime.Equal(krbtest.AuthTime()) ||
		c.Skew != 0 || c.PAC != nil || c.Key.KeyType != enctype {
		t.Errorf("%+v", c)
	}
}

// TestChecksum: only a whole checksum of GSS-API has flags.
func TestChecksum(t *testing.T) {
	whole := krbtest.GSSChecksum(krbtest.GSSMutual)
	a := newAcceptor(t)
	for name, sum := range map[string]types.Checksum{
		"none":      {},
		"of a type": {CksumType: 16, Checksum: whole.Checksum},
	} {
		l := krbtest.NewLogin(krbtest.AES256SHA1)
		l.Auth.Cksum = sum
		if c := mustAccept(t, a, l); c.APRep != nil {
			t.Errorf("%s: taken for a request of mutual authentication", name)
		}
	}
	for _, sum := range [][]byte{{}, whole.Checksum[:23], append(make([]byte, 4), whole.Checksum[4:]...)} {
		l := krbtest.NewLogin(krbtest.AES256SHA1)
		l.Auth.Cksum = types.Checksum{CksumType: 0x8003, Checksum: sum}
		mustRefuse(t, a, l.APReq(), kerberos.Malformed)
	}
	l := krbtest.NewLogin(krbtest.AES256SHA1)
	l.Auth.Cksum = whole
	l.Auth.Cksum.Checksum = append(l.Auth.Cksum.Checksum, "delegated credentials"...)
	if c := mustAccept(t, a, l); c.APRep == nil {
		t.Error("flags before delegated credentials are passed over")
	}
}

// TestSessionKey: ticket, session key and subkey may all be of different types.
func TestSessionKey(t *testing.T) {
	for _, enctype := range krbtest.Enctypes() {
		for _, session := range krbtest.Enctypes() {
			l := krbtest.NewLogin(enctype)
			l.Ticket.Session = krbtest.Key(session, "another")
			l.Auth.SubKey = krbtest.Key(krbtest.AES128SHA1, "subkey")
			askMutual(&l, "flag")
			c := mustAccept(t, newAcceptor(t), l)
			seq, err := l.VerifyAPRep(c.APRep)
			if err != nil {
				t.Errorf("%d, session %d: %v", enctype, session, err)
			}
			checkMICs(t, c, l, seq)
		}
	}
}

// checkMICs makes and verifies MICs on both sides.
func checkMICs(t *testing.T, c *kerberos.Context, l krbtest.Login, seq int64) {
	t.Helper()
	message := []byte("message")
	for i := range int64(2) { // each has a number of its own
		mic, err := c.MIC(message)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.VerifyMIC(message, mic, seq+i); err != nil {
			t.Error(err)
		}
		if c.VerifyMIC(message, mic) == nil {
			t.Error("our own MIC, sent back, passes for the client's")
		}
	}
	mic := l.MIC(message)
	if err := c.VerifyMIC(message, mic); err != nil {
		t.Error(err)
	}
	if c.VerifyMIC([]byte("massage"), mic) == nil {
		t.Error("a MIC fits another message")
	}
	for i := range mic {
		if c.VerifyMIC(message, mic[:i]) == nil {
			t.Errorf("a MIC cut to %d bytes passes", i)
		}
		changed := slices.Clone(mic)
		changed[i] ^= 1
		if c.VerifyMIC(message, changed) == nil {
			t.Errorf("a MIC with byte %d changed passes", i)
		}
	}
}

func TestMIC(t *testing.T) {
	for _, enctype := range krbtest.Enctypes() {
		l := krbtest.NewLogin(enctype)
		c := mustAccept(t, newAcceptor(t), l)
		if enctype != krbtest.RC4 {
			checkMICs(t, c, l, l.Auth.SeqNumber) // without AP-REP the client's number counts
			continue
		}
		// RFC 4121 has no MIC for RC4, but gokrb5 makes one, which is to be refused.
		if c.VerifyMIC([]byte("m"), l.MIC([]byte("m"))) == nil {
			t.Error("a MIC of RFC 4121 with RC4 passes")
		}
	}
}

// TestNegativeSequenceNumber: some clients encode 32 bits as a signed number (RFC
// 4120 section 5.3.2 and MIT krb5 take it for the unsigned one).
func TestNegativeSequenceNumber(t *testing.T) {
	l := krbtest.NewLogin(krbtest.AES256SHA1)
	l.Auth.SeqNumber = -2
	mic, err := mustAccept(t, newAcceptor(t), l).MIC([]byte("m"))
	if err != nil {
		t.Fatal(err)
	}
	if err := l.VerifyMIC([]byte("m"), mic, 0xfffffffe); err != nil {
		t.Error(err)
	}
}

func entry(service, realm string, kvno uint32, old bool, key types.EncryptionKey) krbtest.Entry {
	return krbtest.Entry{Components: []string{"HTTP", service}, Realm: realm, Kvno: kvno, Old: old, Key: key}
}

// TestKeytab: several keys, key versions of 8 bits, aliases (defect: gokrb5 takes
// the one key of exactly that name and version).
func TestKeytab(t *testing.T) {
	const enctype = krbtest.AES256SHA1
	right, wrong := krbtest.ServiceKey(enctype), func(n int) types.EncryptionKey { return krbtest.Key(enctype, fmt.Sprint("wrong", n)) }
	proxy, other := "proxy.example.org", "other.example.org"
	keytabs := map[string][]krbtest.Entry{
		"exact":         {entry(other, krbtest.Realm, 3, false, wrong(1)), entry(proxy, krbtest.Realm, 3, false, right)},
		"last of many":  {entry(proxy, krbtest.Realm, 3, false, wrong(1)), entry(proxy, krbtest.Realm, 3, false, wrong(2)), entry(proxy, krbtest.Realm, 3, false, right)},
		"other kvno":    {entry(proxy, krbtest.Realm, 3, false, wrong(1)), entry(proxy, krbtest.Realm, 4, false, right)},
		"alias":         {entry(other, krbtest.Realm, 9, false, wrong(1)), entry(other, krbtest.Realm, 7, false, right)},
		"alias, realm":  {entry(other, "OTHER.TEST", 3, false, right)},
		"several types": {entry(proxy, krbtest.Realm, 3, false, krbtest.ServiceKey(krbtest.RC4)), entry(proxy, krbtest.Realm, 3, false, right)},
		"unusable type": {entry(proxy, krbtest.Realm, 3, false, types.EncryptionKey{KeyType: 3, KeyValue: make([]byte, 8)}), entry(proxy, krbtest.Realm, 3, false, right)},
		"bad length":    {entry(proxy, krbtest.Realm, 3, false, types.EncryptionKey{KeyType: enctype, KeyValue: make([]byte, 31)}), entry(proxy, krbtest.Realm, 3, false, right)},
	}
	for name, entries := range keytabs {
		t.Run(name, func(t *testing.T) {
			a := newAcceptor(t)
			a.Keys = keys(t, krbtest.Keytab(entries...))
			c := mustAccept(t, a, krbtest.NewLogin(enctype))
			last := entries[len(entries)-1]
			if want := "HTTP/" + last.Components[1] + "@" + last.Realm; c.Service != want {
				t.Errorf("service %s, want %s", c.Service, want)
			}
		})
	}
}

// TestKvno: an old keytab says 3 where the ticket says 259, and the right key is
// tried first: the number of the entry that is reported says so.
func TestKvno(t *testing.T) {
	const enctype = krbtest.AES256SHA1
	key := krbtest.ServiceKey(enctype)
	a := newAcceptor(t)
	a.Keys = keys(t, krbtest.Keytab(entry("other.example.org", krbtest.Realm, 259, true, key), entry("proxy.example.org", krbtest.Realm, 259, true, key)))
	for _, kvno := range []int{259, 3, 0, 1 << 20} {
		l := krbtest.NewLogin(enctype)
		l.Ticket.Kvno = kvno
		c := mustAccept(t, a, l)
		if kvno == 259 && c.Service != krbtest.Service+"@"+krbtest.Realm {
			t.Errorf("kvno %d: opened as %s", kvno, c.Service)
		}
	}
}

// TestSPNs: of two keys, only that of the allowed principal counts, whatever name
// the ticket bears in clear text, and also if it is remembered.
func TestSPNs(t *testing.T) {
	const enctype = krbtest.AES256SHA1
	other := krbtest.Key(enctype, "other")
	a := newAcceptor(t)
	a.Keys = keys(t, krbtest.Keytab(entry("proxy.example.org", krbtest.Realm, 3, false, krbtest.ServiceKey(enctype)), entry("other.example.org", krbtest.Realm, 3, false, other)))
	l := krbtest.NewLogin(enctype)
	l.Ticket.Key = other
	sealed := l.Ticket.Seal()
	l.Sealed = &sealed
	mustAccept(t, a, l)
	for _, spn := range []string{"HTTP/other.example.org", "HTTP/other.example.org@" + krbtest.Realm} {
		a.SPNs = []string{"HTTP/nobody", spn}
		mustAccept(t, a, l)
	}
	for _, spn := range []string{krbtest.Service, krbtest.Service + "@" + krbtest.Realm} {
		a.SPNs = []string{spn}
		mustRefuse(t, a, l.APReq(), kerberos.BadTicket)
		mustAccept(t, a, krbtest.NewLogin(enctype))
	}
	for _, spn := range []string{"HTTP/other.example.org@OTHER.TEST", "http/other.example.org", "HTTP/other", "@" + krbtest.Realm} {
		a.SPNs = []string{spn}
		mustRefuse(t, a, l.APReq(), kerberos.NoKey)
	}
}

// TestAddresses: a ticket that is bound to addresses is good for any, since a
// helper does not know the client's (defect: gokrb5 refuses it).
func TestAddresses(t *testing.T) {
	l := krbtest.NewLogin(krbtest.AES256SHA2)
	l.Ticket.CAddr = []types.HostAddress{types.HostAddressFromNetIP(net.IPv4(192, 0, 2, 1))}
	mustAccept(t, newAcceptor(t), l)
}

// TestRemembered: a ticket that was opened before is opened faster, and is held
// to all the same.
func TestRemembered(t *testing.T) {
	for _, enctype := range krbtest.Enctypes() {
		a := newAcceptor(t)
		l := krbtest.NewLogin(enctype)
		sealed := l.Ticket.Seal()
		l.Sealed = &sealed
		for range 3 {
			mustAccept(t, a, l)
		}
		l.Auth.CRealm = "ADMIN.TEST"
		mustRefuse(t, a, l.APReq(), kerberos.BadMatch)
		l.Auth.CRealm = krbtest.Realm
		now := l.Ticket.EndTime.Add(kerberos.DefaultSkew + time.Second)
		a.Now = func() time.Time { return now }
		l.SetTime(now)
		mustRefuse(t, a, l.APReq(), kerberos.Expired)
	}
}

// TestManyTickets goes over what is remembered, in goroutines.
func TestManyTickets(t *testing.T) {
	a := newAcceptor(t)
	shared := krbtest.NewTicket(krbtest.AES128SHA2).Seal()
	for g := range 4 {
		t.Run(fmt.Sprint(g), func(t *testing.T) {
			t.Parallel()
			for i := range 60 {
				l := krbtest.NewLogin(krbtest.AES128SHA2)
				if i%2 == 0 {
					l.Sealed = &shared
				} else {
					l.Ticket.CName = []string{fmt.Sprint("user", g, i)}
					l.Auth.CName.NameString = l.Ticket.CName
				}
				mustAccept(t, a, l)
			}
		})
	}
}

// TestPAC: it is found among other authorization data, and what cannot be read
// harms nobody (defect: gokrb5 panics on an empty AD-IF-RELEVANT, looks at the
// first element only, and fails the login for a PAC it cannot read).
func TestPAC(t *testing.T) {
	pac := types.AuthorizationDataEntry{ADType: 128, ADData: []byte("PAC")}
	other := types.AuthorizationDataEntry{ADType: 99, ADData: []byte("other")}
	ifRelevant := func(content string) types.AuthorizationDataEntry {
		return types.AuthorizationDataEntry{ADType: 1, ADData: []byte(content)}
	}
	cases := map[string]struct {
		data types.AuthorizationData
		want string
	}{
		"alone":        {krbtest.WithPAC([]byte("PAC")), "PAC"},
		"second":       {types.AuthorizationData{krbtest.IfRelevant(other, pac)}, "PAC"},
		"other first":  {types.AuthorizationData{other, krbtest.IfRelevant(other), krbtest.IfRelevant(pac)}, "PAC"},
		"unwrapped":    {types.AuthorizationData{pac}, ""},
		"empty list":   {types.AuthorizationData{}, ""},
		"no elements":  {types.AuthorizationData{krbtest.IfRelevant(), krbtest.IfRelevant(pac)}, "PAC"},
		"no content":   {types.AuthorizationData{ifRelevant(""), krbtest.IfRelevant(pac)}, "PAC"},
		"not DER":      {types.AuthorizationData{ifRelevant("\xff\xff\xff"), krbtest.IfRelevant(pac)}, "PAC"},
		"cut":          {types.AuthorizationData{ifRelevant("\x30\x84\xff\xff\xff\xff"), krbtest.IfRelevant(pac)}, "PAC"},
		"nested twice": {types.AuthorizationData{krbtest.IfRelevant(krbtest.IfRelevant(pac))}, ""},
		"not readable": {krbtest.WithPAC([]byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}), "\xff\xff\xff\xff\x00\x00\x00\x00"},
	}
	for name, tt := range cases {
		t.Run(name, func(t *testing.T) {
			l := krbtest.NewLogin(krbtest.AES256SHA1)
			l.Ticket.AuthData = tt.data
			if c := mustAccept(t, newAcceptor(t), l); string(c.PAC) != tt.want {
				t.Errorf("PAC %q, want %q", c.PAC, tt.want)
			}
		})
	}
}

// TestPACBehindManyElements: it is found wherever it is.
func TestPACBehindManyElements(t *testing.T) {
	pac := types.AuthorizationDataEntry{ADType: 128, ADData: []byte("PAC")}
	fill := slices.Repeat([]types.AuthorizationDataEntry{{ADType: 99}}, 200)
	for name, data := range map[string]types.AuthorizationData{
		"inner": {krbtest.IfRelevant(append(fill, pac)...)},
		"outer": append(fill, krbtest.IfRelevant(pac)),
	} {
		l := krbtest.NewLogin(krbtest.AES256SHA1)
		l.Ticket.AuthData = data
		if c := mustAccept(t, newAcceptor(t), l); string(c.PAC) != "PAC" {
			t.Errorf("%s: PAC %q", name, c.PAC)
		}
	}
}

// TestTwoPACs: nobody can put one of their own before or behind the KDC's.
func TestTwoPACs(t *testing.T) {
	pac := types.AuthorizationDataEntry{ADType: 128, ADData: []byte("PAC")}
	for name, data := range map[string]types.AuthorizationData{
		"one list":  {krbtest.IfRelevant(pac, pac)},
		"two lists": {krbtest.IfRelevant(pac), krbtest.IfRelevant(pac)},
	} {
		l := krbtest.NewLogin(krbtest.AES256SHA1)
		l.Ticket.AuthData = data
		_, err := newAcceptor(t).Accept(t.Context(), l.APReq())
		var refused *kerberos.Error
		if !errors.As(err, &refused) || refused.Reason != kerberos.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}
