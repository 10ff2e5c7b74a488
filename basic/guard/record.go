package guard

import (
	"slices"
	"time"

	"squidauth/basic"
)

// maxEntries is how many questions about one name are remembered: MaxLimit and the one
// for the password that was good before.
const maxEntries = MaxLimit + 1

// maxAsks is how often one password is asked about within one count.
const maxAsks = 2

// maxAsking is how long a question can be under way. It exceeds any request's time.
const maxAsking = 90 * time.Second

// unansweredFor is how long a password is not asked about again that a server has not
// answered to. A server that is slow counts a wrong one all the same, and Squid asks
// three times at once what a helper cannot tell: that would be three for one.
const unansweredFor = 3 * time.Second

// doubtFor is how long a password that was not answered to may turn out to have been
// counted: a directory that was frozen does what it was sent when it goes on.
const doubtFor = time.Minute

// skew is how far ahead an entry may be: processes read their clocks one by one. What
// lies farther ahead was made before the clock was put back, or made up.
const skew = 5 * time.Second

// phase is what became of a question.
type phase byte

const (
	asking     phase = iota + 1 // not answered yet, or never
	refused                     // a refusal that counts
	forgiven                    // a refusal that no longer counts, because another password was right
	unanswered                  // a server was sent the password and did not answer; in no file
)

// entry is one question to the backend.
type entry struct {
	pair   tag // of the name and the password
	user   tag // of the name, as much as fits: see mark and whose
	at     time.Time
	phase  phase
	pid    int // who asks
	reason basic.Reason
	text   string
}

// record is what is remembered of one name, the oldest first.
type record []entry

// rules say what follows from a record.
type rules struct {
	remember time.Duration // how long a refused password is not asked about again; 0: not at all
	limit    int           // how many refusals are one too many; 0: none
	window   time.Duration // after how long without any they are forgotten
	alive    func(pid int) bool
}

// decision is what to do with a login.
type decision struct {
	what  what
	entry entry // refuse: how it was refused before. hold: how another was, at last
	count int   // hold: refusals
	until time.Time

	unknown bool // hold: whoever was told of the name was told that there is nobody of it
	entered bool // ask: other processes know of it
}

// asker is who wants to ask.
type asker struct {
	pid   int  // which is asking nothing about this pair, whatever a record says
	known bool // knows that the password was good before
}

type what byte

const (
	ask    what = iota + 1 // and say how it ended
	wait                   // another process is asking just this
	spare                  // the server: it has not answered to this, or to too many others
	refuse                 // as it was before
	hold                   // without having asked
)

// begin decides about a login, and enters it if it is to be asked about.
func (r rules) begin(rec record, t tags, now time.Time, who asker) (record, decision) {
	rec = r.prune(rec, now)
	count, doubts, asks, known, unknown := 0, 0, 0, 0, 0
	var last, mine entry
	var until time.Time
	for _, e := range rec {
		switch {
		case e.pair == t.pair && r.underway(e, now) && e.pid != who.pid:
			return rec, decision{what: wait}
		case e.phase == unanswered && e.pair == t.pair && age(e, now) < unansweredFor:
			return rec, decision{what: spare}
		case e.phase == unanswered:
			if e.pair != t.pair {
				doubts++
			}
			continue
		case e.pair == t.pair && e.phase != asking && age(e, now) < r.remember:
			return rec, decision{what: refuse, entry: e}
		case e.phase == forgiven:
			continue
		}
		count, until = count+1, e.at.Add(r.window)
		if e.phase == refused {
			last = e
		}
		switch {
		case e.phase != refused:
		case e.reason == basic.NoSuchUser && e.user == t.here.mark():
			unknown++
		default:
			known++
		}
		if e.phase == refused && e.pair == t.pair {
			asks, mine = asks+1, e
		}
	}
	if r.limit > 0 && asks >= maxAsks {
		return rec, decision{what: refuse, entry: mine}
	}
	if r.limit > 0 && (count > r.limit || count == r.limit && !who.known) {
		return rec, decision{what: hold, entry: last, count: count, until: until, unknown: unknown > 0 && known == 0}
	}
	if r.limit > 0 && doubts > 0 && count+doubts >= r.limit && !who.known {
		return rec, decision{what: spare}
	}
	return append(makeRoom(rec), entry{pair: t.pair, user: t.user.mark(), at: now, phase: asking, pid: who.pid}), decision{what: ask}
}

