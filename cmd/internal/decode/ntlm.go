package decode

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode/utf16"

	"squidauth/ntlm/ntlmssp"
)

// ntlm prints one of the three messages ([MS-NLMP] section 2.2.1).
func (d *decoder) ntlm(w *writer, token []byte) {
	const typeAt = 8
	kind := uint32(0)
	if len(token) >= typeAt+4 {
		kind = binary.LittleEndian.Uint32(token[typeAt:])
	}
	names := map[uint32]string{1: "NEGOTIATE (type 1)", 2: "CHALLENGE (type 2)", 3: "AUTHENTICATE (type 3)"}
	if names[kind] == "" {
		w.say("NTLM, %d bytes, of no known type", len(token))
		return
	}
	w.say("NTLM, %s, %d bytes", names[kind], len(token))
	w.inside(func() {
		var err error
		switch kind {
		case 1:
			err = d.negotiate(w, token)
		case 2:
			err = d.challenge(w, token)
		case 3:
			err = d.authenticate(w, token)
		}
		if err != nil {
			w.say("cannot be read: %v", err)
		}
	})
}

func (d *decoder) negotiate(w *writer, token []byte) error {
	m, err := ntlmssp.ParseNegotiate(token)
	if err != nil {
		return err
	}
	flags(w, m.Flags)
	w.field("domain", "%s", m.Domain)
	w.field("workstation", "%s", m.Workstation)
	version(w, m.Flags, m.Version)
	return nil
}

func (d *decoder) challenge(w *writer, token []byte) error {
	m, err := ntlmssp.ParseChallenge(token)
	if err != nil {
		return err
	}
	flags(w, m.Flags)
	w.field("server challenge", "%s", hex.EncodeToString(m.ServerChallenge[:]))
	w.field("target name", "%s", m.TargetName)
	d.pairs(w, "target info", m.TargetInfo)
	version(w, m.Flags, m.Version)
	return nil
}

func (d *decoder) authenticate(w *writer, token []byte) error {
	m, err := ntlmssp.ParseAuthenticate(token)
	if err != nil {
		return err
	}
	flags(w, m.Flags)
	w.field("domain", "%s", m.Domain)
	w.field("user", "%s", m.User)
	w.field("workstation", "%s", m.Workstation)
	w.field("version of NTLM", "%s", m.Form())
	w.field("LM response", "%s", d.secret(m.LMResponse))
	w.field("NT response", "%s", d.secret(m.NTResponse))
	if m.Form() == ntlmssp.NTLMv2 {
		d.blob(w, m.NTResponse)
	}
	w.field("session key", "%s", d.secret(m.EncryptedRandomSessionKey))
	w.field("MIC", "%s", d.secret(m.MIC))
	version(w, m.Flags, m.Version)
	return nil
}

// blob prints what the client adds to its NTLMv2 response.
func (d *decoder) blob(w *writer, response []byte) {
	r, err := ntlmssp.ParseResponse(response)
	if err != nil {
		w.field("blob", "cannot be read: %v", err)
		return
	}
	const timeAt = 8
	w.inside(func() {
		w.field("client's clock", "%s", d.fileTime(r.Blob[timeAt:]))
		d.pairs(w, "AV pairs", r.Pairs)
	})
}

// pairNames are the names of AvIds ([MS-NLMP] section 2.2.2.1).
var pairNames = map[ntlmssp.AVID]string{
	ntlmssp.AvNbComputerName: "NetBIOS computer", ntlmssp.AvNbDomainName: "NetBIOS domain",
	ntlmssp.AvDNSComputerName: "DNS computer", ntlmssp.AvDNSDomainName: "DNS domain", ntlmssp.AvDNSTreeName: "DNS tree",
	ntlmssp.AvFlags: "flags", ntlmssp.AvTimestamp: "timestamp", ntlmssp.AvSingleHost: "single host",
	ntlmssp.AvTargetName: "target name", ntlmssp.AvChannelBindings: "channel bindings",
}

func (d *decoder) pairs(w *writer, name string, pairs ntlmssp.AVPairs) {
	if len(pairs) == 0 {
		return
	}
	w.say("%s", name)
	w.inside(func() {
		for _, p := range pairs {
			name, known := pairNames[p.ID]
			if !known {
				name = fmt.Sprintf("AvId %d", p.ID)
			}
			w.field(name, "%s", d.pair(p))
		}
	})
}

