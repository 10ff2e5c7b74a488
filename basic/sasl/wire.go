package sasl

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// maxField is the length in bytes of the longest string that saslauthd takes
// (MAX_REQ_LEN). To longer ones it says NO.
const maxField = 256

// maxReply is the length in bytes of the longest reply that libsasl reads.
const maxReply = 1 << 10

// appendRequest appends the strings of a request. The address of the client is the
// last; saslauthd up to 2.1.28 does not read it, and others wait for it.
func appendRequest(dst []byte, user, password, service, realm string) []byte {
	for _, field := range []string{user, password, service, realm, ""} {
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(field)))
		dst = append(dst, field...)
	}
	return dst
}

var errReply = errors.New("saslauthd's reply is cut short")

// readReply reads the text of a reply.
func readReply(r io.Reader) (string, error) {
	var count [2]byte
	if _, err := io.ReadFull(r, count[:]); err != nil {
		return "", cutShort(err)
	}
	size := int(binary.BigEndian.Uint16(count[:]))
	if size > maxReply {
		return "", fmt.Errorf("saslauthd announces a reply of %d bytes", size)
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(r, text); err != nil {
		return "", cutShort(err)
	}
	return string(text), nil
}

// cutShort: an end in the middle is none that a caller could take for a clean one.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errReply
	}
	return err
}
