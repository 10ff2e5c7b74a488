package directory

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"

	"squidauth/helper/directory/ldapconn"
	"squidauth/helper/identity"
)

// Searcher asks directory servers, as *ldapconn.Pool does.
type Searcher interface {
	Search(context.Context, *ldap.SearchRequest) ([]*ldap.Entry, error)
}

var _ Searcher = (*ldapconn.Pool)(nil)

// Options of a Directory.
type Options struct {
	Servers Searcher

	// Base is the DN under which groups are looked for; empty: the domain of the
	// server that answers. Under it no two groups should have one name.
	Base string

	Log *slog.Logger
	Now func() time.Time // the clock; nil means time.Now
}

// Directory knows the groups of Active Directory. It may be used from several
// goroutines.
type Directory struct {
	opt    Options
	asking chan struct{} // held by who asks the servers; others wait for what comes of it

	// Guarded by asking:
	root     rootDSE
	answered time.Time // when a server answered last

	mu      sync.Mutex // guards what follows
	names   cache[identity.SID, string]
	sids    cache[string, identity.SID]
	problem error             // why no server worked when they were asked last; nil: one did
	asked   time.Time         // when that was
	logged  map[string]string // what is wrong with the names of groups; under "": with SIDs
}

var _ identity.Directory = (*Directory)(nil)

// New returns a Directory, which has asked nothing yet.
func New(opt Options) *Directory {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Directory{
		opt:    opt,
		asking: make(chan struct{}, 1),
		names:  newCache[identity.SID, string](),
		sids:   newCache[string, identity.SID](),
		logged: make(map[string]string),
	}
}

// GroupNames implements identity.Directory. Names are as sAMAccountName has them,
// without the domain.
func (d *Directory) GroupNames(ctx context.Context, sids []identity.SID) []string {
	var groups []identity.SID
	var places []int // in sids
	for i, sid := range sids {
		if mayHaveName(sid) {
			groups, places = append(groups, sid), append(places, i)
		}
	}
	found, _ := resolve(ctx, d, d.names, groups, d.learnNames) // what went wrong is logged
	names := make([]string, len(sids))
	for i, name := range found {
		names[places[i]] = name
	}
	return names
}

// GroupSIDs implements identity.Directory. A name with a domain is looked for in all
// of that domain, one without it under Options.Base; case does not matter. If there
// is no such group, or more than one, that is logged.
func (d *Directory) GroupSIDs(ctx context.Context, names []string) ([]identity.SID, error) {
	return resolve(ctx, d, d.sids, names, d.learnSIDs)
}

// resolve returns what is known of the keys after the servers were asked for what is
// not. learn puts their answers into the cache. An error says why nothing is known of
// some.
func resolve[K, V comparable](ctx context.Context, d *Directory, c cache[K, V], keys []K, learn func(context.Context, []K) error) ([]V, error) {
	lookUp := func(otherwise error) ([]V, []K, error) {
		d.mu.Lock()
		defer d.mu.Unlock()
		return c.lookUp(keys, d.opt.Now(), otherwise)
	}
	values, due, err := lookUp(nil)
	if len(due) == 0 {
		return values, err
	}
	failure := d.ask(ctx, func() error {
		_, due, _ := lookUp(nil) // others may have asked since
		return learn(ctx, due)
	})
	values, _, err = lookUp(failure)
	return values, err
}

// learnNames asks for the names of groups, some at a time. The error is not what a
// server answered.
func (d *Directory) learnNames(ctx context.Context, sids []identity.SID) error {
	problem := ""
	for some := range slices.Chunk(sids, maxGroups) {
		found, err := d.searchSIDs(ctx, some)
		switch {
		case err != nil && !isAnswer(err):
			return err
		case err != nil:
			problem = err.Error()
		}
		d.mu.Lock()
		now := d.opt.Now()
		for _, sid := range some {
			d.names.put(ownSID(sid), found[sid], err, now)
		}
		d.mu.Unlock()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.isNews("", problem) {
		d.opt.Log.Warn("the directory cannot be asked for groups", "problem", problem, "consequence", "those without a known name are reported as SIDs")
	}
	return nil
}

// learnSIDs asks for groups by their names, some of a domain at a time. The error is
// not what a server answered.
func (d *Directory) learnSIDs(ctx context.Context, names []string) error {
	for domain, names := range byDomain(names) {
		for some := range slices.Chunk(names, maxGroups) {
			found, err := d.searchNames(ctx, domain, some)
			if err != nil && !isAnswer(err) {
				return err
			}
			d.rememberSIDs(some, found, err)
		}
	}
	return nil
}

// rememberSIDs remembers what was found of the names, or what a server has against
// them, and logs what is wrong with them.
func (d *Directory) rememberSIDs(names []string, found map[string]answer, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.opt.Now()
	for _, name := range names {
		if err != nil {
			d.sids.put(name, identity.SID{}, fmt.Errorf("group %s: %w", name, err), now)
			if d.isNews(name, err.Error()) {
				d.opt.Log.Warn("the directory does not say which group it is that the options name", "group", name, "problem", err.Error())
			}
			continue
		}
		a := found[name]
		d.sids.put(name, a.sid, nil, now)
		if d.isNews(name, a.problem) {
			d.opt.Log.Warn("nobody is a member of a group that the options name", "group", name, "problem", a.problem)
		}
	}
}

// isNews reports whether a problem is another than that which was logged last. The
// lock is held.
func (d *Directory) isNews(name, problem string) bool {
	last := d.logged[name]
	d.logged[name] = problem
	return problem != "" && problem != last
}
