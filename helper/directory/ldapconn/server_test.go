package ldapconn

import "testing"

func TestParseServer(t *testing.T) {
	for _, c := range []struct {
		uri, address, host string
		exposed            bool
	}{
		{"ldap://dc1.example.org", "dc1.example.org:389", "dc1.example.org", true},
		{"LDAP://dc1.example.org/", "dc1.example.org:389", "dc1.example.org", true},
		{"ldap://dc1.example.org:3268", "dc1.example.org:3268", "dc1.example.org", true},
		{"ldap://localhost.example.org", "localhost.example.org:389", "localhost.example.org", true},
		{"ldap://localhost", "localhost:389", "localhost", false},
		{"ldap://127.0.0.10:1389", "127.0.0.10:1389", "127.0.0.10", false},
		{"ldap://[::1]", "[::1]:389", "::1", false},
		{"ldap://[2001:db8::1]:390", "[2001:db8::1]:390", "2001:db8::1", true},
		{"ldaps://dc1.example.org", "dc1.example.org:636", "dc1.example.org", false},
		{"ldapi://%2Frun%2Fslapd%2Fldapi", "/run/slapd/ldapi", "", false},
		{"ldapi://%2Frun%2Fslapd%2Fldapi/", "/run/slapd/ldapi", "", false},
		{"ldapi:///run/slapd/ldapi", "/run/slapd/ldapi", "", false},
	} {
		s, err := ParseServer(c.uri)
		if err != nil || s.address != c.address || s.host != c.host || s.IsExposed() != c.exposed {
			t.Errorf("%s: %+v, exposed %v, %v", c.uri, s, s.IsExposed(), err)
			continue
		}
		if again, err := ParseServer(s.String()); err != nil || again != s {
			t.Errorf("%s: %s is read as %+v, %v", c.uri, s, again, err)
		}
	}
	for _, uri := range []string{"", "dc1.example.org", "http://dc1", "ldap:", "ldap://", "ldap:///", "ldap://:389", "ldap://dc1:port",
		"ldap://dc1/dc=example", "ldap://dc1/?cn?sub", "ldap://dc1?", "ldap://dc1#x", "ldap://me:secret@dc1", "ldap://[::1", "cldap://dc1",
		"ldapi://", "ldapi:///", "ldapi://run", "ldapi://%zz"} {
		if s, err := ParseServer(uri); err == nil || s != (Server{}) {
			t.Errorf("%q: %+v, %v", uri, s, err)
		}
	}
}
