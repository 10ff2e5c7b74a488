package pac

import "squidauth/helper/identity"

// SIDs returns what the user is known by: the user's own SID, the groups of the
// account's domain, ExtraSids and the resource groups, each in the PAC's order
// and once only. Behind the own SID this is the order of
// negotiate_kerberos_auth. Attributes are not looked at. Without LOGON_INFO it
// is nil.
func (p *PAC) SIDs() []identity.SID {
	l := p.Logon
	if l == nil {
		return nil
	}
	n := 1 + len(l.Groups) + len(l.ExtraSIDs) + len(l.ResourceGroups)
	sids := make([]identity.SID, 0, n)
	seen := make(map[identity.SID]struct{}, n)
	add := func(s identity.SID) {
		seen[s] = struct{}{}
		if len(seen) > len(sids) {
			sids = append(sids, s)
		}
	}
	if !l.UserSID.IsZero() {
		add(l.UserSID)
	}
	for _, list := range [][]Group{l.Groups, l.ExtraSIDs, l.ResourceGroups} {
		for _, g := range list {
			add(g.SID)
		}
	}
	return sids
}
