package ldapconn

import (
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"squidauth/protocol"
)

// unansweredFor is how long a server does not get a password again that it has not
// answered to. A server that is slow counts a wrong password all the same, and Squid
// asks three times at once what a helper cannot tell: that would be three for one.
const unansweredFor = 3 * time.Second

// maxUnanswered bounds how many are remembered: more than can be under way.
const maxUnanswered = 1000

var errUnanswered = fmt.Errorf("it has not answered to this password before, and does not get it again within %v: it may count each time", unansweredFor)

// unanswered is the passwords that servers did not answer to of late. It may be used
// from several goroutines. The zero value is empty.
type unanswered struct {
	mu    sync.Mutex
	until map[[sha256.Size]byte]time.Time
}

func bindKey(s Server, name string, password protocol.Secret) [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%q %q %q", s, name, string(password)))
}

// add remembers a bind.
func (u *unanswered) add(s Server, name string, password protocol.Secret, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for key, until := range u.until {
		if !now.Before(until) {
			delete(u.until, key)
		}
	}
	if u.until == nil {
		u.until = make(map[[sha256.Size]byte]time.Time)
	}
	if len(u.until) < maxUnanswered {
		u.until[bindKey(s, name, password)] = now.Add(unansweredFor)
	}
}

// has reports whether the same bind was remembered, and not long ago.
func (u *unanswered) has(s Server, name string, password protocol.Secret, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.until) == 0 {
		return false
	}
	left := u.until[bindKey(s, name, password)].Sub(now)
	return left > 0 && left <= unansweredFor // or the clock was put back
}
