package decode

import (
	"bytes"
	"strings"

	"squidauth/negotiate/spnego"
	"squidauth/ntlm/ntlmssp"
)

func (d *decoder) init(w *writer, token []byte) {
	w.say("SPNEGO, NegTokenInit, %d bytes", len(token))
	w.inside(func() {
		init, err := spnego.ParseInit(token)
		if err != nil {
			w.say("cannot be read: %v", err)
			return
		}
		var mechs []string
		for _, m := range init.MechTypes {
			mechs = append(mechs, m.String())
		}
		w.field("mechTypes", "%s", strings.Join(mechs, ", "))
		w.field("mechListMIC", "%s", present(init.MechListMIC))
		d.part(w, "mechToken", init.MechToken)
	})
}

func (d *decoder) response(w *writer, token []byte) {
	w.say("SPNEGO, NegTokenResp, %d bytes", len(token))
	w.inside(func() {
		r, err := spnego.ParseResp(token)
		if err != nil {
			w.say("cannot be read: %v", err)
			return
		}
		if r.State != spnego.NoState {
			w.field("negState", "%s", r.State)
		}
		if r.SupportedMech != "" {
			w.field("supportedMech", "%s", r.SupportedMech)
		}
		w.field("mechListMIC", "%s", present(r.MechListMIC))
		d.part(w, "responseToken", r.ResponseToken)
	})
}

// part prints the token of a mechanism within another.
func (d *decoder) part(w *writer, name string, token []byte) {
	switch {
	case token == nil:
	case len(token) == 0:
		w.field(name, "empty")
	case bytes.HasPrefix(token, []byte("NEGOEXTS")):
		w.field(name, "NegoEx, %d bytes, which Kerberos and NTLM know nothing of", len(token))
	case ntlmssp.IsMessage(token), spnego.Classify(token) == spnego.Kerberos:
		w.say("%s", name)
		w.inside(func() { d.token(w, token) })
	default:
		w.field(name, "%d bytes of no known kind: %s", len(token), d.secret(token)) // as for a whole token
	}
}

func present(mic []byte) string {
	if mic == nil {
		return ""
	}
	return "present"
}
