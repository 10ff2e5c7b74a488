package nrpc_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"squidauth/ntlm"
	"squidauth/ntlm/netlogon/dctest"
	"squidauth/ntlm/netlogon/nrpc"
	"squidauth/ntlm/netlogon/rpc"
	"squidauth/ntlm/netlogon/ssp"
)

// channel sets a secure channel to a DC up.
func channel(t *testing.T, dc *dctest.DC) *rpc.Conn {
	t.Helper()
	ctx := within(t)
	var client ssp.Challenge
	copy(client[:], "12345678")
	plain := bind(t, dc, nil)
	server, err := nrpc.ReqChallenge(ctx, plain, "PROXY", client)
	if err != nil {
		t.Fatal(err)
	}
	key := ssp.SessionKey(dc.Secret, client, server)
	proof, flags, err := nrpc.Authenticate3(ctx, plain, "PROXY$", "PROXY", ssp.CredentialOf(key, client))
	if err != nil || !proof.Equal(ssp.CredentialOf(key, server)) || flags&nrpc.Required != nrpc.Required {
		t.Fatalf("%x, %x, %v", proof, flags, err)
	}
	return bind(t, dc, ssp.Initiate(key, ssp.Names{Domain: "EXAMPLE", Computer: "PROXY"}))
}

func bind(t *testing.T, dc *dctest.DC, s rpc.Security) *rpc.Conn {
	t.Helper()
	connection, err := dc.Dial(within(t), "", "")
	if err != nil {
		t.Fatal(err)
	}
	c, err := rpc.Bind(within(t), connection, rpc.Netlogon, s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// TestSamLogonEx has users with everything, in fragments of every kind.
func TestSamLogonEx(t *testing.T) {
	for _, fragment := range []int{0, 1000, 17} {
		dc := dctest.New()
		dc.Fragment = fragment
		groups := make([]uint32, 300)
		for i := range groups {
			groups[i] = uint32(2000 + i)
		}
		dc.Users["jürgen"] = dctest.User{Password: "Grüße", ID: 1104, Groups: groups, ExtraSIDs: []string{"S-1-18-1", "S-1-5-21-9-9-9-512"}}
		c := channel(t, dc)
		for _, want := range []struct {
			user, password string
			status         nrpc.Status
			groups         int
		}{
			{"alice", dctest.Password, 0, 2},
			{"jürgen", "Grüße", 0, 300},
			{"alice", "wrong", nrpc.WrongPassword, 0},
			{"bob", "wrong", nrpc.NoSuchUser, 0},
		} {
			a, err := nrpc.SamLogonEx(within(t), c, "PROXY", dctest.Logon("EXAMPLE", want.user, want.password))
			if err != nil || a.Status != want.status || (a.Status == 0) != (a.Validation != nil) {
				t.Fatalf("%s: %+v, %v", want.user, a, err)
			}
			if v := a.Validation; v != nil && (v.EffectiveName != want.user || len(v.Groups) != want.groups || v.Domain != "EXAMPLE") {
				t.Errorf("%s: %+v", want.user, v)
			}
		}
	}
}

// TestUserWithoutID: the first of ExtraSids is the user.
func TestUserWithoutID(t *testing.T) {
	dc := dctest.New()
	dc.Users["alice"] = dctest.User{Password: "a", ExtraSIDs: []string{"S-1-5-21-9-9-9-1000", "S-1-18-1"}}
	dc.Users["bob"] = dctest.User{Password: "b"}
	c := channel(t, dc)
	a, err := nrpc.SamLogonEx(within(t), c, "PROXY", dctest.Logon("", "alice", "a"))
	if err != nil || a.Validation.UserSID.String() != "S-1-5-21-9-9-9-1000" {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err := nrpc.SamLogonEx(within(t), c, "PROXY", dctest.Logon("", "bob", "b")); err == nil || err.Error() != "netlogon: success without a user" {
		t.Errorf("%+v, %v", a, err)
	}
}

// TestDenyOnly: groups that can only be denied something are not counted.
func TestDenyOnly(t *testing.T) {
	dc := dctest.New()
	dc.Users["alice"] = dctest.User{Password: "a", ID: 1103, Groups: []uint32{512}, ExtraSIDs: []string{"S-1-18-1"}, Attributes: 0x10}
	a, err := nrpc.SamLogonEx(within(t), channel(t, dc), "PROXY", dctest.Logon("", "alice", "a"))
	if err != nil || len(a.Validation.Groups) != 0 || len(a.Validation.ExtraSIDs) != 0 {
		t.Errorf("%+v, %v", a, err)
	}
}

const (
	logonGuest = 0x1 // of UserFlags
	guestID    = 501
)

func TestGuest(t *testing.T) {
	dc := dctest.New()
	dc.Users["visitor"] = dctest.User{Password: "v", ID: 1105, Flags: logonGuest}
	dc.Users["Guest"] = dctest.User{Password: "g", ID: guestID}
	c := channel(t, dc)
	for user, password := range map[string]string{"visitor": "v", "Guest": "g"} {
		if a, err := nrpc.SamLogonEx(within(t), c, "PROXY", dctest.Logon("", user, password)); err != nil || !a.Validation.Guest {
			t.Errorf("%s: %+v, %v", user, a, err)
		}
	}
}

func TestTooLong(t *testing.T) {
	const maxName, maxResponse, maxLogon = 512, 1500, 2000 // bytes
	c := channel(t, dctest.New())
	name, response := strings.Repeat("x", maxName/2+1), make([]byte, maxResponse+1)
	for _, l := range []*ntlm.Logon{
		{User: name}, {User: "a", Domain: name}, {User: "a", Workstation: name},
		{User: "a", NTResponse: response}, {User: "a", LMResponse: response},
		{User: "a", NTResponse: response[1:], LMResponse: response[1:]},
	} {
		var notSent *rpc.NotSent
		if _, err := nrpc.SamLogonEx(within(t), c, "PROXY", l); !errors.As(err, &notSent) || !errors.Is(err, nrpc.ErrTooLong) {
			t.Errorf("%v", err)
		}
	}
	if !c.Alive() {
		t.Error("the channel suffered")
	}
	full := &ntlm.Logon{Domain: name[2:], User: name[2:], NTResponse: response[:maxLogon-4*len(name[2:])]}
	if a, err := nrpc.SamLogonEx(within(t), c, "PROXY", full); err != nil || a.Status != nrpc.NoSuchUser {
		t.Errorf("%+v, %v", a, err)
	}
}

// TestRefused has the statuses of the machine's calls.
func TestRefused(t *testing.T) {
	dc := dctest.New()
	c := bind(t, dc, nil)
	if _, err := nrpc.ReqChallenge(within(t), c, "PROXY", ssp.Challenge{1}); err != nil {
		t.Fatal(err)
	}
	if _, flags, err := nrpc.Authenticate3(within(t), c, "PROXY$", "PROXY", ssp.Credential{}); err != nrpc.AccessDenied || flags != 0 {
		t.Errorf("%v", err)
	}
	if _, _, err := nrpc.Authenticate3(within(t), c, "OTHER$", "PROXY", ssp.Credential{}); err != nrpc.NoTrustSAMAccount {
		t.Errorf("%v", err)
	}
	var f *rpc.Fault
	if _, err := nrpc.SamLogonEx(within(t), c, "PROXY", &ntlm.Logon{User: "a"}); !errors.As(err, &f) {
		t.Errorf("a logon without a seal: %v", err)
	}
}
