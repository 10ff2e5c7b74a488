package dctest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"

	"squidauth/helper/identity"
	"squidauth/ntlm/netlogon/nrpc"
	"squidauth/ntlm/netlogon/ssp"
	"squidauth/ntlm/ntlmssp"
)

// Port is where the Netlogon service of every DC listens.
const Port = 49152

// User is a user of the domain.
type User struct {
	Password  string
	Status    nrpc.Status // what the right password gets; 0: success
	ID        uint32      // relative
	Groups    []uint32    // relative
	ExtraSIDs []string
	Flags     uint32 // UserFlags

	Attributes uint32 // of all groups; 0: enabled
}

// DC is a domain controller. Its fields are set before its first connection, but for
// those that Set changes.
type DC struct {
	Domain, DNSDomain string
	SID               identity.SID
	Account           string // the machine's, ending in $
	Secret            ntlmssp.Key
	Users             map[string]User // by name
	Fragment          int             // bytes of parameters per PDU; 0: all
	LogonStatus       nrpc.Status     // instead of any other answer to a logon
	SetUpStatus       nrpc.Status     // to NetrServerAuthenticate3
	Flags             nrpc.Flags      // capabilities; 0: all
	Down              bool            // refuses connections
	Stall             bool            // does not answer logons

	mu    sync.Mutex
	keys  map[string]ntlmssp.Key // of the last set-up, by computer
	open  map[net.Conn]bool
	Count Count
}

// Count is what happened so far.
type Count struct {
	Connections int
	SetUps      int // keys that were agreed on
	Refusals    int // of the machine account
	Logons      int
	BadPassword int
}

// New returns a DC of the domain EXAMPLE with the machine account PROXY$, whose
// password is Secret, and the user alice, whose password is Password.
func New() *DC {
	sid, err := identity.ParseSID("S-1-5-21-1-2-3")
	if err != nil {
		panic(err)
	}
	return &DC{
		Domain: "EXAMPLE", DNSDomain: "example.test", SID: sid,
		Account: "PROXY$", Secret: ntlmssp.NTOWFv1(Secret),
		Users: map[string]User{"alice": {Password: Password, ID: 1103, Groups: []uint32{513, 1200}}},
	}
}

// The passwords of New's accounts.
const (
	Secret   = "Mach1ne-Secret"
	Password = "Down-the-Rabbit-Hole-1"
)

// Set changes fields while connections are open.
func (d *DC) Set(change func(*DC)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(d)
}

// Counts returns what happened so far.
func (d *DC) Counts() Count {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.Count
}

var errDown = errors.New("connection refused by the test")

// Dial connects to the DC without a network, whatever the address.
func (d *DC) Dial(context.Context, string, string) (net.Conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.Down {
		return nil, errDown
	}
	client, server := net.Pipe()
	if d.open == nil {
		d.open = map[net.Conn]bool{}
	}
	d.open[server] = true
	d.Count.Connections++
	go d.Serve(server)
	return client, nil
}

// Restart closes all connections and forgets all keys.
func (d *DC) Restart() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for c := range d.open {
		c.Close()
	}
	d.open, d.keys = map[net.Conn]bool{}, nil
}

// Serve answers the calls on a connection until it is closed.
func (d *DC) Serve(c net.Conn) {
	defer c.Close()
	s := &session{dc: d, conn: c}
	for s.serveOne() == nil {
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.open, c)
}

// agree makes the key of a computer.
func (d *DC) agree(account, computer string, client, server ssp.Challenge, proof ssp.Credential) (ssp.Credential, nrpc.Status) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := ssp.SessionKey(d.Secret, client, server)
	switch {
	case d.SetUpStatus != 0:
		return ssp.Credential{}, d.SetUpStatus
	case !strings.EqualFold(account, d.Account):
		d.Count.Refusals++
		return ssp.Credential{}, nrpc.NoTrustSAMAccount
	case !proof.Equal(ssp.CredentialOf(key, client)):
		d.Count.Refusals++
		return ssp.Credential{}, nrpc.AccessDenied
	}
	if d.keys == nil {
		d.keys = map[string]ntlmssp.Key{}
	}
	d.keys[strings.ToUpper(computer)] = key
	d.Count.SetUps++
	return ssp.CredentialOf(key, server), 0
}

// keyOf returns the last key of a computer.
func (d *DC) keyOf(computer string) (ntlmssp.Key, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key, ok := d.keys[strings.ToUpper(computer)]
	if !ok {
		return key, fmt.Errorf("no key of %q", computer)
	}
	return key, nil
}

// logon checks a response, and returns the user's key of the session.
func (d *DC) logon(l logon) (User, ntlmssp.Key, nrpc.Status) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.Count.Logons++
	if d.LogonStatus != 0 {
		return User{}, ntlmssp.Key{}, d.LogonStatus
	}
	u, ok := d.Users[l.user]
	if !ok {
		return User{}, ntlmssp.Key{}, nrpc.NoSuchUser
	}
	key := ntlmssp.NTOWFv1(u.Password).NTOWFv2(l.user, l.domain)
	r, err := ntlmssp.ParseResponse(l.ntResponse)
	if err != nil || key.NTProof(l.challenge, r.Blob) != r.Proof {
		d.Count.BadPassword++
		return User{}, ntlmssp.Key{}, nrpc.WrongPassword
	}
	return u, key.SessionBaseKeyV2(r.Proof), u.Status
}

func (d *DC) flags() nrpc.Flags {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.Flags == 0 {
		return nrpc.Proposed
	}
	return d.Flags
}

func (d *DC) fragment() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.Fragment
}

func (d *DC) stalls() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.Stall
}
