//go:build unix

package e2e_test

import (
	"fmt"
	"testing"
	"time"

	"squidauth/e2e"
)

// ticketOfAnotherTime has alice get a ticket for the service by clocks of KDC and
// client that are so far ahead of ours. She keeps it; the KDC stays where it is.
func (d *dialogue) ticketOfAnotherTime(t *testing.T, library string, ahead time.Duration) {
	t.Helper()
	d.kdc.SetClock(t, ahead)
	then := d.tickets.Ahead(t, ahead)
	then.Renew(t, kerberosUsers()[0])
	libraries[library](t, then).Begin(t, localService, e2e.BareKerberos, false)
}

// TestNegotiateSkewedClient has clients whose clocks go wrong after they got
// their tickets.
func TestNegotiateSkewedClient(t *testing.T) {
	t.Parallel()
	d := newDialogue(t, localService)
	d.ticketOfAnotherTime(t, "MIT", -time.Hour) // good by all clocks below
	helper, patient := d.helper(t), d.helper(t, "--max-skew", "30m")
	for ahead, words := range map[time.Duration]string{
		3 * time.Minute:   "",
		-3 * time.Minute:  "",
		20 * time.Minute:  "ahead of ours: set both by NTP",
		-20 * time.Minute: "behind ours, or the token is that old: set both by NTP",
	} {
		t.Run(fmt.Sprint(ahead), func(t *testing.T) {
			d.client = e2e.StartInitiator(t, d.tickets.Ahead(t, ahead))
			for _, kind := range []string{e2e.BareKerberos, e2e.SPNEGO} {
				d.mustAccept(t, patient, d.client.Begin(t, localService, kind, true), true)
				if words == "" {
					d.mustAccept(t, helper, d.client.Begin(t, localService, kind, true), true)
					continue
				}
				token := d.client.Begin(t, localService, kind, true).Token
				mustBeERR(t, helper, "YR "+token, saidClock, "reason=clock-skew", words)
			}
		})
	}
}

// TestNegotiateExpired has a client whose ticket has ended but who does not know.
// The helper decrypts it once only, and looks at its times each time.
func TestNegotiateExpired(t *testing.T) {
	t.Parallel()
	for life, words := range map[string]string{
		"1hour":      "the ticket expired 1h0m",
		"117minutes": "", // 3 minutes ago
	} {
		t.Run(life, func(t *testing.T) {
			t.Parallel()
			d := newDialogue(t, localService)
			d.kdc.Admin(t, fmt.Sprintf("modprinc -maxlife %s HTTP/%s", life, localService))
			d.ticketOfAnotherTime(t, "MIT", -2*time.Hour)
			d.tickets.Prolong(t, 24*time.Hour)
			helper, strict := d.helper(t), d.helper(t, "--max-skew", "1m")
			for range 2 {
				if words == "" {
					mustBeOK(t, helper, helper.Ask(t, "YR "+d.token(t, localService)))
					mustBeERR(t, strict, "YR "+d.token(t, localService), saidTimes, "reason=ticket-expired", "the ticket expired 3m")
					continue
				}
				mustBeERR(t, helper, "YR "+d.token(t, localService), saidTimes, "reason=ticket-expired", words)
			}
		})
	}
}

// TestNegotiateNotYetValid has a client whose ticket is from a KDC whose clock is
// ahead. MIT's library would keep it to itself.
func TestNegotiateNotYetValid(t *testing.T) {
	t.Parallel()
	for ahead, words := range map[time.Duration]string{
		time.Hour:       "the ticket is valid only in ",
		3 * time.Minute: "",
	} {
		t.Run(fmt.Sprint(ahead), func(t *testing.T) {
			t.Parallel()
			d := newDialogueOf(t, "Heimdal", localService)
			d.ticketOfAnotherTime(t, "Heimdal", ahead)
			helper := d.helper(t)
			if words == "" {
				mustBeOK(t, helper, helper.Ask(t, "YR "+d.token(t, localService)))
				return
			}
			mustBeERR(t, helper, "YR "+d.token(t, localService), saidTimes, "reason=ticket-not-yet-valid", words)
		})
	}
}

// TestNegotiatePostdated has a client with a ticket for later, which takes a
// second visit to the KDC to become good. MIT's library would keep it to itself.
func TestNegotiatePostdated(t *testing.T) {
	t.Parallel()
	d := newDialogueOf(t, "Heimdal", localService)
	helper := d.helper(t)
	for _, start := range []string{"1h", "2s"} { // the other is within the skew
		d.tickets.Renew(t, kerberosUsers()[0], "-S", "HTTP/"+localService, "-s", start)
		mustBeERR(t, helper, "YR "+d.token(t, localService), saidTimes, "reason=ticket-not-yet-valid", "it is postdated")
	}
}
