//go:build unix

package e2e_test

import (
	"strings"
	"testing"

	"squidauth/e2e"
	"squidauth/protocol"
)

// TestLDAPProtection asks servers that want TLS, and certificates, in every way. What
// is wrong with a connection is never said of the user.
func TestLDAPProtection(t *testing.T) {
	t.Parallel()
	open := e2e.StartSlapd(t, e2e.SlapdConfig{})
	strict := e2e.StartSlapd(t, e2e.SlapdConfig{WantsCertificate: true, WantsTLS: true})
	certificate, key := strict.ClientCertificate(t, "proxy")
	mine := " --certificate " + certificate + " --key " + key
	for name, c := range map[string]struct {
		options string
		problem string // empty: alice gets in
	}{
		"ldaps":                {"--ca " + open.CAFile() + " --url " + open.SecureURI(), ""},
		"ldaps by name":        {"--ca " + open.CAFile() + " --url " + strings.Replace(open.SecureURI(), "127.0.0.1", e2e.SlapdHost, 1), ""},
		"StartTLS":             {"--start-tls --ca " + open.CAFile() + " --url " + open.URI(), ""},
		"any certificate":      {"--any-certificate --url " + open.SecureURI(), ""},
		"socket":               {"--url " + open.SocketURI(), ""},
		"no CA":                {"--url " + open.SecureURI(), "unknown authority"},
		"another CA":           {"--ca " + strict.CAFile() + " --url " + open.SecureURI(), "unknown authority"},
		"CA's file is missing": {"--ca /nonexistent/ca.pem --url " + open.SecureURI(), "/nonexistent/ca.pem"},
		"another name":         {"--ca " + open.CAFile() + " --url " + strings.Replace(open.SecureURI(), "127.0.0.1", "127.0.0.2", 1), "127.0.0.2"},
		"plain to the TLS port": {
			"--url " + strings.Replace(open.SecureURI(), "ldaps", "ldap", 1), "ldap://",
		},
		"TLS to the plain port": {
			"--ca " + open.CAFile() + " --url " + strings.Replace(open.URI(), "ldap", "ldaps", 1), "ldaps://",
		},
		"certificate":                     {"--ca " + strict.CAFile() + mine + " --url " + strict.SecureURI(), ""},
		"certificate, StartTLS":           {"--start-tls --ca " + strict.CAFile() + mine + " --url " + strict.URI(), ""},
		"certificate is missing":          {"--ca " + strict.CAFile() + " --url " + strict.SecureURI(), "it closed the connection"},
		"certificate is missing, the key": {"--ca " + strict.CAFile() + mine + ".no --url " + strict.SecureURI(), key + ".no"},
		"server wants TLS":                {"--url " + strict.URI(), "use ldaps:// or StartTLS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			words := strings.Fields("ldap --filter uid=%s --base " + e2e.SlapdPeople + " " + c.options)
			helper := e2e.StartPeer(t, e2e.PeerConfig{Command: append([]string{programs.Path(t, "basic")}, words...), AsProxy: true})
			alice := e2e.PersonOf("alice")
			reply := helper.Ask(t, alice.Name+" "+alice.Password)
			switch got := protocol.ParseReply([]byte(reply)).Result; {
			case c.problem == "" && got != protocol.ResultOK:
				t.Errorf("%q\n%s", reply, helper.Log())
			case c.problem != "" && got != protocol.ResultBH:
				t.Errorf("%q in spite of everything", reply)
			case c.problem != "":
				mustExplain(t, helper, "login undecided", "user=alice ", c.problem)
			}
		})
	}
}
