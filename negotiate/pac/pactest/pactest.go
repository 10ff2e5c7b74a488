// Package pactest makes Privilege Attribute Certificates for tests. It is an
// encoder of its own, which shares no code with package pac.
package pactest

import (
	"encoding/binary"
	"fmt"
	"time"
	"unicode/utf16"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/types"
)

// Spec says what the PAC is made of. What is zero is left out.
type Spec struct {
	Logon      *Logon
	UPN        *UPN
	Client     string // in CLIENT_INFO, with AuthTime
	AuthTime   time.Time
	Attributes uint32
	Requestor  string   // SID
	Buffers    []Buffer // put in as they are, before the signatures

	Key    types.EncryptionKey // of the server; without it there are no signatures
	KDCKey types.EncryptionKey // Key if zero
}

// Logon is KERB_VALIDATION_INFO, [MS-PAC] section 2.5. SIDs are in string form;
// an empty one is a null pointer.
type Logon struct {
	Name, FullName, Server, Domain string
	DomainSID                      string
	UserID, PrimaryGroup           uint32
	Groups                         []uint32 // relative IDs
	ExtraSIDs                      []string
	ResourceDomain                 string
	ResourceGroups                 []uint32
	UserFlags, UserAccountControl  uint32
}

// UPN is UPN_DNS_INFO, [MS-PAC] section 2.10, extended if there is a SID.
type UPN struct {
	Name, Domain string
	Flags        uint32 // S is set by itself
	SamName, SID string
}

// Buffer is an entry of the PAC, [MS-PAC] section 2.4.
type Buffer struct {
	Type uint32
	Data []byte
}

// Attributes of every group: mandatory, enabled by default, enabled.
const Attributes = 7

// The types of the signatures, [MS-PAC] section 2.4.
const (
	serverSignature = 6
	kdcSignature    = 7
)

// Build makes the PAC. It panics when spec cannot be expressed.
func Build(spec Spec) []byte {
	buffers := spec.buffers()
	if spec.Key.KeyType == 0 {
		pac, _ := assemble(buffers)
		return pac
	}
	if spec.KDCKey.KeyType == 0 {
		spec.KDCKey = spec.Key
	}
	buffers = append(buffers,
		Buffer{serverSignature, signature(spec.Key, nil)},
		Buffer{kdcSignature, signature(spec.KDCKey, nil)})
	pac, offsets := assemble(buffers)
	server, kdc := offsets[len(offsets)-2], offsets[len(offsets)-1]
	sum := signature(spec.Key, pac)
	copy(pac[server:], sum)
	copy(pac[kdc:], signature(spec.KDCKey, sum[4:]))
	return pac
}

func (spec Spec) buffers() []Buffer {
	var list []Buffer
	if spec.Logon != nil {
		list = append(list, Buffer{1, spec.Logon.encode()})
	}
	if spec.Client != "" {
		name := utf16Bytes(spec.Client)
		w := &writer{}
		w.uint64(filetime(spec.AuthTime))
		w.uint16(len(name))
		list = append(list, Buffer{10, append(w.b, name...)})
	}
	if spec.UPN != nil {
		list = append(list, Buffer{12, spec.UPN.encode()})
	}
	if spec.Attributes != 0 {
		w := &writer{}
		w.uint32(2) // length of the flags in bits
		w.uint32(spec.Attributes)
		list = append(list, Buffer{17, w.b})
	}
	if spec.Requestor != "" {
		list = append(list, Buffer{18, sid(spec.Requestor)})
	}
	return append(list, spec.Buffers...)
}

// assemble writes PACTYPE and the buffers, each at a multiple of eight.
func assemble(buffers []Buffer) (pac []byte, offsets []int) {
	w := &writer{}
	w.uint32(uint32(len(buffers)))
	w.uint32(0)
	at := 8 + 16*len(buffers)
	for _, b := range buffers {
		offsets = append(offsets, at)
		w.uint32(b.Type)
		w.uint32(uint32(len(b.Data)))
		w.uint64(uint64(at))
		at += (len(b.Data) + 7) &^ 7
	}
	for _, b := range buffers {
		w.b = append(w.b, b.Data...)
		w.align(8)
	}
	return w.b, offsets
}

// signature makes a PAC_SIGNATURE_DATA, [MS-PAC] section 2.8, of zeros when
// there is no message.
func signature(key types.EncryptionKey, message []byte) []byte {
	etype, err := crypto.GetEtype(key.KeyType)
	if err != nil {
		panic(fmt.Sprintf("pactest: %v", err))
	}
	sum, err := etype.GetChecksumHash(key.KeyValue, message, 17)
	if err != nil {
		panic(fmt.Sprintf("pactest: %v", err))
	}
	if message == nil {
		clear(sum)
	}
	return append(binary.LittleEndian.AppendUint32(nil, uint32(etype.GetHashID())), sum...)
}

// filetime converts to units of 100 ns since the year 1601.
func filetime(t time.Time) uint64 {
	const epoch = 11644473600
	return uint64(t.Unix()+epoch)*1e7 + uint64(t.Nanosecond()/100)
}

func utf16Bytes(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}
