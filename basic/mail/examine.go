package mail

import (
	"context"
	"crypto/tls"
	"fmt"
	"strings"
	"time"

	"squidauth/helper/doctor"
)

// expiresSoon is how long before its end a certificate is to be renewed.
const expiresSoon = 30 * 24 * time.Hour

// Examine implements doctor.Examiner: each server is connected to, up to where a
// password would be sent.
func (b *Backend) Examine(ctx context.Context, r *doctor.Report) {
	if b.opt.CA != nil && !r.File(doctor.File{
		Path: b.opt.CA.Path, Kind: "mail-ca", Make: "export the CA's certificate, in PEM",
		Forgery: "whoever puts a certificate of his own in can play the mail server",
	}) {
		return
	}
	var failed []doctor.Finding
	for i, s := range b.opt.Servers {
		if s.IsExposed() && b.opt.StartTLS != Required {
			r.Add(doctor.Finding{
				Severity: doctor.Warning, Code: "mail-exposed", Where: s.String(), What: "passwords may go to another machine in the clear",
				Why: "whoever is in between can read them", Cure: s.protocol.String() + "s://" + s.host + ", or --start-tls require",
			})
		}
		if err := b.examine(ctx, len(b.opt.Servers)-i, s, r); err != nil {
			failed = append(failed, diagnose(s, err))
		}
	}
	for _, f := range failed {
		if len(failed) < len(b.opt.Servers) {
			f.Severity, f.Why = doctor.Warning, "logins depend on the other servers"
		}
		r.Add(f)
	}
}

// examine connects to a server, in its part of the time when tries are left.
func (b *Backend) examine(ctx context.Context, tries int, server Server, r *doctor.Report) error {
	ctx, cancel := onePart(ctx, tries)
	defer cancel()
	config, err := b.tlsConfig(ctx, server)
	if err != nil {
		return err
	}
	conn, err := b.opt.Dial(ctx, "tcp", server.address)
	if err != nil {
		return plainError(err)
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	s := newSession(ctx, ctx, conn)
	d := server.protocol.dialogue(s)
	defer func() { s.close(d.goodbye()) }()
	if err := b.begin(ctx, s, d, server, config); err != nil {
		return err
	}
	r.Good("mail-server", server.String(), "it answers")
	if over, ok := s.conn.(*tls.Conn); ok {
		b.examineCertificate(over.ConnectionState(), server, r)
	}
	return nil
}

func (b *Backend) examineCertificate(state tls.ConnectionState, server Server, r *doctor.Report) {
	if len(state.PeerCertificates) == 0 {
		return
	}
	end := state.PeerCertificates[0].NotAfter
	if left := end.Sub(b.opt.Now()); left < expiresSoon {
		r.Add(doctor.Finding{
			Severity: doctor.Warning, Code: "mail-certificate-expires", Where: server.String(),
			What: fmt.Sprintf("the server's certificate expires in %d days, on %s", int(left.Hours()/24), end.Format(time.DateOnly)),
			Why:  "from then on nobody can log in", Cure: "renew the server's certificate",
		})
	}
}

func diagnose(s Server, err error) doctor.Finding {
	f := doctor.Finding{Severity: doctor.Fault, Code: "mail-unreachable", Where: s.String(), What: err.Error(), Why: "nobody can log in"}
	switch {
	case strings.Contains(f.What, "x509:"):
		f.Code, f.Cure = "mail-certificate", "--ca FILE with the certificate of the server's CA; --tls-name NAME if the certificate is for another name"
	case strings.Contains(f.What, errNoSTARTTLS.Error()):
		f.Code, f.Cure = "mail-starttls", s.protocol.String()+"s://"+s.host
	default:
		f.Cure = "see whether the server runs and a firewall lets " + s.address + " through"
	}
	return f
}
