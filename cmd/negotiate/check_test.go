package main

import (
	"errors"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"squidauth/negotiate/kerberos"
	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/krbtest"
)

// TestCheckOptions: they do what those of the helper do.
func TestCheckOptions(t *testing.T) {
	keytab := krbtest.ServiceKeytab(krbtest.AES256SHA1)
	keys, err := initiator.ParseKeytab(keytab)
	if err != nil {
		t.Fatal(err)
	}
	client, err := initiator.ParsePrincipal("alice", krbtest.Realm)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		spns, realms []string
		skew, ahead  time.Duration // of the KDC's clock
		want         kerberos.Reason
	}{
		"as by default":   {skew: kerberos.DefaultSkew},
		"one of two SPNs": {spns: []string{"HTTP/other", "HTTP/proxy.example.org"}, skew: kerberos.DefaultSkew},
		"no SPN of two":   {spns: []string{"HTTP/other", "HTTP/another"}, skew: kerberos.DefaultSkew, want: kerberos.NoKey},
		"one of two":      {realms: []string{"OTHER.TEST", krbtest.Realm}, skew: kerberos.DefaultSkew},
		"another realm":   {realms: []string{"OTHER.TEST"}, skew: kerberos.DefaultSkew, want: kerberos.ForeignRealm},
		"clock":           {skew: kerberos.DefaultSkew, ahead: 3 * time.Minute},
		"little skew":     {skew: time.Minute, ahead: 3 * time.Minute, want: kerberos.NotYetValid},
	} {
		t.Run(name, func(t *testing.T) {
			login, err := initiator.Forge(keys[0], client, time.Now().Add(c.ahead), time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			check := check{spns: *cli.NewStringSlice(c.spns...), realms: *cli.NewStringSlice(c.realms...), maxSkew: c.skew}
			accepted, err := check.accept(keytab, login)
			var got kerberos.Reason
			var refused *kerberos.Error
			if errors.As(err, &refused) {
				got = refused.Reason
			}
			if got != c.want || (err == nil) != (c.want == "") || (accepted != nil) != (c.want == "") {
				t.Errorf("%v, %v", accepted, err)
			}
		})
	}
}
