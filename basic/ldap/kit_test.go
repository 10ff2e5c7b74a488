package ldap

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-ldap/ldap/v3"

	"squidauth/basic"
	"squidauth/helper/directory/ldapconn"
	"squidauth/helper/directory/ldapconn/ldaptest"
	"squidauth/helper/secret"
	"squidauth/protocol"
)

const (
	base    = "dc=test"
	alice   = "uid=alice,dc=test"
	right   = "right-password"
	service = "cn=proxy,dc=test"
	// servicePassword is that of the service account.
	servicePassword = "pass-of-the-proxy"
)

// people plays a directory server: alice is there once, twin twice.
func people(r ldaptest.Request) []byte {
	ok := r.Result(ldap.LDAPResultSuccess, "")
	switch r.Op {
	case ldaptest.Bind:
		name, password := r.Login()
		if name == alice && password == right || name == service && password == servicePassword {
			return ok
		}
		return r.Result(ldap.LDAPResultInvalidCredentials, "")
	case ldaptest.Compare:
		code := int64(ldap.LDAPResultCompareFalse)
		if dn, attribute, value := r.Assertion(); dn == alice && attribute == "secret" && value == right {
			code = ldap.LDAPResultCompareTrue
		}
		return r.Result(code, "")
	case ldaptest.Search:
		return append(entries(r), ok...)
	}
	return ok
}

func entries(r ldaptest.Request) (b []byte) {
	group := func(name string) []byte {
		return r.Entry("cn="+name+",ou=groups,dc=test", ldaptest.Attribute{Name: "CN", Values: []string{name}})
	}
	switch has := func(s string) bool { return strings.Contains(r.Body, s) }; {
	case has("member") && has(alice):
		return append(group("Staff"), group("Web Users")...)
	case has("member"):
		return nil
	case has("twin"):
		return append(r.Entry("uid=twin,ou=a,dc=test"), r.Entry("uid=twin,ou=b,dc=test")...)
	case has("alice"):
		return r.Entry(alice)
	case has("nameless"):
		return r.Entry("")
	}
	return nil
}

func directoryServer() *ldaptest.Server { return &ldaptest.Server{Reply: people} }

// with answers one kind of request in another way.
func with(op byte, reply func(ldaptest.Request) []byte) *ldaptest.Server {
	return &ldaptest.Server{Reply: func(r ldaptest.Request) []byte {
		if r.Op == op {
			return reply(r)
		}
		return people(r)
	}}
}

func code(n int64, words string) func(ldaptest.Request) []byte {
	return func(r ldaptest.Request) []byte { return r.Result(n, words) }
}

// pool returns connections to the servers, called ldap://localhost:1 and so on.
func pool(t *testing.T, opt ldapconn.Options, servers ...*ldaptest.Server) *ldapconn.Pool {
	t.Helper()
	byAddress := map[string]*ldaptest.Server{}
	for i, s := range servers {
		address := net.JoinHostPort("localhost", string(rune('1'+i)))
		server, err := ldapconn.ParseServer("ldap://" + address)
		if err != nil {
			t.Fatal(err)
		}
		opt.Servers = append(opt.Servers, server)
		byAddress[address] = s
	}
	opt.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		return byAddress[address].Dial(ctx, network, address)
	}
	return ldapconn.New(opt)
}

// asService searches in the name of the service account.
func asService() ldapconn.Options {
	return ldapconn.Options{BindDN: service, Secret: secret.Fixed(servicePassword)}
}

func find(t *testing.T) *Find {
	t.Helper()
	return &Find{Base: base, Filter: mustParse(t, "(&(objectClass=person)(uid=%s))", "s"), Scope: ldap.ScopeWholeSubtree}
}

func mustParse(t testing.TB, text, letters string) *Filter {
	t.Helper()
	f, err := ParseFilter(text, letters)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// most is the time that a login may take.
const most = 20 * time.Second

// login asks for a verdict, and fails the test if that takes too long.
func login(t *testing.T, b *Backend, user string, password protocol.Secret) basic.Verdict {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), most)
	defer cancel()
	began := time.Now()
	v := b.Authenticate(ctx, user, password)
	if took := time.Since(began); took > most {
		t.Errorf("a login took %v", took)
	}
	if v.Cause() != nil && strings.Contains(v.Cause().Error(), string(password)) {
		t.Errorf("the password is in %v", v.Cause())
	}
	return v
}

// bubble runs a test in virtual time, at whose end all connections are closed.
func bubble(t *testing.T, test func(*testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t)
		time.Sleep(time.Minute)
		synctest.Wait()
	})
}
