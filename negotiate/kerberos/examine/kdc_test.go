package examine

import (
	"slices"
	"strings"
	"testing"
	"time"

	"squidauth/helper/doctor"
	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/krbtest"
)

const (
	machineName     = "PROXY$"
	machinePassword = "of-the-machine"
)

// keytabOf has the service's key, and that of the machine by a password.
func keytabOf(t *testing.T, password string, kvno uint32) []byte {
	t.Helper()
	p := initiator.Principal{Name: []string{machineName}, Realm: krbtest.Realm}
	key, err := initiator.DefaultKeyInfo(p, krbtest.AES256SHA1).Key(password)
	if err != nil {
		t.Fatal(err)
	}
	return krbtest.Keytab(
		krbtest.Entry{Components: []string{"HTTP", host}, Realm: krbtest.Realm, Kvno: kvno, Key: krbtest.ServiceKey(krbtest.AES256SHA1)},
		krbtest.Entry{Components: p.Name, Realm: krbtest.Realm, Kvno: 1, Key: key})
}

// TestKDC: what the KDC says of the keytab. A wrong key is one guess.
func TestKDC(t *testing.T) {
	machine := krbtest.User{Password: machinePassword}
	for name, c := range map[string]struct {
		user     krbtest.User
		keytab   []byte
		clock    time.Duration // of the KDC
		change   func(*Service)
		edit     func(*krbtest.Ticket)
		want     string
		cure     string
		guesses  int
		wantGood string
	}{
		"good":        {user: machine, guesses: 1, wantGood: "kvno"},
		"no proof":    {user: krbtest.User{Password: machinePassword, NoProof: true}, wantGood: "kvno"},
		"stale":       {user: krbtest.User{Password: "changed"}, want: "fault keytab-stale", cure: "make the keytab anew", guesses: 1},
		"stale, free": {user: krbtest.User{Password: "changed", NoProof: true}, want: "fault keytab-stale", cure: "make the keytab anew"},
		"disabled":    {user: krbtest.User{Password: machinePassword, Refusal: clientRevoked}, want: "fault account-disabled", cure: "enable it", guesses: 1},
		"types":       {user: krbtest.User{Password: machinePassword, Enctype: krbtest.AES128SHA2}, want: "fault keytab-enctypes", cure: "all types"},
		"unknown":     {want: "note kdc-no-login", cure: "negotiate check --keytab"},
		"other key": {user: machine, edit: func(k *krbtest.Ticket) { k.Key, k.Kvno = krbtest.Key(krbtest.AES256SHA1, "newer"), 4 },
			want: "fault keytab-stale", cure: "make the keytab anew", guesses: 1},
		"clock":      {user: machine, clock: 10 * time.Minute, want: "fault clock", cure: "chronyc"},
		"some skew":  {user: machine, clock: -2 * time.Minute, want: "warning clock", cure: "chronyc", guesses: 1},
		"no KDC":     {user: machine, change: func(s *Service) { s.World.KDCs = realms("127.0.0.1:1") }, want: "note kdc-unreachable", cure: "TCP port 88"},
		"needed KDC": {user: machine, change: func(s *Service) { s.World.KDCs, s.NeedsKDC = realms("127.0.0.1:1"), true }, want: "fault kdc-unreachable", cure: "/etc/krb5.conf"},
	} {
		t.Run(name, func(t *testing.T) {
			k := &krbtest.KDC{Now: func() time.Time { return krbtest.Now.Add(c.clock) }, Edit: c.edit}
			if c.user.Password != "" {
				k.Users = map[string]krbtest.User{machineName: c.user}
			}
			s := service(t, keytabOf(t, machinePassword, krbtest.Kvno))
			s.World.KDCs = realms(serve(t, k))
			if c.change != nil {
				c.change(&s)
			}
			var r doctor.Report
			s.Examine(t.Context(), &r)
			bad := slices.DeleteFunc(r.Findings(), func(f doctor.Finding) bool { return f.Severity == doctor.Good })
			switch {
			case c.want == "" && len(bad) > 0:
				t.Errorf("%+v", bad)
			case c.want != "" && (len(bad) != 1 || string(bad[0].Severity)+" "+bad[0].Code != c.want || !strings.Contains(bad[0].Cure, c.cure)):
				t.Errorf("%+v, want %s", bad, c.want)
			}
			if c.wantGood != "" && !slices.ContainsFunc(r.Findings(), func(f doctor.Finding) bool { return f.Code == c.wantGood }) {
				t.Errorf("%+v", r.Findings())
			}
			if n := k.Guesses(machineName); n != c.guesses {
				t.Errorf("%d guesses", n)
			}
		})
	}
}

// TestDisagreement has what a ticket's number and type say of a keytab.
func TestDisagreement(t *testing.T) {
	ring, err := initiator.ParseKeytab(krbtest.ServiceKeytab(krbtest.AES256SHA1))
	if err != nil {
		t.Fatal(err)
	}
	ticket := func(name string, kvno int, etype int32) initiator.Ticket {
		k := initiator.Ticket{SName: strings.Split(name, "/"), SRealm: krbtest.Realm}
		k.Enc.KVNO, k.Enc.EType = kvno, etype
		return k
	}
	for want, k := range map[string]initiator.Ticket{
		"has no key of HTTP/x":          ticket("HTTP/x", 3, krbtest.AES256SHA1),
		"was changed after":             ticket(krbtest.Service, 4, krbtest.AES256SHA1),
		"does not know the new":         ticket(krbtest.Service, 2, krbtest.AES256SHA1),
		"of which type the keytab":      ticket(krbtest.Service, 3, krbtest.AES128SHA1),
		"made from another password, o": ticket(krbtest.Service, 3, krbtest.AES256SHA1),
	} {
		if err := Disagreement(k, ring); !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
