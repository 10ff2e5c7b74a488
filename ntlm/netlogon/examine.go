package netlogon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"squidauth/helper/directory/ldapconn"
	"squidauth/helper/doctor"
	"squidauth/helper/state"
	"squidauth/ntlm"
	"squidauth/ntlm/netlogon/nrpc"
)

const (
	// maxExamined bounds the domain controllers that are looked at.
	maxExamined = 8

	// oldSecret is how long after Windows would have changed a machine's password
	// (30 days) that is worth a note.
	oldSecret = 90 * 24 * time.Hour

	// maxSkew is how far the clock may differ from the domain's: Kerberos takes no
	// more, and NTLM in some set-ups.
	maxSkew = 5 * time.Minute

	clockTime = 3 * time.Second // for asking what time it is
)

// Examine implements doctor.Examiner: the machine account's secret, the folder of the
// lock, and each domain controller, with which a channel is set up once. Nobody is
// logged on. While a controller refuses the machine account, no other is asked.
func (v *Verifier) Examine(ctx context.Context, r *doctor.Report) {
	if !v.config.Secret.examine(ctx, v.config.Account, v.config.Now(), r) {
		return
	}
	list, err := v.directory.ranked(ctx)
	if err != nil {
		r.Add(doctor.Finding{
			Severity: doctor.Fault, Code: "dc-dns", Where: "--realm " + v.config.Realm, What: err.Error(), Why: "nobody can log in with NTLM",
			Cure: "--dc HOST, or have this machine ask the domain's name servers (/etc/resolv.conf)",
		})
		return
	}
	list = list[:min(len(list), maxExamined)]
	state.Examine(r, v.config.StateDir, lockName(v.config.Account, list[0].host), "700", doctor.Finding{
		Severity: doctor.Warning, Code: "state-dir", Why: "helper processes that set up their channels at once disturb one another: logins are slow or fail when Squid starts",
	})
	var failed []doctor.Finding
	works := false
	for i, c := range list {
		f := v.examine(ctx, len(list)-i, c)
		if f == nil {
			r.Good("dc", c.host, "it accepts %s, and seals with AES", v.config.Account)
			v.clock(ctx, c.host, r)
			works = true
			continue
		}
		failed = append(failed, v.diagnose(c, f))
		if f.reason == ntlm.MachineAccount {
			break
		}
	}
	for _, f := range failed {
		if works {
			f.Severity, f.Why = doctor.Warning, "logins depend on the other domain controllers"
		}
		r.Add(f)
	}
}

// examine sets a channel up with a controller, in its part of the time when tries are
// left, and closes it.
func (v *Verifier) examine(ctx context.Context, tries int, c *controller) *fault {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(tries+1)) // one part for what comes after
		defer cancel()
	}
	ch, f := v.build(ctx, c)
	if f == nil {
		ch.conn.Close()
	}
	return f
}

// diagnose says what a fault means, and the cure.
func (v *Verifier) diagnose(c *controller, f *fault) doctor.Finding {
	found := doctor.Finding{Severity: doctor.Fault, Code: "dc-unreachable", Where: c.host, What: f.Error(), Why: "nobody can log in with NTLM"}
	var dns *net.DNSError
	var status nrpc.Status
	switch {
	case f.reason == ntlm.MachineAccount && errors.As(f, &status) && status == nrpc.AccessDenied:
		found.Code, found.Cure = "machine-secret-wrong", fmt.Sprintf("ntlm rotate --reset --realm %s --account '%s' --secret %s sets a new one as an administrator; it was tried once, just now", v.realm(), v.config.Account, v.config.Secret.path)
	case f.reason == ntlm.MachineAccount:
		found.Code, found.Cure = "machine-account", fmt.Sprintf("ntlm join --realm %s --secret %s, as an administrator", v.realm(), v.config.Secret.path)
	case f.reason == BrokenAnswer:
		found.Code, found.Cure = "dc-broken", "see what is between here and the domain controller: what comes from it was changed, or it is none"
	case f.reason == ntlm.Saturated:
		found.Severity, found.Code, found.Cure = doctor.Warning, "dc-busy", "raise MaxConcurrentApi on the domain controller, or name more of them with --dc"
	case errors.As(f, &dns):
		found.Code, found.Cure = "dc-name", "mend --dc, or /etc/resolv.conf"
	default:
		found.Cure = "let TCP port 135 of " + c.host + " through the firewall, and those from 49152 to 65535, at one of which Netlogon listens"
	}
	return found
}

func (v *Verifier) realm() string {
	if v.config.Realm == "" {
		return "REALM"
	}
	return v.config.Realm
}

// clock compares the clocks. A controller that does not say what time it is, is not
// asked again.
func (v *Verifier) clock(ctx context.Context, host string, r *doctor.Report) {
	ctx, cancel := context.WithTimeout(ctx, clockTime)
	defer cancel()
	its, err := ldapconn.Time(ctx, host, v.config.Dial)
	if err != nil {
		return
	}
	if skew := v.config.Now().Sub(its); skew.Abs() > maxSkew {
		r.Add(doctor.Finding{
			Severity: doctor.Warning, Code: "clock", Where: host, What: fmt.Sprintf("this machine's clock differs by %v from the domain controller's", skew.Round(time.Second)),
			Why: "Kerberos fails with more than five minutes", Cure: "chronyc makestep, with the domain controller in /etc/chrony/chrony.conf: server " + host + " iburst",
		})
		return
	}
	r.Good("clock", host, "it agrees with this machine's")
}

// examine looks at the file, and reports whether there is a secret in it.
func (s *SecretFile) examine(ctx context.Context, account string, now time.Time, r *doctor.Report) bool {
	ok := r.File(doctor.File{
		Path: s.path, Kind: "machine-secret", Make: "ntlm join --secret " + s.path + " makes the machine account and writes it; or mend --machine-secret",
		Harm:    "whoever reads it is this machine to the domain, and can make tickets for the proxy",
		Forgery: "whoever writes it can keep everybody from logging in",
	})
	if !ok {
		return false
	}
	if err := s.file.Reload(ctx); err != nil {
		r.Add(doctor.Finding{
			Severity: doctor.Fault, Code: "machine-secret-unusable", Where: s.path, What: err.Error(), Why: "nobody can log in with NTLM",
			Cure: "write the password of " + account + " into it, or have it made: ntlm join --secret " + s.path,
		})
		return false
	}
	if info, err := os.Stat(s.path); err == nil && now.Sub(info.ModTime()) > oldSecret {
		r.Add(doctor.Finding{
			Severity: doctor.Note, Code: "machine-secret-old", Where: s.path, What: fmt.Sprintf("the machine account's password is %d days old", int(now.Sub(info.ModTime()).Hours()/24)),
			Why: "administrators remove accounts that look unused", Cure: "once a day: ntlm rotate --secret " + s.path + " --if-older-than 30d",
		})
	}
	return true
}
