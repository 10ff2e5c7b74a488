package decode

import (
	"strings"
	"time"

	"squidauth/negotiate/kerberos"
	"squidauth/negotiate/pac"
	"squidauth/negotiate/spnego"
)

// kerberos prints a token of Kerberos in its framing (RFC 4121 section 4.1).
func (d *decoder) kerberos(w *writer, token []byte) {
	m, err := spnego.ParseMechToken(token)
	if err != nil {
		w.say("Kerberos, %d bytes, cannot be read: %v", len(token), err)
		return
	}
	w.say("Kerberos, %s, %d bytes", m.ID, len(token))
	if m.ID == spnego.APReq {
		w.inside(func() { d.apReq(w, m.Body) })
	}
}

func (d *decoder) apReq(w *writer, message []byte) {
	i := kerberos.Inspect(message, d.keys)
	if i.Service != "" {
		w.field("mutual-required", "%v", i.Mutual)
		w.field("ticket for", "%s", i.Service)
		w.field("kvno", "%d", i.Kvno)
		w.field("enctype", "%s", i.Enctype)
		w.field("authenticator", "%s", i.AuthenticatorEnctype)
	}
	if i.Opened != nil {
		d.ticket(w, i.Opened)
	}
	switch {
	case i.Problem != nil:
		w.field("problem", "%v", i.Problem)
	case i.Opened == nil:
		w.field("problem", "the rest is encrypted: --keytab opens it")
	}
}

func (d *decoder) ticket(w *writer, t *kerberos.OpenedTicket) {
	w.say("ticket, opened with the key of %s", t.Key)
	w.inside(func() {
		w.field("client", "%s", t.Client)
		w.field("authenticated", "%s", d.clock(t.AuthTime))
		w.field("valid from", "%s", d.clock(t.StartTime))
		w.field("valid until", "%s", d.clock(t.EndTime))
		w.field("transited", "%s", t.Transited)
		w.field("session key", "%s, %s", t.SessionEnctype, d.secret(t.SessionKey))
		if len(t.PAC) == 0 {
			w.field("PAC", "none: no groups are known")
			return
		}
		d.pac(w, t.PAC)
	})
	if t.Time.IsZero() {
		return
	}
	w.say("authenticator")
	w.inside(func() {
		w.field("client's clock", "%s", d.clock(t.Time))
		w.field("subkey", "%s", d.secret(t.Subkey))
		w.field("GSS-API flags", "%s", gssFlags(t.GSSFlags))
	})
}

func (d *decoder) pac(w *writer, data []byte) {
	p, err := pac.Parse(data)
	if err != nil {
		w.field("PAC", "cannot be read: %v", err)
		return
	}
	w.say("PAC, %d bytes", len(data))
	w.inside(func() {
		if c := p.Client; c != nil {
			w.field("client", "%s, %s", c.Name, c.AuthTime.UTC().Format(time.RFC3339))
		}
		if u := p.UPN; u != nil {
			w.field("UPN", "%s, domain %s", u.UPN, u.DNSDomain)
		}
		if l := p.Logon; l != nil {
			w.field("account", `%s\%s`, l.LogonDomainName, l.EffectiveName)
			w.field("full name", "%s", l.FullName)
			w.field("domain controller", "%s", l.LogonServer)
			w.field("user's SID", "%s", l.UserSID)
		}
		for _, sid := range p.SIDs() {
			w.field("SID", "%s", sid)
		}
		if p.Malformed != nil {
			w.field("problem", "%v", p.Malformed)
		}
	})
}

// gssFlags names the flags of RFC 4121 section 4.1.1.1.
func gssFlags(flags uint32) string {
	var names []string
	for i, name := range []string{"deleg", "mutual", "replay", "sequence", "conf", "integ"} {
		if flags&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	if names == nil {
		return "none"
	}
	return strings.Join(names, " ")
}
