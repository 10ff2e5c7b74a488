package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"squidauth/negotiate/kerberos/krbtest"
)

// TestTools plays testdata/tools/*.txt. What needs a KDC is in e2e.
func TestTools(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/tools", RequireExplicitExec: true, Setup: writeKeytabs})
}

// writeKeytabs writes a keytab with the proxy's keys of two types, and others.
func writeKeytabs(env *testscript.Env) error {
	other := krbtest.Entry{Components: []string{"host", "other"}, Realm: "OTHER.TEST", Kvno: 1, Key: krbtest.Key(krbtest.AES128SHA2, "other")}
	for name, content := range map[string][]byte{
		"http.keytab":  krbtest.ServiceKeytab(krbtest.RC4, krbtest.AES256SHA1),
		"weak.keytab":  krbtest.ServiceKeytab(krbtest.RC4),
		"other.keytab": krbtest.Keytab(other),
		"short.keytab": krbtest.ServiceKeytab(krbtest.AES256SHA1)[:40],
		"large.keytab": append(krbtest.ServiceKeytab(krbtest.AES256SHA1), make([]byte, maxKeytab)...),
	} {
		if err := os.WriteFile(filepath.Join(env.WorkDir, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}
