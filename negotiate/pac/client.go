package pac

import (
	"errors"
	"strings"
	"time"
	"unicode/utf8"
)

var (
	errClientName = errors.New("the name is not UTF-16, or has U+FFFD")
	errNoClient   = errors.New("pac: there is no readable CLIENT_INFO")
	errOtherName  = errors.New("pac: CLIENT_INFO names another client than the ticket")
	errOtherTime  = errors.New("pac: CLIENT_INFO is of another time than the ticket")
)

// ClientInfo is PAC_CLIENT_INFO, [MS-PAC] section 2.7.
type ClientInfo struct {
	Name     string
	AuthTime time.Time
}

// readClientInfo reads PAC_CLIENT_INFO; nil is a fault.
func readClientInfo(c *cursor) *ClientInfo {
	info := &ClientInfo{AuthTime: filetime(c.uint64())}
	info.Name = c.text(int(c.uint16()))
	if strings.ContainsRune(info.Name, utf8.RuneError) {
		c.fail(errClientName) // or two names could look the same
	}
	if c.err != nil {
		return nil
	}
	return info
}

// CheckClient tells whether the PAC belongs to the ticket that it is in: its
// CLIENT_INFO must have the client's name and the ticket's authtime ([MS-PAC]
// section 2.7). The name is the ticket's cname with "/" between components; only
// for S4U2Self across realms "@" and the realm follow. Times are compared in
// seconds, as Kerberos has no others.
func (p *PAC) CheckClient(name string, authtime time.Time) error {
	switch {
	case p.Client == nil:
		return errNoClient
	case p.Client.Name != name:
		return errOtherName
	case p.Client.AuthTime.Unix() != authtime.Unix():
		return errOtherTime
	}
	return nil
}

// filetime converts a FILETIME, [MS-DTYP] section 2.3.3: units of 100 ns since
// the year 1601.
func filetime(t uint64) time.Time {
	const perSecond, epoch = 1e7, 11644473600
	return time.Unix(int64(t/perSecond)-epoch, int64(t%perSecond)*100).UTC()
}
