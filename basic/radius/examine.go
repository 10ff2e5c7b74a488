package radius

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"squidauth/helper/doctor"
	"squidauth/protocol"
)

// statusServer asks a server whether it is there, and nothing else (RFC 5997 section 3).
const statusServer = 12

const (
	statusTries = 3 // packets, since one may be lost
	statusPause = time.Second

	maxExamined = 8 // addresses
)

// Examine implements doctor.Examiner: each address of the servers is asked for its
// status. Nobody is logged in. A server may be set up not to answer that.
func (b *Backend) Examine(ctx context.Context, r *doctor.Report) {
	for _, s := range b.config.Servers {
		if !s.Secret.Examine(r, "radius-secret", "whoever reads it can play the server, or read passwords on the way") {
			return
		}
	}
	if b.config.PermitUnsigned {
		r.Add(doctor.Finding{
			Severity: doctor.Warning, Code: "radius-unsigned", Where: "--permit-unsigned", What: "answers without Message-Authenticator are accepted",
			Why: "somebody between here and the server can turn a no into a yes (CVE-2024-3596)", Cure: "have the server sign its answers, and take --permit-unsigned away",
		})
	}
	list, f := b.choose(ctx)
	if f != nil {
		r.Add(doctor.Finding{Severity: doctor.Fault, Code: "radius-name", What: f.cause.Error(), Why: "nobody can log in", Cure: "mend the server's name, or /etc/resolv.conf"})
		return
	}
	var failed []doctor.Finding
	works := false
	for _, e := range list[:min(len(list), maxExamined)] {
		if found := b.examine(ctx, e); found.Severity == doctor.Good {
			works = true
			r.Add(found)
		} else {
			failed = append(failed, found)
		}
	}
	for _, found := range failed {
		if works && found.Severity == doctor.Fault {
			found.Severity, found.Why = doctor.Warning, "logins depend on the other servers"
		}
		r.Add(found)
	}
}

// examine asks one address for its status.
func (b *Backend) examine(ctx context.Context, e *endpoint) doctor.Finding {
	f := doctor.Finding{Severity: doctor.Fault, Code: "radius-unreachable", Where: e.address.String(), Why: "nobody can log in"}
	secret, err := e.server.Secret.Current(ctx)
	var answer reply
	if err == nil {
		answer, err = b.status(ctx, e, secret)
	}
	switch {
	case err == nil && !answer.signed && !b.config.PermitUnsigned:
		f.Severity, f.Code, f.What = doctor.Warning, "radius-unsigned", "its answer, to being asked for its status, has no Message-Authenticator"
		f.Why = "if those to logins have none either, they are not believed, and nobody can log in"
		f.Cure = "FreeRADIUS: require_message_authenticator = yes in clients.conf, from version 3.2.5 on; else update the server"
	case err == nil:
		return doctor.Finding{Severity: doctor.Good, Code: "radius-server", Where: f.Where, What: "it answers, has the same shared secret, and signs"}
	case errors.Is(err, errForged):
		f.Code, f.What, f.Cure = "radius-secret-wrong", "it answers with another shared secret", "write the secret of clients.conf, for this client, into the file"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		f.Severity, f.Code, f.What = doctor.Warning, "radius-silent", fmt.Sprintf("it did not answer when it was asked for its status, %d times", statusTries)
		f.Why = "if it is not just set up so: nobody can log in"
		f.Cure = "in FreeRADIUS: status_server = yes; and a client in clients.conf with this machine's address and the same secret, of which a wrong one is never answered; and UDP " + e.address.String() + " through the firewall"
	default:
		f.What, f.Cure = err.Error(), "see whether the server runs and listens at UDP "+e.address.String()
	}
	return f
}

// status sends a Status-Server until there is an answer.
func (b *Backend) status(ctx context.Context, e *endpoint, secret protocol.Secret) (reply, error) {
	conn, err := b.config.Dial(ctx, "udp", e.address.String())
	if err != nil {
		return reply{}, err
	}
	l, err := newLink(conn, b.config.Rand)
	if err != nil {
		return reply{}, err
	}
	defer l.close()
	defer context.AfterFunc(ctx, l.interrupt)()
	if err := l.prepareStatus(&b.config.NAS, secret, b.config.Rand); err != nil {
		return reply{}, err
	}
	for range statusTries {
		if err = l.send(); err != nil {
			break
		}
		var r reply
		for until := time.Now().Add(statusPause); ; {
			if r, err = l.receive(ctx, until); !errors.Is(err, errStray) {
				break
			}
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return r, err
		}
	}
	var network *net.OpError
	if errors.As(err, &network) && !network.Timeout() {
		err = network.Err
	}
	return reply{}, err
}

// prepareStatus is prepare for a Status-Server, whose only attributes are the
// Message-Authenticator and where it comes from.
func (l *link) prepareStatus(nas *NAS, secret protocol.Secret, random io.Reader) error {
	l.hashes.setSecret(secret)
	l.id++
	if _, err := io.ReadFull(random, l.request[:]); err != nil {
		return err
	}
	l.out = append(l.out[:0], statusServer, l.id, 0, 0)
	l.out = append(l.out, l.request[:]...)
	l.out = appendAttr(l.out, attrMessageAuthenticator, noAuthenticator[:])
	where := NAS{Identifier: nas.Identifier, Address: nas.Address}
	l.out = where.append(l.out, l.local)
	binary.BigEndian.PutUint16(l.out[2:], uint16(len(l.out)))
	const value = headerSize + attrHeaderSize
	copy(l.out[value:], l.hashes.sign(l.out, value, &l.request))
	return nil
}
