package ldapconn

import (
	"crypto/subtle"
	"fmt"
	"sync"
	"time"

	"squidauth/protocol"
)

const (
	// refusedFor is how long a refused password is not sent again.
	refusedFor = 5 * time.Minute

	// goodFor is how long a password that was right is believed to be.
	goodFor = time.Minute
)

// refusal is the password that a server refused last, and the one that was right. It
// may be used from several goroutines.
type refusal struct {
	mu     sync.Mutex
	secret protocol.Secret // empty: none
	until  time.Time
	err    error

	good   protocol.Secret // empty: none
	goodAt time.Time
}

// refusedError is why a bind failed, and why it is not tried with other servers,
// nor again.
type refusedError struct{ answer error }

func (e *refusedError) Error() string {
	return fmt.Sprintf("%s; that is not tried again for %v", words(e.answer), refusedFor)
}

// remember notes what the server answered to the password, and returns it.
func (r *refusal) remember(s protocol.Secret, now time.Time, answer error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secret, r.until, r.err, r.good = s, now.Add(refusedFor), &refusedError{answer}, ""
	return r.err
}

// check returns an error for a password that was refused of late.
func (r *refusal) check(s protocol.Secret, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.secret == "" || subtle.ConstantTimeCompare([]byte(r.secret), []byte(s)) != 1 {
		return nil
	}
	if left := r.until.Sub(now); left <= 0 || left > refusedFor { // or the clock was put back
		return nil
	}
	return r.err
}

// succeed notes that a password was right.
func (r *refusal) succeed(s protocol.Secret, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.good, r.goodAt = s, now
}

// isGood reports whether a password was right of late.
func (r *refusal) isGood(s protocol.Secret, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.good != "" && subtle.ConstantTimeCompare([]byte(r.good), []byte(s)) == 1 && now.Sub(r.goodAt).Abs() < goodFor
}
