package netlogon

import (
	"fmt"
	"time"

	"squidauth/ntlm/netlogon/nrpc"
)

// While a domain controller refuses the machine account, it is asked ever more
// seldom, by all processes together: more would fill its log, or lock the account.
const (
	firstBackoff = 5 * time.Second
	lastBackoff  = 5 * time.Minute
)

// refusal is what is remembered of a refused machine account, and left for other
// processes in the lock's file. The zero refusal is none.
type refusal struct {
	times  int         // one after the other
	until  time.Time   // nobody asks again before
	secret uint32      // fingerprint of the secrets that were tried
	status nrpc.Status // of the domain controller
}

// in says whether it is too early to try these secrets.
func (r refusal) in(now time.Time, s secrets) bool {
	left := r.until.Sub(now)
	return r.times > 0 && r.secret == s.fingerprint() && left > 0 && left <= lastBackoff // else the clock was put back
}

// or returns what goes for these secrets of a note and of what this process itself
// remembers: the note may have been lost, or be of others.
func (r refusal) or(own refusal, s secrets) refusal {
	print := s.fingerprint()
	if own.times > 0 && own.secret == print && (r.times == 0 || r.secret != print || r.until.Before(own.until)) {
		return own
	}
	return r
}

// again returns what is remembered after one more refusal.
func (r refusal) again(now time.Time, s secrets, status nrpc.Status) refusal {
	times := 1
	if r.secret == s.fingerprint() {
		times = r.times + 1
	}
	backoff := lastBackoff
	if shift := times - 1; shift < 6 {
		backoff = firstBackoff << shift
	}
	return refusal{times: times, until: now.Add(backoff), secret: s.fingerprint(), status: status}
}

const noteFormat = "refused 1 %d %d %08x %08x\n" // the version is 1

// String is the note in the lock's file.
func (r refusal) String() string {
	if r.times == 0 {
		return ""
	}
	return fmt.Sprintf(noteFormat, r.times, r.until.UnixNano(), r.secret, uint32(r.status))
}

// parseRefusal reads a note. One that is not understood is none.
func parseRefusal(note string) (r refusal) {
	var until int64
	var status uint32
	if n, err := fmt.Sscanf(note, noteFormat, &r.times, &until, &r.secret, &status); n != 4 || err != nil || r.times < 1 {
		return refusal{}
	}
	r.until, r.status = time.Unix(0, until), nrpc.Status(status)
	return r
}