func (d *decoder) pair(p ntlmssp.AVPair) string {
	switch p.ID {
	case ntlmssp.AvTimestamp:
		return d.fileTime(p.Value)
	case ntlmssp.AvFlags, ntlmssp.AvSingleHost, ntlmssp.AvChannelBindings:
		return hex.EncodeToString(p.Value)
	}
	if pairNames[p.ID] == "" {
		return hex.EncodeToString(p.Value)
	}
	units := make([]uint16, len(p.Value)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(p.Value[2*i:])
	}
	return string(utf16.Decode(units))
}

// fileTime prints a FILETIME: 100 ns since 1601.
func (d *decoder) fileTime(value []byte) string {
	if len(value) < 8 {
		return "cannot be read"
	}
	const ticks, epoch = 10_000_000, 11_644_473_600
	ft := binary.LittleEndian.Uint64(value)
	return d.clock(time.Unix(int64(ft/ticks)-epoch, int64(ft%ticks)*100))
}

// clock prints a time of somebody else's clock, and how far it is from ours.
func (d *decoder) clock(t time.Time) string {
	text := t.UTC().Format(time.RFC3339)
	const far = 10 * 365 * 24 * time.Hour
	switch from := t.Sub(d.now).Round(time.Second); {
	case from < -far || from > far:
		return text
	case from < 0:
		return fmt.Sprintf("%s (%v ago)", text, -from)
	default:
		return fmt.Sprintf("%s (in %v)", text, from)
	}
}

// flagNames are the names of the flags, without the prefix NTLMSSP_.
var flagNames = []struct {
	flag ntlmssp.Flags
	name string
}{
	{ntlmssp.NegotiateUnicode, "UNICODE"}, {ntlmssp.NegotiateOEM, "OEM"}, {ntlmssp.RequestTarget, "REQUEST_TARGET"},
	{ntlmssp.NegotiateSign, "SIGN"}, {ntlmssp.NegotiateSeal, "SEAL"}, {ntlmssp.NegotiateDatagram, "DATAGRAM"},
	{ntlmssp.NegotiateLMKey, "LM_KEY"}, {ntlmssp.NegotiateNTLM, "NTLM"}, {ntlmssp.Anonymous, "ANONYMOUS"},
	{ntlmssp.NegotiateOEMDomainSupplied, "DOMAIN_SUPPLIED"}, {ntlmssp.NegotiateOEMWorkstationSupplied, "WORKSTATION_SUPPLIED"},
	{ntlmssp.NegotiateAlwaysSign, "ALWAYS_SIGN"}, {ntlmssp.TargetTypeDomain, "TARGET_TYPE_DOMAIN"},
	{ntlmssp.TargetTypeServer, "TARGET_TYPE_SERVER"}, {ntlmssp.NegotiateExtendedSessionSecurity, "EXTENDED_SESSIONSECURITY"},
	{ntlmssp.NegotiateIdentify, "IDENTIFY"}, {ntlmssp.RequestNonNTSessionKey, "NON_NT_SESSION_KEY"},
	{ntlmssp.NegotiateTargetInfo, "TARGET_INFO"}, {ntlmssp.NegotiateVersion, "VERSION"}, {ntlmssp.Negotiate128, "128"},
	{ntlmssp.NegotiateKeyExch, "KEY_EXCH"}, {ntlmssp.Negotiate56, "56"},
}

func flags(w *writer, f ntlmssp.Flags) {
	var names []string
	rest := f
	for _, n := range flagNames {
		if f.Has(n.flag) {
			names = append(names, n.name)
			rest &^= n.flag
		}
	}
	if rest != 0 {
		names = append(names, fmt.Sprintf("and 0x%08x", uint32(rest)))
	}
	w.field("flags", "0x%08x %s", uint32(f), strings.Join(names, " "))
}

func version(w *writer, f ntlmssp.Flags, v ntlmssp.Version) {
	if f.Has(ntlmssp.NegotiateVersion) {
		w.field("version", "%d.%d, build %d", v[0], v[1], binary.LittleEndian.Uint16(v[2:]))
	}
}
