package guard

import (
	"log/slog"
	"strings"
	"sync"
	"time"

	"squidauth/basic"
)

// restAfter is how long a file that gave trouble is left alone.
const restAfter = 5 * time.Second

// change makes a new record of one.
type change func(rec record, t tags) record

// question is a login that a backend may be asked about.
type question struct {
	scope, name, user, version, place, password string

	own tags // to this process
	now time.Time

	shared    tags // under sharedKey, that of the file; it seldom changes
	sharedKey key
}

// tags stand for a login, each under some key.
type tags struct {
	name tag // alike for all spellings that may be one name to a directory
	user tag // alike for the spellings that surely are: letter case apart
	here tag // of the user as it is
	pair tag // of user and password as they are, and of the place
}

func (q *question) tags(k *key) tags {
	return tags{
		name: k.tag("name", q.scope, q.name),
		user: k.tag("user", q.scope, strings.ToLower(q.user)),
		here: k.tag("here", q.scope, q.user),
		pair: k.tag("pair", q.scope, q.version, q.place, q.user, q.password),
	}
}

// sharedTags are the tags under the file's key.
func (q *question) sharedTags(k *key) tags {
	if q.sharedKey != *k || q.shared == (tags{}) {
		q.shared, q.sharedKey = q.tags(k), *k
	}
	return q.shared
}

// store is what is remembered, in the shared file and in this process.
type store struct {
	memory memory
	file   *file // nil: none
	log    *slog.Logger

	mu    sync.Mutex
	until time.Time // until when the file is left alone
	ails  bool      // the file's trouble is in the log
}

// begin decides about a login. What the file says counts: it knows what other processes
// know.
func (s *store) begin(q *question, r rules, who asker) decision {
	var mine, shared decision
	s.memory.update(q, r, func(rec record, t tags) (out record) {
		out, mine = r.begin(rec, t, q.now, who)
		return out
	})
	if mine.what == spare || s.file == nil || s.resting(q.now) {
		return mine
	}
	err := s.file.update(q, r, beginWait, func(rec record, t tags) (out record) {
		out, shared = r.begin(rec, t, q.now, who)
		return out
	})
	s.report(err, q.now)
	if err != nil {
		return mine
	}
	if mine.what == ask && shared.what != ask {
		s.memory.update(q, r, func(rec record, t tags) record { return r.withdraw(rec, t, who.pid) })
	}
	shared.entered = true
	return shared
}

// end enters how the question ended that d was the decision about. That a password was
// not answered to is in no file, since it may be right.
func (s *store) end(q *question, r rules, d decision, pid int, v basic.Verdict) {
	ended := func(v basic.Verdict) change {
		return func(rec record, t tags) record { return r.end(rec, t, q.now, pid, v) }
	}
	s.memory.update(q, r, ended(v))
	if v.IsUnanswered() {
		v = basic.Undecided(v.Reason(), v.Cause())
	}
	if d.entered || s.file != nil && !s.resting(q.now) {
		s.report(s.file.update(q, r, endWait, ended(v)), q.now)
	}
}

func (s *store) resting(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait := s.until.Sub(now)
	return 0 < wait && wait <= restAfter // or the clock was put back
}

// report logs when the file begins and ends to be trouble.
func (s *store) report(err error, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil && s.ails:
		s.ails = false
		s.log.Info("refused logins are remembered by all helper processes together again", "folder", s.file.shared.Folder())
	case err != nil:
		s.until = now.Add(restAfter)
		if !s.ails {
			s.ails = true
			s.log.Warn("the file of refused logins cannot be used: each helper process remembers its own only; mend it, or name another folder with --state-dir", "folder", s.file.shared.Folder(), "error", err)
		}
	}
}
