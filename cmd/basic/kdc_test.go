package main

import (
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"squidauth/negotiate/kerberos/krbtest"
)

// startKDC gives a script a KDC at $KDC with the user alice, who has to prove her
// password, and bob, who need not, and the file keytab of its service. $FALSEKDC knows
// both, and not the service's key.
func startKDC(env *testscript.Env) error {
	users := map[string]krbtest.User{
		"alice": {Password: "secret"}, "bob": {Password: "secret", NoProof: true},
		"old": {Password: "secret", Refusal: 23},
	}
	forge := func(t *krbtest.Ticket) { t.Key = krbtest.Key(t.Key.KeyType, "forger") }
	for name, k := range map[string]*krbtest.KDC{
		"KDC": {Users: users, Now: time.Now}, "FALSEKDC": {Users: users, Now: time.Now, Edit: forge},
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		go k.Serve(listener)
		env.Setenv(name, listener.Addr().String())
		env.Defer(func() { listener.Close() })
	}
	return os.WriteFile(filepath.Join(env.WorkDir, "keytab"), krbtest.ServiceKeytab(krbtest.Enctypes()...), 0o600)
}
