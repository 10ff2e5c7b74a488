package negotiate

import (
	"encoding/base64"
	"slices"

	"squidauth/negotiate/kerberos"
	"squidauth/negotiate/pac"
	"squidauth/protocol"
)

// GroupFormat is how a group is written into an annotation.
type GroupFormat byte

// The group formats. The zero format is GroupsBase64.
const (
	GroupsBase64 GroupFormat = iota // the binary SID, as negotiate_kerberos_auth
	GroupsSID                       // S-1-5-21-…
	GroupsNone                      // no annotations
)

// Groups says which of a user's groups count, and how Squid is told of them. They
// come from the ticket's PAC ([MS-PAC]).
type Groups struct {
	Format  GroupFormat
	Only    []pac.SID // report only these; empty: all
	Require []pac.SID // admit only members of one of these; empty: everybody
}

// maxGroupBytes leaves room in a reply for token and user.
const maxGroupBytes = 24 << 10

// of returns the user's SIDs, the own one first. No PAC is no error: only
// Microsoft's and Samba's KDCs put groups in.
func (g Groups) of(c *kerberos.Context) ([]pac.SID, error) {
	if len(c.PAC) == 0 || g.Format == GroupsNone && len(g.Require) == 0 {
		return nil, nil
	}
	p, err := pac.Parse(c.PAC)
	if err != nil {
		return nil, err
	}
	if err := p.VerifyServerSignature(c.Key); err != nil {
		return nil, err
	}
	if err := p.CheckClient(c.CName, c.AuthTime); err != nil {
		return nil, err
	}
	return p.SIDs(), nil
}

func (g Groups) admits(member []pac.SID) bool {
	if len(g.Require) == 0 {
		return true
	}
	return slices.ContainsFunc(member, func(s pac.SID) bool { return slices.Contains(g.Require, s) })
}

// annotations returns the group= pairs that fit, and how many do not.
func (g Groups) annotations(member []pac.SID) (pairs []protocol.Pair, cut int) {
	if g.Format == GroupsNone {
		return nil, 0
	}
	size := 0
	for _, s := range member {
		if len(g.Only) > 0 && !slices.Contains(g.Only, s) {
			continue
		}
		value := g.format(s)
		if size += len(" group=") + len(value); size > maxGroupBytes {
			cut++
			continue
		}
		pairs = append(pairs, protocol.Pair{Key: "group", Value: value})
	}
	return pairs, cut
}

func (g Groups) format(s pac.SID) string {
	if g.Format == GroupsSID {
		return s.String()
	}
	return base64.StdEncoding.EncodeToString(s.Binary())
}
