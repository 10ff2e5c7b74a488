package dctest

import (
	"encoding/binary"
	"unicode/utf16"

	"squidauth/helper/identity"
	"squidauth/ntlm/netlogon/ndr"
	"squidauth/ntlm/netlogon/nrpc"
	"squidauth/ntlm/netlogon/rpc"
	"squidauth/ntlm/netlogon/ssp"
	"squidauth/ntlm/ntlmssp"
)

// dispatch makes the answer to a call. It is not ok when the call is not allowed.
func (s *session) dispatch(operation uint16, parameters string) (answer []byte, ok bool) {
	r := ndr.NewReader(parameters)
	switch {
	case s.epm && operation == 3:
		return mapped(), true
	case s.epm:
		return nil, false
	case operation == 4:
		return s.reqChallenge(r), true
	case operation == 26:
		return s.authenticate(r), true
	case operation == 39 && s.seal != nil:
		return s.samLogon(r)
	}
	return nil, false
}

// mapped is the answer to ept_map: one tower, of the Netlogon service.
func mapped() []byte {
	floors := [][2][]byte{
		{syntax(rpc.Netlogon), {0, 0}}, {syntax(rpc.NDR), {0, 0}}, {{0x0b}, {0, 0}},
		{{0x07}, {Port >> 8, Port & 0xff}}, {{0x09}, {127, 0, 0, 1}},
	}
	tower := []byte{byte(len(floors)), 0}
	for _, f := range floors {
		for _, part := range f {
			tower = append(binary.LittleEndian.AppendUint16(tower, uint16(len(part))), part...)
		}
	}
	var w ndr.Writer
	w.Raw(make([]byte, 20)) // handle
	w.Uint32(1)
	for _, n := range []uint32{16, 0, 1} { // room, offset, number of towers
		w.Uint32(n)
	}
	w.Pointer()
	w.Uint32(uint32(len(tower)))
	w.Uint32(uint32(len(tower)))
	w.Raw(tower)
	w.Uint32(0)
	return w.Bytes()
}

// syntax is the left-hand side of a floor.
func syntax(s rpc.Syntax) []byte {
	b := append([]byte{0x0d}, s.UUID[:]...)
	return binary.LittleEndian.AppendUint16(b, s.Major)
}

func (s *session) reqChallenge(r *ndr.Reader) []byte {
	r.Pointer()
	wstring(r) // computer
	copy(s.client[:], r.Raw(8))
	s.server = newChallenge()
	var w ndr.Writer
	w.Raw(s.server[:])
	w.Uint32(0)
	return w.Bytes()
}

func (s *session) authenticate(r *ndr.Reader) []byte {
	r.Pointer()
	account := wstring(r)
	r.Uint16()
	r.Align(4)
	computer := wstring(r)
	var proof ssp.Credential
	copy(proof[:], r.Raw(8))
	proof, status := s.dc.agree(account, computer, s.client, s.server, proof)
	var w ndr.Writer
	w.Raw(proof[:])
	w.Uint32(uint32(nrpc.Flags(r.Uint32()) & s.dc.flags()))
	w.Uint32(1118) // AccountRid
	w.Uint32(uint32(status))
	return w.Bytes()
}

// logon is a NETLOGON_NETWORK_INFO.
type logon struct {
	domain, user string
	challenge    [8]byte
	ntResponse   []byte
}

func (s *session) samLogon(r *ndr.Reader) (answer []byte, ok bool) {
	l := readLogon(r)
	if r.End() != nil {
		return nil, false
	}
	u, key, status := s.dc.logon(l)
	var w ndr.Writer
	w.Uint16(6)
	w.Align(4)
	if status == 0 {
		w.Pointer()
		s.validation(&w, l.user, u, key)
	} else {
		w.Null()
	}
	w.Uint8(1) // Authoritative
	w.Uint32(0)
	w.Uint32(uint32(status))
	return w.Bytes(), true
}

func readLogon(r *ndr.Reader) (l logon) {
	r.Pointer() // LogonServer
	r.Pointer()
	wstring(r) // ComputerName
	r.Uint16()
	r.Uint16()
	r.Pointer()
	domain := r.Counted()
	r.Uint32()
	r.Uint32()
	r.Uint32()
	user, workstation := r.Counted(), r.Counted()
	copy(l.challenge[:], r.Raw(8))
	r.Counted()
	r.Counted()
	l.domain, l.user = r.Text(domain), r.Text(user)
	r.Text(workstation)
	l.ntResponse = []byte(r.Raw(r.Varying(1)))
	r.Raw(r.Varying(1)) // LM
	r.Uint16()
	r.Uint32()
	return l
}

// validation writes NETLOGON_VALIDATION_SAM_INFO4.
func (s *session) validation(w *ndr.Writer, name string, u User, key ntlmssp.Key) {
	d := s.dc
	strings := [][]byte{ndr.UTF16(name), ndr.UTF16(name), nil, nil, nil, nil}
	w.Raw(make([]byte, 6*8))
	for _, b := range strings {
		w.Counted(b)
	}
	w.Uint32(0) // counts
	w.Uint32(u.ID)
	w.Uint32(513)
	w.Uint32(uint32(len(u.Groups)))
	w.Pointer()
	w.Uint32(u.Flags)
	w.Raw(key[:])
	server, domain := ndr.UTF16("DC1"), ndr.UTF16(d.Domain)
	w.Counted(server)
	w.Counted(domain)
	w.Pointer()
	w.Raw(make([]byte, 8+4+4+8+8+4+4))
	w.Uint32(uint32(len(u.ExtraSIDs)))
	w.Pointer()
	dns, upn := ndr.UTF16(d.DNSDomain), ndr.UTF16(name+"@"+d.DNSDomain)
	w.Counted(dns)
	w.Counted(upn)
	for range 10 {
		w.Uint32(0)
		w.Null()
	}
	for _, b := range strings {
		w.Content(b, 2)
	}
	groups(w, u)
	w.Content(server, 2)
	w.Content(domain, 2)
	sid(w, d.SID.Binary())
	extra(w, u)
	w.Content(dns, 2)
	w.Content(upn, 2)
}

// attributes are those of the user's groups.
func (u User) attributes() uint32 {
	const enabled = 0x7 // mandatory, enabled by default, enabled
	if u.Attributes == 0 {
		return enabled
	}
	return u.Attributes
}

func groups(w *ndr.Writer, u User) {
	w.Uint32(uint32(len(u.Groups)))
	for _, rid := range u.Groups {
		w.Uint32(rid)
		w.Uint32(u.attributes())
	}
}

func extra(w *ndr.Writer, u User) {
	w.Uint32(uint32(len(u.ExtraSIDs)))
	for range u.ExtraSIDs {
		w.Pointer()
		w.Uint32(u.attributes())
	}
	for _, s := range u.ExtraSIDs {
		sid(w, mustSID(s))
	}
}

func mustSID(s string) []byte {
	sid, err := identity.ParseSID(s)
	if err != nil {
		panic(err)
	}
	return sid.Binary()
}

// sid writes an RPC_SID.
func sid(w *ndr.Writer, packet []byte) {
	w.Uint32(uint32(packet[1]))
	w.Raw(packet)
}

// wstring takes a [string] wchar_t array.
func wstring(r *ndr.Reader) string {
	b := []byte(r.Raw(2 * r.Varying(2)))
	var units []uint16
	for ; len(b) > 2; b = b[2:] { // without the NUL
		units = append(units, binary.LittleEndian.Uint16(b))
	}
	return string(utf16.Decode(units))
}
