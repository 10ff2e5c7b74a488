package ntlm

import (
	"context"
	"testing"

	"squidauth/helper/doctor"
	"squidauth/helper/doctor/doctortest"
)

// deaf is a Verifier that cannot be examined, well one that can.
type deaf struct{}

func (deaf) Verify(context.Context, *Logon) Verdict { return Verdict{} }

type well struct{ deaf }

func (well) Examine(context.Context, *doctor.Report) {}

func TestExamine(t *testing.T) {
	for name, c := range map[string]struct {
		handler    Handler
		want, cure string
	}{
		"well":   {Handler{Mode: On, Acceptor: &Acceptor{Verifier: well{}}}, "", ""},
		"deaf":   {Handler{Mode: On, Acceptor: &Acceptor{Verifier: deaf{}}}, "note not-examined", ""},
		"off":    {Handler{Mode: Off, Acceptor: &Acceptor{}}, "note ntlm-off", ""},
		"NTLMv1": {Handler{Mode: Audit, Acceptor: &Acceptor{Verifier: well{}, PermitNTLMv1: true}}, "warning ntlmv1", "LmCompatibilityLevel"},
	} {
		doctortest.Want(t, name, &c.handler, c.want, c.cure)
	}
}
