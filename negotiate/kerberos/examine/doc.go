// Package examine looks at what a service needs in order to accept tickets, before its
// clients find out: its keytab, the names that the DNS has for it, the clock, and
// whether its KDC has the same keys.
package examine

import (
	"cmp"
	"context"
	"net"
	"os"
	"slices"
	"time"

	"squidauth/helper/doctor"
	"squidauth/negotiate/kerberos"
	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/kdc"
)

// Service says how tickets are accepted. Its fields are set before it is used.
type Service struct {
	Keytab    string   // the file
	SPNs      []string // principals that tickets may be for, with or without realm; empty: any
	Realms    []string // of clients that are let in; empty: any
	PermitRC4 bool
	MaxSkew   time.Duration

	// NeedsKDC says that nothing works without a KDC: passwords are checked with it.
	NeedsKDC bool

	// UserRealms are realms whose KDCs are asked as well.
	UserRealms []string

	// IsProof says that the keytab is there to prove KDCs by, and not for browsers.
	IsProof bool

	// Holders finds who has an SPN; nil: nobody can be asked.
	Holders Holders

	World World
}

// Holders returns the accounts that have a service principal name in the directory.
type Holders func(ctx context.Context, spn string) ([]string, error)

// World is what is around a service. Its zero value is the real one.
type World struct {
	Hostname  func() (string, error)
	Addresses func() ([]net.Addr, error) // of this machine
	Resolver  Resolver
	KDCs      *kdc.Realms
	Now       func() time.Time
}

// Resolver asks the DNS, and the system's own file of hosts. *net.Resolver is one.
type Resolver interface {
	LookupHost(ctx context.Context, host string) (addresses []string, err error)
	LookupCNAME(ctx context.Context, host string) (canonical string, err error)
	LookupAddr(ctx context.Context, address string) (names []string, err error)
}

func (w *World) complete() {
	if w.Hostname == nil {
		w.Hostname = os.Hostname
	}
	if w.Addresses == nil {
		w.Addresses = net.InterfaceAddrs
	}
	if w.Resolver == nil {
		w.Resolver = net.DefaultResolver
	}
	if w.Now == nil {
		w.Now = time.Now
	}
	if w.KDCs == nil {
		w.KDCs = kdc.NewRealms(os.LookupEnv, nil, w.Now)
	}
}

// Examine implements doctor.Examiner.
func (s Service) Examine(ctx context.Context, r *doctor.Report) {
	s.World.complete()
	s.MaxSkew = cmp.Or(s.MaxSkew, kerberos.DefaultSkew)
	e := examination{s, r}
	keys := e.keytab()
	if keys == nil {
		return
	}
	if !e.IsProof {
		e.names(ctx, keys)
	}
	e.holders(ctx, keys)
	e.kdc(ctx, keys)
	for _, realm := range e.UserRealms {
		if !slices.ContainsFunc(keys, func(k initiator.ServiceKey) bool { return k.Principal.Realm == realm }) {
			e.clock(ctx, realm)
		}
	}
}

// examination is that of one service.
type examination struct {
	Service
	report *doctor.Report
}

func (e *examination) add(severity doctor.Severity, code, where, what, why, cure string) {
	e.report.Add(doctor.Finding{Severity: severity, Code: code, Where: where, What: what, Why: why, Cure: cure})
}
