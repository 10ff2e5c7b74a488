package examine

import (
	"context"
	"fmt"
	"strings"

	"squidauth/helper/doctor"
	"squidauth/negotiate/kerberos/initiator"
)

// holders looks who has the service's names in the directory: it should be one account.
func (e *examination) holders(ctx context.Context, keys []initiator.ServiceKey) {
	if e.Holders == nil {
		return
	}
	seen := map[string]bool{}
	for _, k := range e.admitted(keys) {
		spn := strings.Join(k.Principal.Name, "/")
		if !isHTTP(k) || seen[strings.ToLower(spn)] || len(seen) == maxHosts {
			continue
		}
		seen[strings.ToLower(spn)] = true
		e.holdersOf(ctx, spn)
	}
}

func (e *examination) holdersOf(ctx context.Context, spn string) {
	found, err := e.Holders(ctx, spn)
	switch {
	case err != nil:
		e.add(doctor.Note, "spn-unsure", spn, "who has it could not be looked up: "+err.Error(), "", "")
	case len(found) == 0:
		e.add(doctor.Fault, "spn-nobody", spn, "no account of the directory has this service principal name", "the KDC makes no ticket for it", "setspn -S "+spn+" ACCOUNT, or samba-tool spn add "+spn+" ACCOUNT")
	case len(found) > 1:
		e.add(doctor.Fault, "spn-twice", spn, fmt.Sprintf("%d accounts have this service principal name: %s", len(found), strings.Join(found, "; ")),
			"the KDC makes no ticket for it, or one that the keytab does not open", "setspn -D "+spn+" ACCOUNT, for all accounts but the keytab's")
	default:
		e.report.Good("spn", spn, "is of %s", found[0])
	}
}
