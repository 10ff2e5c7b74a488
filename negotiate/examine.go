package negotiate

import (
	"context"

	"squidauth/helper/doctor"
	"squidauth/negotiate/kerberos/examine"
)

// Examine implements doctor.Examiner: keytab, names, the KDC, the replay cache, and the
// directory of groups.
func (h *Handler) Examine(ctx context.Context, r *doctor.Report) {
	if h.Keytab == nil {
		r.Add(doctor.Finding{Severity: doctor.Note, Code: "not-examined", What: "where the keys come from cannot be examined"})
	} else {
		examine.Service{
			Keytab: h.Keytab.Path(), SPNs: h.Kerberos.SPNs, Realms: h.Kerberos.Realms,
			PermitRC4: h.Kerberos.PermitRC4, MaxSkew: h.Kerberos.MaxSkew, Holders: h.holders(),
		}.Examine(ctx, r)
	}
	if cache, ok := h.Kerberos.Replay.(*LazyCache); ok && cache.Look != nil {
		cache.Look(r)
	}
	h.Groups.Examine(ctx, r)
}

// holders returns what finds the accounts with an SPN; nil: there is no directory.
func (h *Handler) holders() examine.Holders {
	if d, ok := h.Groups.Directory.(interface {
		Holders(context.Context, string) ([]string, error)
	}); ok {
		return d.Holders
	}
	return nil
}
