package directory

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"squidauth/helper/directory/ldapconn"
	"squidauth/helper/identity"
)

// What a login may cost.
const (
	patience = 2 * time.Second  // for the directory
	rest     = 10 * time.Second // in which the directory is not asked, after it failed
)

// Options of a Directory.
type Options struct {
	Servers *ldapconn.Pool

	// Base is the DN under which groups are looked for; empty: the domain of the
	// server that answers. Under it no two groups should have one name.
	Base string

	Log *slog.Logger
	Now func() time.Time // the clock; nil means time.Now
}

// Directory knows the groups of Active Directory. It may be used from several
// goroutines.
type Directory struct {
	opt  Options
	turn chan struct{} // held by who asks the servers; others wait for what comes of it

	mu      sync.Mutex // guards what follows
	names   cache[identity.SID, string]
	sids    cache[string, identity.SID]
	problem error               // why the servers could not be asked last; nil: they could
	asked   time.Time           // when that was
	logged  map[string]struct{} // names of groups that there are none of

	root rootDSE // guarded by turn
}

var _ identity.Directory = (*Directory)(nil)

// New returns a Directory, which has asked nothing yet.
func New(opt Options) *Directory {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Directory{
		opt:    opt,
		turn:   make(chan struct{}, 1),
		names:  newCache[identity.SID, string](),
		sids:   newCache[string, identity.SID](),
		logged: make(map[string]struct{}),
	}
}

// GroupNames implements identity.Directory. Names are as sAMAccountName has them,
// without the domain.
func (d *Directory) GroupNames(ctx context.Context, sids []identity.SID) []string {
	names, missing := d.knownNames(sids)
	if len(missing) == 0 {
		return names
	}
	_ = d.ask(ctx, func(ctx context.Context) error { // logged there
		_, missing := d.knownNames(sids)
		return d.learnNames(ctx, missing)
	})
	names, _ = d.knownNames(sids)
	return names
}

// knownNames returns the names of groups as far as they are known, and the SIDs
// whose names are to be asked for.
func (d *Directory) knownNames(sids []identity.SID) (names []string, missing []identity.SID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.opt.Now()
	names = make([]string, len(sids))
	for i, sid := range sids {
		if !mayHaveName(sid) {
			continue
		}
		name, fresh := d.names.get(sid, now)
		if names[i] = name; !fresh {
			missing = append(missing, sid)
		}
	}
	return names, missing
}

// learnNames asks for the names of groups, some at a time.
func (d *Directory) learnNames(ctx context.Context, sids []identity.SID) error {
	for some := range slices.Chunk(sids, maxSIDs) {
		found, err := d.searchSIDs(ctx, some)
		if err != nil {
			return err
		}
		d.mu.Lock()
		now := d.opt.Now()
		for _, sid := range some {
			d.names.put(ownSID(sid), found[sid], now)
		}
		d.mu.Unlock()
	}
	return nil
}

// GroupSID implements identity.Directory. A name with a domain is looked for in all
// of that domain, one without it under Options.Base; case does not matter. If there
// is no such group, or more than one, that is logged.
func (d *Directory) GroupSID(ctx context.Context, name string) (identity.SID, error) {
	if sid, fresh := d.knownSID(name); fresh {
		return sid, nil
	}
	err := d.ask(ctx, func(ctx context.Context) error {
		if _, fresh := d.knownSID(name); fresh {
			return nil
		}
		return d.learnSID(ctx, name)
	})
	sid, _ := d.knownSID(name)
	if err != nil && sid.IsZero() {
		return sid, err
	}
	return sid, nil
}

func (d *Directory) knownSID(name string) (sid identity.SID, fresh bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sids.get(name, d.opt.Now())
}

func (d *Directory) learnSID(ctx context.Context, name string) error {
	found, err := d.searchName(ctx, name)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sids.put(name, found.sid, d.opt.Now())
	d.logName(name, found.problem)
	return nil
}

// logName logs once what is wrong with the name of a group. The lock is held.
func (d *Directory) logName(name, problem string) {
	if problem == "" {
		delete(d.logged, name)
		return
	}
	if _, done := d.logged[name]; !done {
		d.logged[name] = struct{}{}
		d.opt.Log.Warn("nobody is a member of a group that the options name", "group", name, "problem", problem)
	}
}
