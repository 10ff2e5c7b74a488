package ldapconn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"squidauth/helper/doctor"
)

const (
	// maxExamined bounds the servers that are looked at.
	maxExamined = 8

	// expiresSoon is how long before its end a certificate is to be renewed.
	expiresSoon = 30 * 24 * time.Hour
)

// ExamineServers connects to each server once, protects the connection and binds, as for
// a search. It reports whether any of them works.
func (p *Pool) ExamineServers(ctx context.Context, r *doctor.Report) (works bool) {
	if !p.examineFiles(r) {
		return false
	}
	servers, err := p.servers.ranking(ctx)
	if err != nil {
		r.Add(doctor.Finding{
			Severity: doctor.Fault, Code: "ldap-dns", What: err.Error(), Why: "no server is known that could be asked",
			Cure: "name the servers in place of the domain: ldaps://HOST; or have this machine ask the domain's name servers",
		})
		return false
	}
	servers = servers[:min(len(servers), maxExamined)]
	var failed []doctor.Finding
	for i, s := range servers {
		err := p.examineServer(ctx, len(servers)-i, s, r)
		if err == nil {
			works = true
			continue
		}
		failed = append(failed, diagnose(s, err))
		if isFinal(err) { // the others would say the same, and count another bind
			break
		}
	}
	for _, f := range failed {
		if works {
			f.Severity, f.Why = doctor.Warning, "logins depend on the other servers"
		}
		r.Add(f)
	}
	return works
}

// examineFiles looks at what connections are made with.
func (p *Pool) examineFiles(r *doctor.Report) bool {
	ok := true
	if p.opt.CA != nil {
		ok = r.File(doctor.File{
			Path: p.opt.CA.Path, Kind: "ldap-ca", Make: "export the CA's certificate, in PEM",
			Forgery: "whoever puts a certificate of his own in can play the directory",
		}) && ok
	}
	if p.opt.Secret != nil {
		ok = p.opt.Secret.Examine(r, "ldap-secret", "whoever reads it can search the directory in the name of "+p.opt.BindDN) && ok
	}
	if p.opt.AnyCertificate {
		r.Add(doctor.Finding{
			Severity: doctor.Warning, Code: "ldap-any-certificate", What: "servers are believed with whatever certificate",
			Why: "whoever is in between can read passwords, and say yes in the server's place", Cure: "--ca FILE with the certificate of the servers' CA, in place of --any-certificate",
		})
	}
	return ok
}

// examineServer connects to one, in its part of the time when tries are left.
func (p *Pool) examineServer(ctx context.Context, tries int, s Server, r *doctor.Report) error {
	if s.IsExposed() && !p.opt.StartTLS && p.opt.Login == nil {
		r.Add(doctor.Finding{
			Severity: doctor.Warning, Code: "ldap-exposed", Where: s.String(), What: "the connection to another machine is not protected",
			Why: "whoever is in between can read passwords, and say yes in the server's place", Cure: "ldaps://" + s.host + ", or StartTLS",
		})
	}
	ctx, cancel := onePart(ctx, tries, 0)
	defer cancel()
	c, err := p.openWithin(ctx, 1, s)
	if err != nil {
		return err
	}
	defer c.close()
	if _, err := c.search(ctx, &ldap.SearchRequest{Scope: ldap.ScopeBaseObject, Filter: "(objectClass=*)", Attributes: []string{"namingContexts"}}); err != nil && !isFinal(err) {
		return err
	}
	how := "nobody"
	if p.opt.BindDN != "" {
		how = p.opt.BindDN
	} else if p.opt.Login != nil {
		how = "the account of the keytab"
	}
	r.Good("ldap-server", s.String(), "it answers, to %s", how)
	p.examineCertificate(c, r)
	return nil
}

// examineCertificate looks how long the server's certificate is good.
func (p *Pool) examineCertificate(c *conn, r *doctor.Report) {
	state := c.wire.tls()
	if state == nil || len(state.PeerCertificates) == 0 {
		return
	}
	end := state.PeerCertificates[0].NotAfter
	if left := end.Sub(p.opt.Now()); left < expiresSoon {
		r.Add(doctor.Finding{
			Severity: doctor.Warning, Code: "ldap-certificate-expires", Where: c.server.String(),
			What: fmt.Sprintf("the server's certificate expires in %d days, on %s", int(left.Hours()/24), end.Format(time.DateOnly)),
			Why:  "from then on nobody can log in", Cure: "renew the server's certificate",
		})
		return
	}
	r.Good("ldap-certificate", c.server.String(), "good until %s", end.Format(time.DateOnly))
}

// diagnose says what is wrong with a server, by how the connection failed.
func diagnose(s Server, err error) doctor.Finding {
	f := doctor.Finding{Severity: doctor.Fault, Code: "ldap-unreachable", Where: s.String(), What: words(err), Why: "nobody can log in whom this directory is asked about"}
	var dns *net.DNSError
	var ticket *ticketError
	code, answered := resultCode(err)
	says := func(part string) bool { return strings.Contains(f.What, part) }
	switch {
	case IsRefused(err), answered && code == ldap.LDAPResultInvalidCredentials:
		f.Code, f.Cure = "ldap-bind-refused", "mend the bind DN, or write its password into the file; it was tried once, just now"
	case answered && (code == ldap.LDAPResultStrongAuthRequired || code == ldap.LDAPResultConfidentialityRequired):
		f.Code, f.Cure = "ldap-signing-required", "ldaps://"+s.host+", or StartTLS"
	case errors.As(err, &ticket):
		f.Code, f.Cure = "ldap-ticket", "kinit -kt KEYTAB PRINCIPAL tells more"
	case says("certificate has expired"):
		f.Code, f.Cure = "ldap-certificate-expired", "renew the server's certificate, or set this machine's clock"
	case says("certificate is valid for"), says("doesn't contain any IP SANs"), says("not valid for any names"):
		f.Code, f.Cure = "ldap-certificate-name", "name the server as in its certificate, or have one made for "+s.host
	case says("x509:"):
		f.Code, f.Cure = "ldap-certificate", "--ldap-ca FILE (behind 'ldap': --ca FILE) with the certificate of the CA that signed the server's"
	case errors.As(err, new(*startTLSError)):
		f.Code, f.Cure = "ldap-starttls", "ldaps://"+s.host+" in place of StartTLS, or give the server a certificate"
	case errors.As(err, &dns):
		f.Code, f.Cure = "ldap-name", "mend the server's name, or /etc/resolv.conf"
	case answered:
		f.Code, f.Cure = "ldap-refused", "ldapsearch -H "+s.String()+" tells more"
	default:
		f.Cure = "see whether the server runs and a firewall lets " + s.address + " through"
	}
	return f
}
