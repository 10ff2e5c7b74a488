//go:build !unix

package ldapconn

import (
	"net"
	"time"
)

// looker returns what looks whether something came in on a connection, which is not
// known how to do here.
func looker(net.Conn) func(wait time.Duration) presence { return lookBlindly }
