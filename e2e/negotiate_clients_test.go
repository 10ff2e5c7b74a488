//go:build unix

package e2e_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"squidauth/e2e"
)

// libraries are those that clients make their tokens with.
var libraries = map[string]func(testing.TB, *e2e.Tickets) *e2e.Initiator{
	"MIT":     e2e.StartInitiator,
	"Heimdal": e2e.StartHeimdal,
}

// A dialogue is what the tests without Squid have in common: a KDC and a client
// whom it knows as alice.
type dialogue struct {
	kdc     *e2e.KDC
	keytab  string
	rcache  string // the variable that says where tokens are remembered
	tickets *e2e.Tickets
	client  *e2e.Initiator
}

// newDialogue is of a client of MIT's library.
func newDialogue(t *testing.T, services ...string) *dialogue {
	t.Helper()
	return newDialogueOf(t, "MIT", services...)
}

func newDialogueOf(t *testing.T, library string, services ...string) *dialogue {
	t.Helper()
	alice := kerberosUsers()[0]
	d := &dialogue{
		kdc:    e2e.StartKDC(t, []e2e.User{alice}, services...),
		keytab: filepath.Join(e2e.Dir(t), "http.keytab"),
		rcache: "KRB5RCACHEDIR=" + e2e.ProxyDir(t),
	}
	d.kdc.Keytab(t, d.keytab, services...)
	d.tickets = d.kdc.Login(t, alice)
	d.client = libraries[library](t, d.tickets)
	return d
}

// addService adds a service to which clients speak with one encryption type
// only. MIT's KDC takes AES for session keys if it is not told.
func (d *dialogue) addService(t *testing.T, service, enctype string) {
	t.Helper()
	d.kdc.Admin(t, fmt.Sprintf("addprinc -randkey -e %s:normal HTTP/%s", enctype, service))
	d.kdc.Admin(t, fmt.Sprintf("setstr HTTP/%s session_enctypes %s", service, enctype))
	d.kdc.Keytab(t, d.keytab, service)
}

// helper starts our helper on the keytab, with more options.
func (d *dialogue) helper(t *testing.T, options ...string) *e2e.Peer {
	t.Helper()
	return e2e.StartPeer(t, e2e.PeerConfig{
		Command: append([]string{programs.Path(t, "negotiate"), "--keytab", d.keytab, "--audit=all"}, options...),
		Env:     d.kdc.Env(d.rcache),
		AsProxy: true,
	})
}

// token returns a fresh token of alice's for the service.
func (d *dialogue) token(t *testing.T, service string) string {
	t.Helper()
	return d.client.Begin(t, service, e2e.BareKerberos, false).Token
}

// mustExplain waits for the helper's log to have all words in one line: it is
// written after the answer.
func mustExplain(t *testing.T, helper *e2e.Peer, words ...string) {
	t.Helper()
	e2e.Eventually(t, soon, strings.Join(words, " … ")+" in the log", func() bool {
		return hasLine(helper.Log(), words...)
	})
}

// What the helper says to clients that it refuses, in part.
const (
	saidNo    = "did not accept your Kerberos login"
	saidClock = "The clock of your computer"
	saidTimes = "Your ticket is not valid now"
)

// mustBeERR sends the helper a line upon which it has to refuse the client, in
// these words to the client and those, all in one line, to the operator.
func mustBeERR(t *testing.T, helper *e2e.Peer, line, said string, words ...string) {
	t.Helper()
	before := len(helper.Log())
	if reply := helper.Ask(t, line); !strings.HasPrefix(reply, "ERR ") || !strings.Contains(reply, said) {
		t.Fatalf("the helper says %q, want ERR with %q", reply, said)
	}
	words = append([]string{"login refused", "outcome=ERR"}, words...)
	e2e.Eventually(t, soon, strings.Join(words, " … ")+" in the log", func() bool {
		return hasLine(helper.Log()[before:], words...)
	})
}

// maxLegs is more than any handshake takes.
const maxLegs = 5

