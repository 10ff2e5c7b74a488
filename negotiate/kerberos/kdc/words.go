package kdc

import (
	"errors"
	"fmt"
	"time"

	"squidauth/negotiate/kerberos/initiator"
)

// ErrUnknownService is a KDC's answer that there is no such service.
var ErrUnknownService = errors.New("the KDC knows no such service")

// Error codes of KDCs (RFC 4120 section 7.5.9).
const (
	serviceUnknown   = 7
	serviceNotUnique = 8
	enctypeUnknown   = 14
	clientRevoked    = 18
	ticketRevoked    = 20
	pathNotAccepted  = 28
	badIntegrity     = 31
	ticketExpired    = 32
	clockSkew        = 37
)

// explain says in words what a KDC's refusal means, and what to do.
func explain(e *initiator.KDCError, service initiator.Principal, now time.Time) error {
	if e.Code == serviceUnknown {
		return unknown(service)
	}
	text := fmt.Sprintf("the KDC of %s refuses a ticket for %s with Kerberos error %d", service.Realm, service, e.Code)
	if e.Text != "" {
		text += fmt.Sprintf(" (%.100q)", e.Text)
	}
	if advice := advise(e, service, now); advice != "" {
		text += ": " + advice
	}
	return errors.New(text)
}

func unknown(service initiator.Principal) error {
	if service.Name[0] == "krbtgt" {
		return fmt.Errorf("the KDC of %s knows no way to realm %s, where the proxy is, as the domain_realm of krb5.conf says", service.Realm, service.Name[1])
	}
	return fmt.Errorf("%w: %s; give browsers the name that the keytab has, or add this principal to the proxy's account", ErrUnknownService, service)
}

func advise(e *initiator.KDCError, service initiator.Principal, now time.Time) string {
	switch e.Code {
	case serviceNotUnique:
		return fmt.Sprintf("several accounts have the principal %s, and one is to keep it (setspn -X finds them)", service)
	case enctypeUnknown:
		return "the account of the service has no key of a type in use today: give it AES keys"
	case clientRevoked, ticketRevoked, badIntegrity, ticketExpired:
		return "the user's account or ticket is no longer good: log in with kinit"
	case pathNotAccepted:
		return "the trust between the realms does not allow it"
	case clockSkew:
		return fmt.Sprintf("here it is %s, there %s: set both clocks by NTP", now.UTC().Format(time.TimeOnly), e.Time.Format(time.TimeOnly))
	}
	return ""
}
