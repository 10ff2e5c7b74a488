package locator

import (
	"encoding/binary"
	"errors"
	"strings"
)

var (
	errReply  = errors.New("the domain controller's description of itself is malformed")
	errPaused = errors.New("the domain controller's Netlogon service is paused")
)

// Operation codes, [MS-ADTS] section 6.3.1.3.
const (
	opLogonResponseEX = 23
	opLogonPausedEX   = 24
	opUserUnknownEX   = 25
)

// Flags of a domain controller, [MS-ADTS] section 6.3.1.2.
const (
	flagClosest  = 0x00000080 // in the client's site
	flagWritable = 0x00000100
)

// Reply is what a domain controller says of itself,
// NETLOGON_SAM_LOGON_RESPONSE_EX of [MS-ADTS] section 6.3.1.9.
type Reply struct {
	Flags         uint32
	DNSDomain     string
	DNSHost       string
	NetBIOSDomain string
	ClientSite    string // where the domain controller thinks that the client is
}

// Near reports that the domain controller is in the client's site.
func (r *Reply) Near() bool { return r.Flags&flagClosest != 0 }

// Writable reports that it has all secrets, and need not ask another.
func (r *Reply) Writable() bool { return r.Flags&flagWritable != 0 }

// parseReply reads the value of the netlogon attribute.
func parseReply(value []byte) (*Reply, error) {
	const fixed = 2 + 2 + 4 + 16 // operation, nothing, flags, GUID of the domain
	if len(value) < fixed {
		return nil, errReply
	}
	switch binary.LittleEndian.Uint16(value) {
	case opLogonResponseEX, opUserUnknownEX:
	case opLogonPausedEX:
		return nil, errPaused
	default:
		return nil, errReply
	}
	// In this order: forest, domain and host in the DNS, domain and computer in
	// NetBIOS, user, the server's site and the client's.
	var names [8]string
	at := fixed
	for i := range names {
		var ok bool
		if names[i], at, ok = readName(value, at); !ok {
			return nil, errReply
		}
	}
	return &Reply{
		Flags:         binary.LittleEndian.Uint32(value[4:]),
		DNSDomain:     names[1],
		DNSHost:       names[2],
		NetBIOSDomain: names[3],
		ClientSite:    names[7],
	}, nil
}

// readName reads a name in the form of RFC 1035 section 4.1.4, whose pointers count
// from the start of the value ([MS-ADTS] section 6.3.7). It returns where what
// follows begins. Pointers lead backwards only, so that they lead to an end.
func readName(b []byte, at int) (name string, next int, ok bool) {
	const maxName = 255
	var labels []string
	size := 0
	for limit := len(b); ; {
		if at >= limit {
			return "", 0, false
		}
		n := int(b[at])
		switch {
		case n == 0:
			if next == 0 {
				next = at + 1
			}
			return strings.Join(labels, "."), next, true
		case n&0xc0 == 0xc0:
			if at+2 > limit {
				return "", 0, false
			}
			if next == 0 {
				next = at + 2
			}
			limit, at = at, (n&0x3f)<<8|int(b[at+1])
		case n&0xc0 != 0 || at+1+n > limit:
			return "", 0, false
		default:
			if size += n + 1; size > maxName {
				return "", 0, false
			}
			labels = append(labels, string(b[at+1:at+1+n]))
			at += 1 + n
		}
	}
}