// handshake carries tokens between client and helper until both are content,
// and returns the helper's last reply, the client's last state and how many
// lines the helper was sent.
func (d *dialogue) handshake(t *testing.T, helper *e2e.Peer, leg e2e.Leg) (reply string, last e2e.Leg, lines int) {
	t.Helper()
	verb := "YR "
	for lines = 1; lines <= maxLegs; lines++ {
		reply = helper.Ask(t, verb+leg.Token)
		verdict, rest, _ := strings.Cut(reply, " ")
		token, _, _ := strings.Cut(strings.TrimPrefix(rest, "token="), " ")
		if verdict == "OK" && leg.Complete {
			leg.Token = "" // it was delivered, and the client waits for nothing
			return reply, leg, lines
		}
		if verdict != "OK" && verdict != "TT" {
			return reply, leg, lines
		}
		leg = d.client.Step(t, token)
		if verdict == "OK" || leg.Token == "" {
			return reply, leg, lines
		}
		verb = "KK "
	}
	t.Fatalf("no end after %d legs", maxLegs)
	return "", e2e.Leg{}, 0
}

// mustAccept runs a handshake that both sides have to be content with.
func (d *dialogue) mustAccept(t *testing.T, helper *e2e.Peer, leg e2e.Leg, mutual bool) int {
	t.Helper()
	reply, last, lines := d.handshake(t, helper, leg)
	if !strings.HasPrefix(reply, "OK token=") || !strings.HasSuffix(reply, " user=alice@EXAMPLE.TEST") {
		t.Errorf("the helper says %q\n%s", reply, helper.Log())
	}
	if !last.Complete || last.Error != "" || last.Mutual != mutual || last.Token != "" {
		t.Errorf("the client ends with %+v, mutual was to be %v; the helper says %q", last, mutual, reply)
	}
	return lines
}

// enctypes are those of today, in the words of kadmin and of klist.
var enctypes = map[string]string{
	"aes256-sha1": "aes256-cts-hmac-sha1-96",
	"aes128-sha1": "aes128-cts-hmac-sha1-96",
	"aes256-sha2": "aes256-cts-hmac-sha384-192",
	"aes128-sha2": "aes128-cts-hmac-sha256-128",
	"rc4-hmac":    "arcfour-hmac",
}

// addServices adds a service for each of the encryption types.
func (d *dialogue) addServices(t *testing.T) {
	t.Helper()
	for enctype := range enctypes {
		d.addService(t, serviceOf(enctype), enctype)
	}
}

func serviceOf(enctype string) string { return enctype + ".example.test" }

// mustHaveUsed fails the test unless the ticket for the service of the encryption
// type, and its session key, are of that type.
func (d *dialogue) mustHaveUsed(t *testing.T, enctype string) {
	t.Helper()
	if list := d.tickets.List(t); !ticketOf(list, serviceOf(enctype), enctypes[enctype]) {
		t.Errorf("no ticket with %s:\n%s", enctypes[enctype], list)
	}
}

// TestNegotiateEnctypes logs in to services that have keys of one encryption
// type each, in every way that a client can frame its token. The client's
// library verifies what the helper answers. Heimdal 7.8 has all the types, but
// not Microsoft's name.
func TestNegotiateEnctypes(t *testing.T) {
	t.Parallel()
	for library, kinds := range map[string][]string{
		"MIT":     {e2e.BareKerberos, e2e.MicrosoftsName, e2e.SPNEGO},
		"Heimdal": {e2e.BareKerberos, e2e.SPNEGO},
	} {
		t.Run(library, func(t *testing.T) {
			t.Parallel()
			d := newDialogueOf(t, library)
			d.addServices(t)
			helper := d.helper(t, "--permit-rc4")
			for enctype := range enctypes {
				d.mustLogIn(t, helper, enctype, kinds)
				d.mustHaveUsed(t, enctype)
			}
			if log := helper.Log(); strings.Contains(log, "groups") {
				t.Errorf("the log speaks of groups:\n%s", log)
			}
		})
	}
}

// mustLogIn logs in to the service of the encryption type by the kinds of
// handshake, each of which takes one request.
func (d *dialogue) mustLogIn(t *testing.T, helper *e2e.Peer, enctype string, kinds []string) {
	t.Helper()
	for _, kind := range kinds {
		for _, mutual := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s %s mutual=%v", enctype, kind, mutual), func(t *testing.T) {
				leg := d.client.Begin(t, serviceOf(enctype), kind, mutual)
				if lines := d.mustAccept(t, helper, leg, mutual); lines != 1 {
					t.Errorf("%d legs, want 1", lines)
				}
			})
		}
	}
}

