// Package examine looks at what a service needs in order to accept tickets, before its
// clients find out: its keytab, the names that the DNS has for it, the clock, and
// whether its KDC has the same keys.
package examine

import (
	"context"
	"net"
	"os"
	"time"

	"squidauth/helper/doctor"
)

// Service says how tickets are accepted. Its fields are set before it is used.
type Service struct {
	Keytab    string   // the file
	SPNs      []string // principals that tickets may be for, with or without realm; empty: any
	Realms    []string // of clients that are let in; empty: any
	PermitRC4 bool
	MaxSkew   time.Duration

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
}

// Examine implements doctor.Examiner.
func (s Service) Examine(ctx context.Context, r *doctor.Report) {
	s.World.complete()
	e := examination{s, r}
	keys := e.keytab()
	if keys == nil {
		return
	}
	e.names(ctx, keys)
	e.holders(ctx, keys)
}

// examination is that of one service.
type examination struct {
	Service
	report *doctor.Report
}

func (e *examination) add(severity doctor.Severity, code, where, what, why, cure string) {
	e.report.Add(doctor.Finding{Severity: severity, Code: code, Where: where, What: what, Why: why, Cure: cure})
}
