package ldapconn

import "testing"

func TestParseCA(t *testing.T) {
	for _, content := range []string{"", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		if pool, err := parseCA([]byte(content)); err == nil || pool != nil {
			t.Errorf("%q: %v", content, pool)
		}
	}
}
