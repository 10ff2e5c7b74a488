package pac

import (
	"errors"
	"slices"

	"squidauth/helper/identity"
)

var errNoDomain = errors.New("groups without a domain")

// Group is a SID with its attributes, [MS-PAC] sections 2.2.1 and 2.2.2.
type Group struct {
	SID        identity.SID
	Attributes uint32 // SE_GROUP_MANDATORY and so on
}

// LogonInfo is KERB_VALIDATION_INFO, [MS-PAC] section 2.5, but for what no proxy
// asks for.
type LogonInfo struct {
	EffectiveName      string // the account's name, as sAMAccountName
	FullName           string
	LogonServer        string // NetBIOS name of the domain controller
	LogonDomainName    string // NetBIOS name of the domain
	DomainSID          identity.SID
	UserSID            identity.SID
	PrimaryGroup       identity.SID // also among Groups
	Groups             []Group
	ExtraSIDs          []Group
	ResourceGroups     []Group
	UserFlags          uint32
	UserAccountControl uint32
}

// validationInfo is the fixed part of KERB_VALIDATION_INFO. What its pointers
// stand for follows in the order of the pointers.
type validationInfo struct {
	effectiveName, fullName      ndrString
	unused                       [4]ndrString // script, profile, home directory and drive
	userID, primaryGroupID       uint32
	groupCount                   uint32
	groups                       pointer
	userFlags                    uint32
	logonServer, logonDomainName ndrString
	logonDomainID                pointer
	userAccountControl           uint32
	sidCount                     uint32
	extraSIDs                    pointer
	resourceDomain               pointer
	resourceCount                uint32
	resourceGroups               pointer
}

func (c *cursor) validationInfo() (v validationInfo) {
	c.take(6 * 8) // times of logon, logoff, kick-off, and of the password
	v.effectiveName, v.fullName = c.ndrString(), c.ndrString()
	for i := range v.unused {
		v.unused[i] = c.ndrString()
	}
	c.take(2 + 2) // LogonCount, BadPasswordCount
	v.userID, v.primaryGroupID = c.uint32(), c.uint32()
	v.groupCount, v.groups = c.uint32(), c.pointer()
	v.userFlags = c.uint32()
	c.take(16) // UserSessionKey
	v.logonServer, v.logonDomainName = c.ndrString(), c.ndrString()
	v.logonDomainID = c.pointer()
	c.take(8) // Reserved1
	v.userAccountControl = c.uint32()
	c.take(4 + 8 + 8 + 4 + 4) // SubAuthStatus, ILogon times and count, Reserved3
	v.sidCount, v.extraSIDs = c.uint32(), c.pointer()
	v.resourceDomain = c.pointer()
	v.resourceCount, v.resourceGroups = c.uint32(), c.pointer()
	return v
}

// readLogonInfo reads LOGON_INFO; nil is a fault.
func readLogonInfo(c *cursor) *LogonInfo {
	c.serialized()
	if !c.pointer() {
		c.fail(errNull)
	}
	v := c.validationInfo()
	info := &LogonInfo{UserFlags: v.userFlags, UserAccountControl: v.userAccountControl}
	info.EffectiveName, info.FullName = c.content(v.effectiveName), c.content(v.fullName)
	for _, s := range v.unused {
		c.content(s)
	}
	groups := c.array(v.groups, v.groupCount, 8)
	info.LogonServer, info.LogonDomainName = c.content(v.logonServer), c.content(v.logonDomainName)
	info.DomainSID = c.ndrSID(v.logonDomainID)
	info.ExtraSIDs = c.extraSIDs(v)
	resourceDomain := c.ndrSID(v.resourceDomain)
	resources := c.array(v.resourceGroups, v.resourceCount, 8)

	info.Groups = c.relative(info.DomainSID, groups)
	info.ResourceGroups = c.relative(resourceDomain, resources)
	info.account(v)
	if c.err != nil {
		return nil
	}
	return info
}

// extraSIDs takes ExtraSids, an array of pointers and attributes and behind it
// the SIDs. Null pointers are left out.
func (c *cursor) extraSIDs(v validationInfo) []Group {
	elements := c.array(v.extraSIDs, v.sidCount, 8)
	groups := slices.Grow([]Group(nil), elements.left()/8)
	for c.err == nil && elements.left() > 0 {
		p, attributes := elements.pointer(), elements.uint32()
		if p {
			groups = append(groups, Group{c.ndrSID(p), attributes})
		}
	}
	return groups
}

// relative puts the domain before the relative IDs of an array of
// GROUP_MEMBERSHIP, [MS-PAC] section 2.2.2.
func (c *cursor) relative(domain identity.SID, members cursor) []Group {
	n := members.left() / 8
	if n == 0 {
		return nil
	}
	groups := make([]Group, n)
	sids := domain.Children(n, func(i int) uint32 {
		rid := members.uint32()
		groups[i].Attributes = members.uint32()
		return rid
	})
	if sids == nil {
		c.fail(errNoDomain)
		return nil
	}
	for i := range groups {
		groups[i].SID = sids[i]
	}
	return groups
}

// account fills in what belongs to the account. Without a UserId the first of
// ExtraSids is the user ([MS-PAC] section 2.5, UserId).
func (l *LogonInfo) account(v validationInfo) {
	switch {
	case v.userID != 0:
		l.UserSID = l.DomainSID.Child(v.userID)
	case len(l.ExtraSIDs) > 0:
		l.UserSID = l.ExtraSIDs[0].SID
	}
	if v.primaryGroupID != 0 {
		l.PrimaryGroup = l.DomainSID.Child(v.primaryGroupID)
	}
}
