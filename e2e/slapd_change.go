//go:build unix

package e2e

import (
	"testing"

	"github.com/go-ldap/ldap/v3"
)

// SetPassword gives an entry another password, as an administrator does (RFC 3062).
func (s *Slapd) SetPassword(t testing.TB, dn, password string) {
	t.Helper()
	connection, err := ldap.DialURL(s.URI())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if err := connection.Bind(slapdRoot, slapdRootPassword); err != nil {
		t.Fatal(err)
	}
	if _, err := connection.PasswordModify(ldap.NewPasswordModifyRequest(dn, "", password)); err != nil {
		t.Fatal(err)
	}
}
