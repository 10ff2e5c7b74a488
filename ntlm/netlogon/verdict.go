package netlogon

import (
	"errors"
	"fmt"
	"strings"

	"squidauth/helper/identity"
	"squidauth/ntlm"
	"squidauth/ntlm/netlogon/nrpc"
)

var errGuest = errors.New("the domain controller lets the user in as a guest only")

// denials are the statuses with which a domain controller says no.
var denials = map[nrpc.Status]ntlm.Reason{
	nrpc.WrongPassword:           ntlm.WrongPassword,
	nrpc.LogonFailure:            ntlm.WrongPassword,
	nrpc.NoSuchUser:              ntlm.NoSuchUser,
	nrpc.NoSuchDomain:            ntlm.NoSuchUser,
	nrpc.AccountDisabled:         ntlm.AccountDisabled,
	nrpc.AccountLockedOut:        ntlm.AccountLocked,
	nrpc.AccountExpired:          ntlm.AccountExpired,
	nrpc.PasswordExpired:         ntlm.PasswordExpired,
	nrpc.PasswordMustChange:      ntlm.PasswordMustChange,
	nrpc.InvalidLogonHours:       ntlm.LogonHours,
	nrpc.InvalidWorkstation:      ntlm.WrongWorkstation,
	nrpc.AccountRestriction:      ntlm.LogonRefused,
	nrpc.LogonTypeNotGranted:     ntlm.LogonRefused,
	nrpc.NologonInterdomainTrust: ntlm.LogonRefused,
	nrpc.NologonWorkstationTrust: ntlm.LogonRefused,
	nrpc.NologonServerTrust:      ntlm.LogonRefused,
	nrpc.AuthenticationFirewall:  ntlm.LogonRefused,
	nrpc.NTLMBlocked:             ntlm.LogonRefused,
}

// explanations say of a refusal what its reason does not.
var explanations = map[nrpc.Status]string{
	nrpc.NoSuchDomain:           "the user's domain is not known",
	nrpc.AccountRestriction:     "a restriction of the account, such as membership in Protected Users, or an empty password",
	nrpc.LogonTypeNotGranted:    "the user has not the right to log on over the network",
	nrpc.AuthenticationFirewall: "selective authentication: the user's domain may not authenticate to this machine account",
	nrpc.NTLMBlocked:            "a policy of the domain blocks NTLM: clients must use Kerberos",
}

// unready are the statuses with which a domain controller says that it has not
// looked at the logon: another one may.
func unready(s nrpc.Status) bool {
	switch s {
	case nrpc.AccessDenied, nrpc.NetlogonNotStarted, nrpc.InvalidServerState:
		return true
	}
	return false
}

// refuses are the statuses with which a domain controller refuses a machine account.
func refuses(s nrpc.Status) bool {
	switch s {
	case nrpc.AccessDenied, nrpc.NoTrustSAMAccount, nrpc.NoTrustLSASecret, nrpc.DowngradeDetected, nrpc.InvalidComputerName:
		return true
	}
	return false
}

// verdictOf makes a verdict of what the domain controller said.
func (v *Verifier) verdictOf(host string, a *nrpc.Answer) ntlm.Verdict {
	if a.Status == 0 {
		if a.Validation.Guest {
			return ntlm.No(ntlm.Guest, errGuest)
		}
		return ntlm.Yes(v.account(a.Validation))
	}
	if reason, denied := denials[a.Status]; denied {
		if text := explanations[a.Status]; text != "" {
			return ntlm.No(reason, fmt.Errorf("%w: %s", a.Status, text))
		}
		return ntlm.No(reason, a.Status)
	}
	return undecided(undecidedBy(host, a.Status))
}

// undecidedBy says why the domain controller could not tell.
func undecidedBy(host string, s nrpc.Status) *fault {
	switch s {
	case nrpc.IOTimeout, nrpc.InsufficientResources, nrpc.ServerTooBusy:
		return faultf(ntlm.Saturated, s, "domain controller %s has more logons than it can do: give it less, or raise its MaxConcurrentApi", host)
	case nrpc.TimeDifferenceAtDC:
		return faultf(ntlm.ServerClock, s, "domain controller %s finds that clocks differ: set those of the clients, of this machine and of the domain controllers by NTP", host)
	case nrpc.NoLogonServers, nrpc.ServerUnavailable, nrpc.DomainControllerNotFound:
		return faultf(UsersDomain, s, "domain controller %s cannot reach one of the user's domain", host)
	case nrpc.TrustedDomainFailure, nrpc.TrustedRelationshipFailure:
		return faultf(UsersDomain, s, "domain controller %s finds the trust of the user's domain broken: verify it", host)
	case nrpc.AccessDenied, nrpc.NetlogonNotStarted, nrpc.InvalidServerState:
		return faultf(ntlm.NoDomainController, s, "domain controller %s is not ready: does it still wait for SYSVOL?", host)
	}
	return faultf(ntlm.NoDomainController, s, "domain controller %s could not tell", host)
}

func undecided(f *fault) ntlm.Verdict { return ntlm.Undecided(f.reason, f) }

// account is whom the domain controller let in.
func (v *Verifier) account(val *nrpc.Validation) *ntlm.Account {
	realm := val.DNSDomain
	if realm == "" && strings.EqualFold(val.Domain, v.config.Domain) {
		realm = v.config.Realm
	}
	return &ntlm.Account{
		Account: identity.Account{
			Name:   val.EffectiveName,
			Realm:  strings.ToUpper(realm), // as Kerberos realms are in Active Directory
			Domain: val.Domain,
			UPN:    val.UPN,
		},
		Own:            val.UserSID,
		Groups:         sids(val),
		SessionBaseKey: val.UserSessionKey,
	}
}

// sids returns the user's SID and the groups', each once, in the order of a PAC.
func sids(val *nrpc.Validation) []identity.SID {
	n := 2 + len(val.Groups) + len(val.ExtraSIDs)
	list := make([]identity.SID, 0, n)
	seen := make(map[identity.SID]bool, n)
	add := func(all ...identity.SID) {
		for _, s := range all {
			if !s.IsZero() && !seen[s] {
				seen[s] = true
				list = append(list, s)
			}
		}
	}
	add(val.UserSID)
	add(val.Groups...)
	add(val.PrimaryGroup) // as a rule among those
	add(val.ExtraSIDs...)
	return list
}
