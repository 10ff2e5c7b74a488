package ntlm

import (
	"context"

	"squidauth/helper/doctor"
)

// Examine implements doctor.Examiner: what is permitted, who verifies responses, and the
// directory of groups.
func (h *Handler) Examine(ctx context.Context, r *doctor.Report) {
	if h.Mode == Off {
		r.Add(doctor.Finding{Severity: doctor.Note, Code: "ntlm-off", Where: "--mode off", What: "all logins with NTLM are refused"})
		return
	}
	if h.Acceptor.PermitNTLMv1 {
		r.Add(doctor.Finding{
			Severity: doctor.Warning, Code: "ntlmv1", Where: "--permit-ntlmv1", What: "NTLMv1 is accepted",
			Why: "whoever records a login, or plays the proxy, can compute the hash of the password in short time", Cure: "take --permit-ntlmv1 away, and set LmCompatibilityLevel to 3 or more on clients that then fail",
		})
	}
	Examine(ctx, r, h.Acceptor.Verifier)
	h.Groups.Examine(ctx, r)
}

// Examine has a Verifier examined, if it can be.
func Examine(ctx context.Context, r *doctor.Report, v Verifier) {
	if e, ok := v.(doctor.Examiner); ok {
		e.Examine(ctx, r)
		return
	}
	r.Add(doctor.Finding{Severity: doctor.Note, Code: "not-examined", What: "what this verifier needs cannot be examined: try a login"})
}
