//go:build unix

package e2e_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"squidauth/e2e"
)

// A dialogue is what the tests without Squid have in common: a KDC and a
// client of MIT's library whom it knows as alice.
type dialogue struct {
	kdc     *e2e.KDC
	keytab  string
	rcache  string // folder of the replay cache
	tickets *e2e.Tickets
	client  *e2e.Initiator
}

func newDialogue(t *testing.T, services ...string) *dialogue {
	t.Helper()
	alice := kerberosUsers()[0]
	d := &dialogue{
		kdc:    e2e.StartKDC(t, []e2e.User{alice}, services...),
		keytab: filepath.Join(e2e.Dir(t), "http.keytab"),
		rcache: e2e.ProxyDir(t),
	}
	d.kdc.Keytab(t, d.keytab, services...)
	d.tickets = d.kdc.Login(t, alice)
	d.client = e2e.StartInitiator(t, d.tickets)
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
		Command: append([]string{programs.Path(t, "negotiate"), "--keytab", d.keytab}, options...),
		Env:     d.kdc.Env("KRB5RCACHEDIR=" + d.rcache),
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

// TestNegotiateEnctypes logs in to services that have keys of one encryption
// type each, in every way that a client can frame its token. MIT's library
// verifies what the helper answers.
func TestNegotiateEnctypes(t *testing.T) {
	t.Parallel()
	d := newDialogue(t)
	for enctype := range enctypes {
		service := enctype + ".example.test"
		d.addService(t, service, enctype)
	}
	helper := d.helper(t, "--permit-rc4")
	for enctype, long := range enctypes {
		for _, kind := range []string{e2e.BareKerberos, e2e.SPNEGO} {
			for _, mutual := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %s mutual=%v", enctype, kind, mutual), func(t *testing.T) {
					leg := d.client.Begin(t, enctype+".example.test", kind, mutual)
					if lines := d.mustAccept(t, helper, leg, mutual); lines != 1 {
						t.Errorf("%d legs, want 1", lines)
					}
				})
			}
		}
		// Session key and ticket, or the test does not test what it says.
		if list := d.tickets.List(t); !ticketOf(list, enctype+".example.test", long) {
			t.Errorf("no ticket with %s:\n%s", long, list)
		}
	}
	if log := helper.Log(); strings.Contains(log, "groups") {
		t.Errorf("the log speaks of groups:\n%s", log)
	}
}

// ticketOf reports whether klist shows a ticket for the service that has the
// encryption type twice.
func ticketOf(list, service, enctype string) bool {
	_, list, _ = strings.Cut(list, "HTTP/"+service+"@")
	list, _, _ = strings.Cut(list, "HTTP/")
	return strings.Count(list, enctype) == 2
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