// ticketOf reports whether klist shows a ticket for the service that has the
// encryption type twice.
func ticketOf(list, service, enctype string) bool {
	_, list, _ = strings.Cut(list, "HTTP/"+service+"@")
	list, _, _ = strings.Cut(list, "HTTP/")
	return strings.Count(list, enctype) == 2
}

// TestNegotiateMutual gives the client the answer to another token of its own. If
// it took that, all that it says of mutual authentication would be worth nothing.
func TestNegotiateMutual(t *testing.T) {
	t.Parallel()
	for library := range libraries {
		t.Run(library, func(t *testing.T) {
			t.Parallel()
			d := newDialogueOf(t, library, localService)
			helper := d.helper(t)
			for _, kind := range []string{e2e.BareKerberos, e2e.SPNEGO} {
				reply := helper.Ask(t, "YR "+d.client.Begin(t, localService, kind, true).Token)
				mustBeOK(t, helper, reply)
				token, _, _ := splitReply(reply)
				d.client.Begin(t, localService, kind, true)
				if last := d.client.Step(t, token); last.Complete || last.Error == "" {
					t.Errorf("%s: the client ends with %+v", kind, last)
				}
			}
		})
	}
}

// TestNegotiateRC4 refuses RC4 unless it is permitted, for it is weak.
func TestNegotiateRC4(t *testing.T) {
	t.Parallel()
	d := newDialogue(t)
	d.addService(t, "weak.example.test", "rc4-hmac")
	helper := d.helper(t)
	for _, kind := range []string{e2e.BareKerberos, e2e.SPNEGO} {
		reply := helper.Ask(t, "YR "+d.client.Begin(t, "weak.example.test", kind, true).Token)
		if !strings.HasPrefix(reply, "ERR ") {
			t.Errorf("%s: the helper says %q", kind, reply)
		}
	}
	mustExplain(t, helper, "reason=encryption-not-permitted", "--permit-rc4")
}

// TestNegotiateNTLMFirst has the client hope for NTLM and be told Kerberos,
// which both then protect by MICs (RFC 4178 section 5).
func TestNegotiateNTLMFirst(t *testing.T) {
	t.Parallel()
	d := newDialogue(t, localService)
	if !d.client.HasNTLM() {
		e2e.Lacking(t, "gss-ntlmssp is not installed; run e2e/install.sh as root")
	}
	helper := d.helper(t, "--audit", "all")
	// A client that waits for no answer can send its MIC with its token.
	for mutual, want := range map[bool]int{false: 2, true: 3} {
		t.Run(fmt.Sprintf("mutual=%v", mutual), func(t *testing.T) {
			leg := d.client.Begin(t, localService, e2e.NTLMFirst, mutual)
			if lines := d.mustAccept(t, helper, leg, mutual); lines != want {
				t.Errorf("%d legs, want %d", lines, want)
			}
		})
	}
	// The helper is as good as new, whatever the last handshake was.
	d.mustAccept(t, helper, d.client.Begin(t, localService, e2e.SPNEGO, true), true)
}

// TestNegotiateOutOfOrder breaks off a handshake and goes on where there is
// none: the one is the client's right, the other nobody's.
func TestNegotiateOutOfOrder(t *testing.T) {
	t.Parallel()
	d := newDialogue(t, localService)
	helper := d.helper(t)
	if reply := helper.Ask(t, "KK "+d.token(t, localService)); !strings.HasPrefix(reply, "BH ") {
		t.Errorf("KK without YR: the helper says %q", reply)
	}
	if d.client.HasNTLM() {
		leg := d.client.Begin(t, localService, e2e.NTLMFirst, true)
		if reply := helper.Ask(t, "YR "+leg.Token); !strings.HasPrefix(reply, "TT ") {
			t.Errorf("NTLM first: the helper says %q", reply)
		}
	}
	d.mustAccept(t, helper, d.client.Begin(t, localService, e2e.SPNEGO, true), true)
	if reply := helper.Ask(t, "KK "+d.token(t, localService)); !strings.HasPrefix(reply, "BH ") {
		t.Errorf("KK after the end: the helper says %q", reply)
	}
}
