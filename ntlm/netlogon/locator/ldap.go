package locator

import (
	"bytes"
	"encoding/binary"
	"errors"
)

var (
	errLDAP    = errors.New("the answer to the LDAP ping is malformed")
	errUnknown = errors.New("the host does not serve the domain")
)

// netlogonAttribute is what an LDAP ping asks the root DSE for.
const netlogonAttribute = "netlogon"

// pingRequest returns the LDAP message of a ping ([MS-ADTS] section 6.3.3).
func pingRequest(realm string) []byte {
	const version5, version5EX = 0x2, 0x4 // NETLOGON_NT_VERSION, section 6.3.1.1
	zero := []byte{0}
	return element(tagSequence,
		element(tagInteger, []byte{1}), // the message's number
		element(tagSearchRequest,
			element(tagOctetString),      // the root DSE …
			element(tagEnumerated, zero), // … and nothing below it
			element(tagEnumerated, zero),
			element(tagInteger, zero),
			element(tagInteger, zero),
			element(tagBoolean, zero),
			element(tagFilterAnd,
				equal("DnsDomain", []byte(realm)),
				equal("NtVer", binary.LittleEndian.AppendUint32(nil, version5|version5EX))),
			element(tagSequence, element(tagOctetString, []byte(netlogonAttribute)))))
}

func equal(attribute string, value []byte) []byte {
	return element(tagFilterEqual, element(tagOctetString, []byte(attribute)), element(tagOctetString, value))
}

// pingValue returns the value of the attribute in the answer's first message, RFC
// 4511 section 4.5.2.
func pingValue(answer []byte) ([]byte, error) {
	message, _, ok := cut(answer, tagSequence)
	if !ok {
		return nil, errLDAP
	}
	_, message, ok = cut(message, tagInteger)
	if !ok {
		return nil, errLDAP
	}
	tag, entry, _, ok := cutElement(message)
	switch {
	case !ok:
		return nil, errLDAP
	case tag != tagSearchEntry:
		return nil, errUnknown
	}
	_, entry, ok = cut(entry, tagOctetString) // the name
	if !ok {
		return nil, errLDAP
	}
	attributes, _, ok := cut(entry, tagSequence)
	if !ok {
		return nil, errLDAP
	}
	return attributeValue(attributes)
}

// attributeValue returns the only value of the first attribute.
func attributeValue(attributes []byte) ([]byte, error) {
	attribute, _, ok := cut(attributes, tagSequence)
	if !ok {
		return nil, errUnknown
	}
	name, attribute, ok := cut(attribute, tagOctetString)
	if !ok || !bytes.EqualFold(name, []byte(netlogonAttribute)) {
		return nil, errLDAP
	}
	values, _, ok := cut(attribute, tagSet)
	if !ok {
		return nil, errLDAP
	}
	value, _, ok := cut(values, tagOctetString)
	if !ok {
		return nil, errLDAP
	}
	return value, nil
}
