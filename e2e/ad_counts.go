//go:build unix

package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/go-ldap/ldap/v3"
)

// CountedGuesses returns how many wrong passwords the controller has counted of a user
// since the last right one (badPwdCount).
func (d *Domain) CountedGuesses(t testing.TB, user string) int {
	t.Helper()
	ca, err := os.ReadFile(d.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(ca)
	conn, err := ldap.DialURL("ldaps://"+d.address, ldap.DialWithTLSConfig(&tls.Config{RootCAs: trusted}))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	reader := AccountOf(t, "svc-ldap")
	if err := conn.Bind(reader.Name+"@"+ADRealm, reader.Password); err != nil {
		t.Fatal(err)
	}
	found, err := conn.Search(&ldap.SearchRequest{
		BaseDN: "DC=ad,DC=example,DC=test", Scope: ldap.ScopeWholeSubtree,
		Filter: fmt.Sprintf("(sAMAccountName=%s)", ldap.EscapeFilter(user)), Attributes: []string{"badPwdCount"},
	})
	if err != nil || len(found.Entries) != 1 {
		t.Fatalf("%d entries of %s: %v", len(found.Entries), user, err)
	}
	n, _ := strconv.Atoi(found.Entries[0].GetAttributeValue("badPwdCount")) // empty: never counted
	return n
}
