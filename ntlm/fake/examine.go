package fake

import (
	"context"

	"squidauth/helper/doctor"
)

// Examine implements doctor.Examiner.
func (h *Handler) Examine(_ context.Context, r *doctor.Report) {
	r.Add(doctor.Finding{
		Severity: doctor.Fault, Code: "fake", What: "this helper lets everybody in, as whoever they say they are", Why: "names in the log are what clients claim",
		Cure: "ntlm --domain NETBIOS --machine-account 'NAME$' --machine-secret FILE, or --hashes FILE",
	})
}
