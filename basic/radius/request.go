package radius

import (
	"encoding/binary"
	"net/netip"

	"squidauth/protocol"
)

// question is what is to be asked. Its parts fit into attributes.
type question struct {
	user     string
	password protocol.Secret
	station  string // Calling-Station-Id; empty: none
}

// NAS is what servers are told of the proxy: in the words of RFC 2865, the network
// access server. The zero NAS has its own address only.
type NAS struct {
	Identifier string // empty: none is sent

	// Address is sent as NAS-IP-Address or NAS-IPv6-Address. Without it, the address
	// that the requests come from is, unless there is an Identifier: one of both
	// there must be (RFC 2865 section 4.1).
	Address netip.Addr

	Port        *uint32 // nil: not sent, as the next two
	PortType    *uint32
	ServiceType *uint32
}

// append appends the attributes. local is where the request comes from.
func (n *NAS) append(dst []byte, local netip.Addr) []byte {
	address := n.Address
	if !address.IsValid() && n.Identifier == "" {
		address = local
	}
	if address = address.Unmap(); address.Is4() {
		dst = appendAttr(dst, attrNASIPAddress, address.AsSlice())
	} else if address.Is6() {
		dst = appendAttr(dst, attrNASIPv6Address, address.AsSlice())
	}
	if n.Identifier != "" {
		dst = appendAttr(dst, attrNASIdentifier, n.Identifier)
	}
	for _, number := range []struct {
		kind  byte
		value *uint32
	}{{attrNASPort, n.Port}, {attrNASPortType, n.PortType}, {attrServiceType, n.ServiceType}} {
		if number.value != nil {
			dst = appendNumber(dst, number.kind, *number.value)
		}
	}
	return dst
}

// appendRequest appends an Access-Request to an empty dst. nas holds the attributes that
// say where it comes from. The Message-Authenticator is the first attribute: what
// somebody could guess stands behind what he cannot know.
func appendRequest(dst []byte, h *hashes, id byte, a *authenticator, q question, nas []byte) []byte {
	dst = append(dst, accessRequest, id, 0, 0)
	dst = append(dst, a[:]...)
	dst = appendAttr(dst, attrMessageAuthenticator, noAuthenticator[:])
	dst = appendAttr(dst, attrUserName, q.user)
	at := len(dst)
	dst = h.appendHidden(append(dst, attrUserPassword, 0), q.password, a)
	dst[at+1] = byte(len(dst) - at)
	if q.station != "" {
		dst = appendAttr(dst, attrCallingStationID, q.station)
	}
	dst = append(dst, nas...)
	binary.BigEndian.PutUint16(dst[2:], uint16(len(dst)))
	const value = headerSize + attrHeaderSize
	copy(dst[value:], h.sign(dst, value, a))
	return dst
}
