package kerberos

import (
	"context"

	"squidauth/helper/doctor"
	"squidauth/negotiate/kerberos/examine"
)

// Examine implements doctor.Examiner: the keytab that the KDC is known by, the KDC, and
// the directory of groups. No user's password is sent.
func (b *Backend) Examine(ctx context.Context, r *doctor.Report) {
	examine.Service{
		Keytab: b.opt.Keytab.Path(), SPNs: b.acceptor.SPNs, PermitRC4: b.opt.PermitRC4,
		NeedsKDC: true, IsProof: true, UserRealms: b.opt.Names.Realms,
		World: examine.World{KDCs: b.opt.KDCs, Now: b.opt.Now},
	}.Examine(ctx, r)
	b.opt.Groups.Examine(ctx, r)
}
