package kerberos

import (
	"testing"

	"squidauth/helper/doctor/doctortest"
	"squidauth/negotiate/kerberos/kdc"
	"squidauth/negotiate/kerberos/krbtest"
)

// TestExamine: the keytab is held against the KDC, and no user is asked about.
func TestExamine(t *testing.T) {
	k := newKDC(map[string]krbtest.User{"alice": {Password: "alices-secret"}})
	address := listen(t, k.Answer)
	good := keytab(t, keytabOf(t, "alice", "alices-secret")...)
	doctortest.Want(t, "good", newBackend(t, func(o *Options) { o.Keytab = good }, address), "", "")
	doctortest.Want(t, "no KDC", newBackend(t, func(o *Options) { o.Keytab = good }, "127.0.0.1:1"), "fault kdc-unreachable", "--kdc HOST")
	doctortest.Want(t, "another realm's KDC", newBackend(t, func(o *Options) {
		o.Keytab, o.Names.Realms = good, []string{krbtest.Realm, "ELSEWHERE.INVALID"}
		o.KDCs = nowhereBut(address)
	}, address), "fault kdc-unreachable", "[realms] ELSEWHERE.INVALID")
}

// nowhereBut has the KDC of one realm, and none of the other.
func nowhereBut(address string) *kdc.Realms {
	given := map[string][]string{krbtest.Realm: {address}, "ELSEWHERE.INVALID": {"127.0.0.1:1"}}
	return kdc.NewRealms(func(string) (string, bool) { return "", false }, given, now)
}
