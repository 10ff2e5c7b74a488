//go:build unix

package e2e_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"squidauth/e2e"
)

// TestDomainAccounts has the controller answer NTLM and LDAP logins of every
// account as the table says, so that tests can rely on it.
func TestDomainAccounts(t *testing.T) {
	t.Parallel()
	ad := activeDirectory.Domain(t)
	dir := e2e.Dir(t)
	for _, a := range e2e.Accounts() {
		mustAnswer(t, ad, dir, a.Name, a.Password, a.Refusal)
	}
	mustAnswer(t, ad, dir, "alice", "not-her-password", e2e.WrongPassword)
	mustAnswer(t, ad, dir, "nobody", "not-a-password", e2e.NoSuchUser)
}

// mustAnswer logs in both ways; dir is for the files of a client.
func mustAnswer(t *testing.T, ad *e2e.Domain, dir, user, password string, want e2e.Refusal) {
	t.Helper()
	status := want.Name
	if want == e2e.WrongPassword || want == e2e.NoSuchUser {
		status = "NT_STATUS_LOGON_FAILURE" // a file server does not tell which
	}
	if got := ntlmLogin(t, ad, dir, user, password); got != status {
		t.Errorf("%s is told %q by NTLM, want %q", user, got, status)
	}
	if got := ldapLogin(t, ad, user, password); got != want.Win32 {
		t.Errorf("%s is told %x by LDAP, want %x", user, got, want.Win32)
	}
}

// ntlmLogin logs in to the controller's file server and returns the name of the
// NTSTATUS, empty for success.
func ntlmLogin(t *testing.T, ad *e2e.Domain, dir, user, password string) string {
	t.Helper()
	file := filepath.Join(dir, "login")
	login := fmt.Sprintf("username = %s\npassword = %s\ndomain = %s\n", user, password, e2e.ADDomain)
	if err := os.WriteFile(file, []byte(login), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(e2e.Need(t, "net"), "--configfile=/dev/null",
		"--option=lock directory="+dir, "--option=private directory="+dir,
		"--authentication-file="+file, "--server="+ad.Address(), "rpc", "info").CombinedOutput()
	_, status, found := strings.Cut(string(out), "NT_STATUS_")
	switch {
	case err == nil:
		return ""
	case !found:
		t.Fatalf("net: %v\n%s", err, out)
	}
	return "NT_STATUS_" + strings.Fields(status)[0]
}

// ldapLogin binds over TLS and returns the Win32 error in the diagnostic message,
// 0 for success.
func ldapLogin(t *testing.T, ad *e2e.Domain, user, password string) (code uint32) {
	t.Helper()
	pem, err := os.ReadFile(ad.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	dialer := &net.Dialer{Timeout: soon}
	connection, err := tls.DialWithDialer(dialer, "tcp", net.JoinHostPort(ad.Address(), "636"),
		&tls.Config{RootCAs: roots, ServerName: e2e.ADHost})
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(soon)); err != nil {
		t.Fatal(err)
	}
	if _, err := connection.Write(bindRequest(t, user+"@"+e2e.ADRealm, password)); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 4096)
	n, err := connection.Read(answer)
	if err != nil {
		t.Fatal(err)
	}
	result, message := bindResponse(t, answer[:n])
	_, data, found := strings.Cut(message, " data ")
	if result != 0 && !found {
		t.Fatalf("LDAP result %d: %s", result, message)
	}
	if found {
		if _, err := fmt.Sscanf(data, "%x,", &code); err != nil {
			t.Fatalf("%s: %v", message, err)
		}
	}
	return code
}

// bindRequest returns an LDAP message (RFC 4511 section 4.2).
func bindRequest(t *testing.T, name, password string) []byte {
	t.Helper()
	type request struct {
		Version  int
		Name     []byte
		Password []byte `asn1:"tag:0"`
	}
	message, err := asn1.Marshal(struct {
		ID   int
		Bind request `asn1:"application,tag:0"`
	}{1, request{3, []byte(name), []byte(password)}})
	if err != nil {
		t.Fatal(err)
	}
	return message
}

// bindResponse takes an LDAP message apart (RFC 4511 sections 4.1.9 and 4.2.2).
func bindResponse(t *testing.T, message []byte) (result int, diagnostic string) {
	t.Helper()
	var response struct {
		ID   int
		Bind struct {
			Result     asn1.Enumerated
			Matched    []byte
			Diagnostic []byte
		} `asn1:"application,tag:1"`
	}
	if _, err := asn1.Unmarshal(message, &response); err != nil {
		t.Fatalf("%v: %x", err, message)
	}
	return int(response.Bind.Result), string(response.Bind.Diagnostic)
}
