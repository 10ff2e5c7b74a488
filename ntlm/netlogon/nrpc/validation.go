package nrpc

import (
	"errors"

	"squidauth/helper/identity"
	"squidauth/ntlm/netlogon/ndr"
	"squidauth/ntlm/ntlmssp"
)

const (
	flagGuest     = 0x0001 // LOGON_GUEST of UserFlags, [MS-PAC] section 2.5
	groupDenyOnly = 0x10   // SE_GROUP_USE_FOR_DENY_ONLY, [MS-PAC] section 2.2.1
	guestID       = 501    // DOMAIN_USER_RID_GUEST, [MS-DTYP] section 2.4.2.4
)

var errNoDomain = errors.New("netlogon: groups without a domain")

// Validation is NETLOGON_VALIDATION_SAM_INFO4, [MS-NRPC] section 2.2.1.4.13, but
// for what no proxy asks for.
type Validation struct {
	EffectiveName string // sAMAccountName
	Domain        string // NetBIOS name of the user's domain
	DNSDomain     string
	UPN           string
	UserSID       identity.SID
	PrimaryGroup  identity.SID
	Groups        []identity.SID // of the user's domain
	ExtraSIDs     []identity.SID // groups of other domains, and domain-local ones
	Guest         bool           // the user was let in as a guest, or is the account of that name

	// UserSessionKey is as it was computed: at this level the seal of the call is
	// its only protection.
	UserSessionKey ntlmssp.Key
}

// samInfo4 is the fixed part. What its pointers stand for follows in their order.
type samInfo4 struct {
	names           [6]ndr.Counted // effective and full name, script, profile, home directory and drive
	userID          uint32
	primaryGroupID  uint32
	groupCount      uint32
	groups          bool
	userFlags       uint32
	sessionKey      string
	logonServer     ndr.Counted
	logonDomain     ndr.Counted
	domainID        bool
	sidCount        uint32
	extraSIDs       bool
	dnsLogonDomain  ndr.Counted
	upn             ndr.Counted
	expansionString [10]ndr.Counted
}

func readSAMInfo4(r *ndr.Reader) (s samInfo4) {
	r.Align(4)
	r.Raw(6 * 8) // times of logon, logoff, kick-off, and of the password
	for i := range s.names {
		s.names[i] = r.Counted()
	}
	r.Raw(2 + 2) // LogonCount, BadPasswordCount
	s.userID, s.primaryGroupID = r.Uint32(), r.Uint32()
	s.groupCount, s.groups = r.Uint32(), r.Pointer()
	s.userFlags = r.Uint32()
	s.sessionKey = r.Raw(len(ntlmssp.Key{}))
	s.logonServer, s.logonDomain = r.Counted(), r.Counted()
	s.domainID = r.Pointer()
	r.Raw(8 + 4 + 4 + 8 + 8 + 4 + 4) // LMKey, UserAccountControl, SubAuthStatus, ILogon times and count, Reserved4
	s.sidCount, s.extraSIDs = r.Uint32(), r.Pointer()
	s.dnsLogonDomain, s.upn = r.Counted(), r.Counted()
	for i := range s.expansionString {
		s.expansionString[i] = r.Counted()
	}
	return s
}

// readValidation reads the structure and what it points to. What is returned after
// a fault of r means nothing.
func readValidation(r *ndr.Reader) *Validation {
	s := readSAMInfo4(r)
	var v Validation
	v.EffectiveName = r.Text(s.names[0])
	for _, name := range s.names[1:] {
		r.Text(name)
	}
	rids := readGroups(r, s)
	r.Text(s.logonServer)
	v.Domain = r.Text(s.logonDomain)
	var domain identity.SID
	if s.domainID {
		domain = r.SID()
	}
	v.ExtraSIDs = readExtraSIDs(r, s)
	v.DNSDomain, v.UPN = r.Text(s.dnsLogonDomain), r.Text(s.upn)
	for _, c := range s.expansionString {
		r.Text(c)
	}
	v.Groups = domain.Children(len(rids), func(i int) uint32 { return rids[i] })
	if len(rids) > 0 && v.Groups == nil {
		r.Fail(errNoDomain)
	}
	copy(v.UserSessionKey[:], s.sessionKey)
	v.account(s, domain)
	return &v
}

// readGroups takes GroupIds: relative IDs with attributes.
func readGroups(r *ndr.Reader, s samInfo4) []uint32 {
	if !s.groups {
		return nil
	}
	n := r.Count(s.groupCount, 8)
	rids := make([]uint32, 0, n)
	for range n {
		rid, attributes := r.Uint32(), r.Uint32()
		if attributes&groupDenyOnly == 0 {
			rids = append(rids, rid)
		}
	}
	return rids
}

// readExtraSIDs takes ExtraSids: pointers with attributes, and then the SIDs.
func readExtraSIDs(r *ndr.Reader, s samInfo4) []identity.SID {
	if !s.extraSIDs {
		return nil
	}
	n := r.Count(s.sidCount, 8)
	wanted := make([]bool, 0, n) // of the pointers that are not null
	for range n {
		set, attributes := r.Pointer(), r.Uint32()
		if set {
			wanted = append(wanted, attributes&groupDenyOnly == 0)
		}
	}
	sids := make([]identity.SID, 0, len(wanted))
	for _, w := range wanted {
		if sid := r.SID(); w {
			sids = append(sids, sid)
		}
	}
	return sids
}

// account fills in what belongs to the account. Without a UserId the first of
// ExtraSids is the user ([MS-PAC] section 2.5, UserId).
func (v *Validation) account(s samInfo4, domain identity.SID) {
	switch {
	case s.userID != 0:
		v.UserSID = domain.Child(s.userID)
	case len(v.ExtraSIDs) > 0:
		v.UserSID = v.ExtraSIDs[0]
	}
	if s.primaryGroupID != 0 {
		v.PrimaryGroup = domain.Child(s.primaryGroupID)
	}
	v.Guest = s.userFlags&flagGuest != 0 || s.userID == guestID
}