// end enters how a question ended: accepted, refused in a way that counts, or neither.
func (r rules) end(rec record, t tags, now time.Time, pid int, v basic.Verdict) record {
	rec = slices.DeleteFunc(r.withdraw(rec, t, pid), func(e entry) bool { return e.phase == unanswered && e.pair == t.pair })
	switch {
	case accepted(v):
		return r.forgive(rec, t, now)
	case counts(v):
		return append(makeRoom(r.prune(rec, now)), entry{pair: t.pair, user: whose(t, v), at: now, phase: refused, pid: pid, reason: v.Reason(), text: v.Text()})
	case v.IsUnanswered():
		return append(makeRoom(r.prune(rec, now)), entry{pair: t.pair, user: t.user.mark(), at: now, phase: unanswered, pid: pid, reason: v.Reason()})
	}
	return r.prune(rec, now)
}

// whose returns the mark of a refusal's user. That a directory knows nobody of a name is
// of no other spelling of it.
func whose(t tags, v basic.Verdict) tag {
	if v.Reason() == basic.NoSuchUser {
		return t.here.mark()
	}
	return t.user.mark()
}

// withdraw strikes out that a process asks.
func (r rules) withdraw(rec record, t tags, pid int) record {
	return slices.DeleteFunc(slices.Clone(rec), func(e entry) bool { return e.phase == asking && e.pair == t.pair && e.pid == pid })
}

// forgive ends the count of a user. Somebody else whose name folds alike might log in to
// have the refusals of this one forgotten: they stay. It may change rec.
func (r rules) forgive(rec record, t tags, now time.Time) record {
	own := func(e entry) bool { return e.user == t.user.mark() || e.user == t.here.mark() }
	rec = slices.DeleteFunc(rec, func(e entry) bool { return own(e) && e.phase == asking && !r.underway(e, now) })
	for i := range rec {
		if own(rec[i]) && rec[i].phase == refused {
			rec[i].phase = forgiven
		}
	}
	return r.prune(rec, now)
}

// prune returns what still matters of a record.
func (r rules) prune(rec record, now time.Time) record {
	counting := false // something was refused within the window
	for _, e := range rec {
		if r.counted(e, now) && age(e, now) < r.window {
			counting = true
		}
	}
	rec = slices.DeleteFunc(slices.Clone(rec), func(e entry) bool {
		switch {
		case e.at.After(now.Add(skew)):
			return true
		case r.underway(e, now):
			return false
		case e.phase == unanswered:
			return age(e, now) >= r.doubtFor()
		case r.limit > 0 && counting && r.counted(e, now):
			return false
		}
		return e.phase == asking || age(e, now) >= r.remember
	})
	for i := range rec {
		if rec[i].phase == refused && !counting {
			rec[i].phase = forgiven
		}
	}
	return rec
}

// worth is how many refusals would be forgotten with a record: a flood of names shall not
// make room for more guesses at one that was guessed at.
func (r rules) worth(rec record, now time.Time) (n int) {
	for _, e := range r.prune(rec, now) {
		if e.phase != forgiven {
			n++
		}
	}
	return n
}

// counted reports that an entry is a refusal, or may have been one.
func (r rules) counted(e entry, now time.Time) bool {
	return !e.at.After(now.Add(skew)) && (e.phase == refused || e.phase == asking && !r.underway(e, now))
}

// underway reports that somebody is asking and will say how it ended.
func (r rules) underway(e entry, now time.Time) bool {
	return e.phase == asking && age(e, now) < maxAsking && !e.at.After(now.Add(skew)) && r.alive(e.pid)
}

// doubtFor is how long it matters that there was no answer.
func (r rules) doubtFor() time.Duration {
	if r.limit == 0 {
		return unansweredFor
	}
	return doubtFor
}

func age(e entry, now time.Time) time.Duration { return max(0, now.Sub(e.at)) }

// makeRoom returns the record with room for one more entry. What is least needed goes.
func makeRoom(rec record) record {
	for _, p := range []phase{forgiven, unanswered, refused, asking} {
		if len(rec) < maxEntries {
			break
		}
		if i := slices.IndexFunc(rec, func(e entry) bool { return e.phase == p }); i >= 0 {
			rec = slices.Delete(rec, i, i+1)
		}
	}
	return rec
}
