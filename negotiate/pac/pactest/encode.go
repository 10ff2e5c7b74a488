package pactest

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// A writer appends NDR.
type writer struct {
	b   []byte
	ref uint32 // referent IDs count from here
}

func (w *writer) uint16(v int)    { w.b = binary.LittleEndian.AppendUint16(w.b, uint16(v)) }
func (w *writer) uint32(v uint32) { w.b = binary.LittleEndian.AppendUint32(w.b, v) }
func (w *writer) uint64(v uint64) { w.b = binary.LittleEndian.AppendUint64(w.b, v) }
func (w *writer) count(n int)     { w.uint32(uint32(n)) }
func (w *writer) zeros(n int)     { w.b = append(w.b, make([]byte, n)...) }

func (w *writer) align(n int) {
	for len(w.b)%n != 0 {
		w.b = append(w.b, 0)
	}
}

// pointer writes a referent ID, as Windows numbers them, or null.
func (w *writer) pointer(set bool) {
	if !set {
		w.uint32(0)
		return
	}
	w.uint32(0x00020000 + 4*w.ref)
	w.ref++
}

// text writes the fixed part of RPC_UNICODE_STRING.
func (w *writer) text(s string) {
	n := len(utf16Bytes(s))
	w.uint16(n)
	w.uint16(n + 2) // with room for a NUL, as in LogonServer
	w.pointer(true)
}

// content writes what a string points to.
func (w *writer) content(s string) {
	b := utf16Bytes(s)
	w.align(4)
	w.count(len(b)/2 + 1)
	w.count(0)
	w.count(len(b) / 2)
	w.b = append(w.b, b...)
}

// members writes an array of GROUP_MEMBERSHIP, unless it is null.
func (w *writer) members(rids []uint32) {
	if rids == nil {
		return
	}
	w.align(4)
	w.count(len(rids))
	for _, rid := range rids {
		w.uint32(rid)
		w.uint32(Attributes)
	}
}

// sid writes an RPC_SID, unless it is null.
func (w *writer) sid(s string) {
	if s == "" {
		return
	}
	packet := sid(s)
	w.align(4)
	w.count(int(packet[1]))
	w.b = append(w.b, packet...)
}

// encode writes KERB_VALIDATION_INFO with the headers of [MS-RPCE] section
// 2.2.6.
func (l *Logon) encode() []byte {
	w := &writer{}
	w.pointer(true)
	l.fixed(w)
	w.content(l.Name)
	w.content(l.FullName)
	for range 4 {
		w.content("")
	}
	w.members(l.Groups)
	w.content(l.Server)
	w.content(l.Domain)
	w.sid(l.DomainSID)
	if l.ExtraSIDs != nil {
		w.align(4)
		w.count(len(l.ExtraSIDs))
		for _, s := range l.ExtraSIDs {
			w.pointer(s != "")
			w.uint32(Attributes)
		}
		for _, s := range l.ExtraSIDs {
			w.sid(s)
		}
	}
	w.sid(l.ResourceDomain)
	w.members(l.ResourceGroups)
	w.align(8)

	head := &writer{b: []byte{1, 0x10, 8, 0, 0xcc, 0xcc, 0xcc, 0xcc}}
	head.count(len(w.b))
	head.uint32(0)
	return append(head.b, w.b...)
}

// fixed writes what is not behind a pointer.
func (l *Logon) fixed(w *writer) {
	w.zeros(6 * 8)
	w.text(l.Name)
	w.text(l.FullName)
	for range 4 {
		w.text("")
	}
	w.zeros(4)
	w.uint32(l.UserID)
	w.uint32(l.PrimaryGroup)
	w.count(len(l.Groups))
	w.pointer(l.Groups != nil)
	w.uint32(l.UserFlags)
	w.zeros(16)
	w.text(l.Server)
	w.text(l.Domain)
	w.pointer(l.DomainSID != "")
	w.zeros(8)
	w.uint32(l.UserAccountControl)
	w.zeros(28)
	w.count(len(l.ExtraSIDs))
	w.pointer(l.ExtraSIDs != nil)
	w.pointer(l.ResourceDomain != "")
	w.count(len(l.ResourceGroups))
	w.pointer(l.ResourceGroups != nil)
}

// encode writes UPN_DNS_INFO.
func (u *UPN) encode() []byte {
	parts := [][]byte{utf16Bytes(u.Name), utf16Bytes(u.Domain)}
	flags, header := u.Flags, 16
	if u.SID != "" {
		parts = append(parts, utf16Bytes(u.SamName), sid(u.SID))
		flags, header = flags|2, 24
	}
	w, body := &writer{}, &writer{}
	for i, p := range parts {
		if i == 2 {
			w.uint32(flags)
		}
		w.uint16(len(p))
		w.uint16(header + len(body.b))
		body.b = append(body.b, p...)
		body.align(8)
	}
	if len(parts) == 2 {
		w.uint32(flags)
	}
	w.zeros(header - len(w.b))
	return append(w.b, body.b...)
}

// sid encodes the string form of a SID in packet form, [MS-DTYP] section 2.4.2.
func sid(s string) []byte {
	part := strings.Split(s, "-")
	if len(part) < 3 {
		panic(fmt.Sprintf("pactest: %q is no SID", s))
	}
	b := []byte{1, byte(len(part) - 3)}
	for i, p := range part[2:] {
		v, err := strconv.ParseUint(p, 0, 48) // an authority may be hexadecimal
		if err != nil {
			panic(fmt.Sprintf("pactest: %q is no SID", s))
		}
		if i == 0 {
			b = append(b, binary.BigEndian.AppendUint64(nil, v)[2:]...)
		} else {
			b = binary.LittleEndian.AppendUint32(b, uint32(v))
		}
	}
	return b
}
