package netlogon

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"squidauth/ntlm/netlogon/epm"
	"squidauth/ntlm/netlogon/locator"
)

// DefaultMaxCalls is as many calls as a domain controller answers at the same time
// for one machine, as Windows comes (MaxConcurrentApi).
const DefaultMaxCalls = 10

// Config says which domain verifies, and as which machine it is asked.
type Config struct {
	Domain string // NetBIOS name of the domain
	Realm  string // DNS name of the domain; needed if Controllers is empty

	// Controllers are the domain controllers, the preferred ones first: HOST, or
	// HOST:PORT of the endpoint mapper. If there are none, the DNS is asked.
	Controllers []string

	Account string      // machine account: sAMAccountName, ending in $
	Secret  *SecretFile // its password

	// StateDir is a folder of this user's own for the lock, such as
	// state.DefaultDir returns. It is made if its parent exists.
	StateDir string

	MaxCalls int // to one domain controller at the same time, more wait; 0: DefaultMaxCalls

	Dial     locator.Dial     // nil: a net.Dialer's
	Resolver locator.Resolver // nil: that of the system
	Log      *slog.Logger
	Now      func() time.Time // nil: time.Now

	// Observe is told how each question to a domain controller ended, by several
	// goroutines at a time; nil: nobody is.
	Observe func(controller string, e End)
}

// End is how a question to a domain controller ended.
type End string

// The Ends.
const (
	Answered End = "answered" // a logon, be it yes or no
	Failed   End = "failed"   // no connection, or no answer that counts
	Refused  End = "refused"  // it does not take the machine account
)

// maxNetBIOS is how many characters a NetBIOS name has, [MS-NBTE] section 2.2.1.
const maxNetBIOS = 15

// check completes the defaults and says what is wrong.
func (c *Config) check() error {
	if c.MaxCalls == 0 {
		c.MaxCalls = DefaultMaxCalls
	}
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	if c.Resolver == nil {
		c.Resolver = net.DefaultResolver
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Observe == nil {
		c.Observe = func(string, End) {}
	}
	switch computer, isMachine := strings.CutSuffix(c.Account, "$"); {
	case !isNetBIOS(c.Domain):
		return fmt.Errorf("%q is not the NetBIOS name of a domain, such as EXAMPLE", c.Domain)
	case !isMachine || !isNetBIOS(computer):
		return fmt.Errorf(`%q is not the name of a machine account, such as PROXY$`, c.Account)
	case len(c.Controllers) == 0 && c.Realm == "":
		return errors.New("neither domain controllers are named, nor the realm that has them in the DNS")
	case c.MaxCalls < 0:
		return fmt.Errorf("%d calls at the same time are not enough", c.MaxCalls)
	}
	return nil
}

// isNetBIOS reports that a name can stand in the token of a bind, where it is in an
// unknown character set.
func isNetBIOS(s string) bool {
	for _, b := range []byte(s) {
		if b <= ' ' || b >= 0x7f || strings.IndexByte(`\/:*?"<>|`, b) >= 0 {
			return false
		}
	}
	return s != "" && len(s) <= maxNetBIOS
}

// endpointMapper returns the address of a host's endpoint mapper, and the host.
func endpointMapper(controller string) (address, host string) {
	if host, _, err := net.SplitHostPort(controller); err == nil {
		return controller, host
	}
	host = strings.Trim(controller, "[]") // of an IPv6 address
	return net.JoinHostPort(host, epm.Port), host
}
