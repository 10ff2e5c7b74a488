package ntlm_test

import (
	"bytes"
	"fmt"
	"testing"

	azure "github.com/Azure/go-ntlmssp"
	bodgit "github.com/bodgit/ntlmssp"

	"squidauth/ntlm"
	"squidauth/ntlm/ntlmssp"
)

// foreign is a client that others wrote: without a challenge it returns the first
// message, with one the second.
type foreign func(challenge []byte) ([]byte, error)

// azureClient is NTLMv2 without MIC, and without an LM response.
func azureClient(user, password string) foreign {
	return func(challenge []byte) ([]byte, error) {
		if challenge == nil {
			return azure.NewNegotiateMessage("", "")
		}
		return azure.NewAuthenticateMessage(challenge, user, password, nil)
	}
}

// bodgitClient has all levels of LmCompatibilityLevel, and a MIC from 3 on.
func bodgitClient(tb testing.TB, level int, domain, user, password string) foreign {
	tb.Helper()
	c, err := bodgit.NewClient(bodgit.SetUserInfo(user, password), bodgit.SetDomain(domain), bodgit.SetWorkstation("PC-7"))
	switch level { // its type is not exported, so only constants will do
	case 0:
		err = c.SetOption(bodgit.SetCompatibilityLevel(0))
	case 1:
		err = c.SetOption(bodgit.SetCompatibilityLevel(1))
	case 2:
		err = c.SetOption(bodgit.SetCompatibilityLevel(2))
	case 3:
		err = c.SetOption(bodgit.SetCompatibilityLevel(3))
	case 4:
		err = c.SetOption(bodgit.SetCompatibilityLevel(4))
	case 5:
		err = c.SetOption(bodgit.SetCompatibilityLevel(5))
	}
	if err != nil {
		tb.Fatal(err)
	}
	return func(challenge []byte) ([]byte, error) { return c.Authenticate(challenge, nil) }
}

// meet plays a handshake with a client of others.
func meet(t *testing.T, a *ntlm.Acceptor, c foreign) (ntlm.Step, error) {
	t.Helper()
	s := ntlm.NewServer(a)
	negotiate, err := c(nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := c(begin(t, s, negotiate))
	if err != nil {
		t.Fatal(err)
	}
	return s.Next(t.Context(), token)
}

func TestAzure(t *testing.T) {
	a := newAcceptor(t)
	for user, password := range passwords {
		for _, name := range []string{user, `EXAMPLE\` + user} {
			step, err := meet(t, a, azureClient(name, password))
			wantUser(t, step, err, user)
			step, err = meet(t, a, azureClient(name, password+"x"))
			wantRefused(t, step, err, ntlm.WrongPassword, false)
		}
	}
}

func TestBodgit(t *testing.T) {
	forms := []ntlmssp.Form{ntlmssp.NTLMv1, ntlmssp.NTLM2Session, ntlmssp.NTLM2Session, ntlmssp.NTLMv2, ntlmssp.NTLMv2, ntlmssp.NTLMv2}
	for level, form := range forms {
		t.Run(fmt.Sprint("level ", level), func(t *testing.T) {
			a := newAcceptor(t)
			for user, password := range passwords {
				for _, permitted := range []bool{false, true} {
					a.PermitNTLMv1 = permitted
					step, err := meet(t, a, bodgitClient(t, level, "EXAMPLE", user, password))
					if form != ntlmssp.NTLMv2 && !permitted {
						wantRefused(t, step, err, ntlm.OldVersion, false)
						continue
					}
					wantUser(t, step, err, user)
					if step.Client != nil && step.Client.Attempt.Form != form {
						t.Errorf("%v", step.Client.Attempt.Form)
					}
					step, err = meet(t, a, bodgitClient(t, level, "EXAMPLE", user, password+"x"))
					wantRefused(t, step, err, ntlm.WrongPassword, false)
				}
			}
		})
	}
}

// TestForeignMIC: what others compute a MIC of is what we saw. Any other message in
// its place spoils it.
func TestForeignMIC(t *testing.T) {
	a := newAcceptor(t)
	c := bodgitClient(t, 5, "EXAMPLE", "bob", "secret")
	negotiate, err := c(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := ntlm.NewServer(a)
	negotiate = bytes.Clone(negotiate)
	negotiate[20] ^= 1
	token, err := c(begin(t, s, negotiate))
	if err != nil {
		t.Fatal(err)
	}
	step, err := s.Next(t.Context(), token)
	wantRefused(t, step, err, ntlm.BadMIC, false)
}
