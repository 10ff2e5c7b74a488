package protocol

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// Limits of one request line in bytes, its LF not counted. Both are what Squid
// can send, plus the channel-ID.
const (
	// MaxBasicLine follows Squid's HELPER_INPUT_BUFFER of 8192 bytes.
	MaxBasicLine = 8192 + maxChannelID
	// MaxTokenLine follows Squid's MAX_AUTHTOKEN_LEN of 65535 bytes.
	MaxTokenLine = 65535
)

// headLen is how much of an over-long line is kept: enough for its channel-ID.
const headLen = 64

// ErrTooLong says that a line exceeded the reader's limit. The line has been
// consumed whole, so the next one is read from its start.
var ErrTooLong = errors.New("request line too long")

// Reader reads LF-terminated lines of bounded length. It is not safe for
// concurrent use.
type Reader struct {
	buf  *bufio.Reader
	head [headLen]byte
}

// NewReader returns a Reader of lines of at most limit bytes, LF not counted.
func NewReader(r io.Reader, limit int) *Reader {
	return &Reader{buf: bufio.NewReaderSize(r, limit+1)}
}

// ReadLine returns the next line without its LF and without a CR before it. The
// slice is valid until the next call. A line over the limit is swallowed to its
// LF and answered with its first bytes and ErrTooLong. An unfinished line at the
// end of the input is no request: it is dropped, and the error is io.EOF.
func (r *Reader) ReadLine() ([]byte, error) {
	line, err := r.buf.ReadSlice('\n')
	switch {
	case err == nil:
		return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), nil
	case errors.Is(err, bufio.ErrBufferFull):
		return r.swallow(line)
	default:
		return nil, err
	}
}

// Buffered reports whether input is at hand that needs no read from below.
func (r *Reader) Buffered() bool { return r.buf.Buffered() > 0 }

func (r *Reader) swallow(start []byte) ([]byte, error) {
	head := r.head[:copy(r.head[:], start)]
	for {
		_, err := r.buf.ReadSlice('\n')
		switch {
		case err == nil:
			return head, ErrTooLong
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}
