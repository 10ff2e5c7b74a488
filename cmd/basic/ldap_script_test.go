package main

import (
	"net"
	"strings"
	"testing"

	"squidauth/helper/directory/ldapconn/ldaptest"
)

// ldapServer starts the directory server of the scripts, whose URL is $LDAP. Its
// accounts are alice, in the group Staff, and the proxy's.
func ldapServer(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go (&ldaptest.Server{Reply: ldapReply}).Serve(listener)
	return "ldap://" + listener.Addr().String()
}

func ldapReply(r ldaptest.Request) (b []byte) {
	const alice = "uid=alice,dc=test"
	has := func(s string) bool { return strings.Contains(r.Body, s) }
	switch {
	case r.Op == ldaptest.Bind:
		switch name, password := r.Login(); name + " " + password {
		case alice + " s3cret", "cn=proxy,dc=test pr0xy", "alice@ad.test s3cret":
		case "locked@ad.test s3cret":
			return r.Result(49, "80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data 775, v3839\x00")
		default:
			return r.Result(49, "")
		}
	case r.Op == ldaptest.Compare:
		if dn, _, value := r.Assertion(); dn == alice && value == "s3cret" {
			return r.Result(6, "")
		}
		return r.Result(5, "")
	case has("member") && has(alice):
		b = r.Entry("cn=Staff,dc=test", ldaptest.Attribute{Name: "cn", Values: []string{"Staff"}})
	case has("alice"):
		b = r.Entry(alice)
	case has("twin"):
		b = append(r.Entry("uid=twin,ou=a,dc=test"), r.Entry("uid=twin,ou=b,dc=test")...)
	}
	return append(b, r.Result(0, "")...)
}
