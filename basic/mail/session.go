package mail

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

// Bounds of what a server may send. The longest lines are lists of capabilities, of
// some 500 bytes; a session takes about 30 lines.
const (
	maxLine  = 8 << 10 // bytes, with its end
	maxLines = 200     // a session
)

var (
	errLine     = errors.New("it sends a line that is too long")
	errLines    = errors.New("it sends more than was asked for")
	errClosed   = errors.New("it closed the connection")
	errNoAnswer = errors.New("no answer in time")
	errEarly    = errors.New("it answers before it is asked")

	// errInjected is the attack of CVE-2011-0411: what comes in with the answer to
	// STARTTLS would count as if TLS had protected it.
	errInjected = errors.New("more came in with the answer to STARTTLS, where TLS protects nothing yet: it, or somebody on the way to it, cannot be trusted")
)

// session is a connection to a server on which one login is tried. It is used by one
// goroutine.
type session struct {
	conn net.Conn // with TLS if there is TLS
	raw  net.Conn
	in   *bufio.Reader
	left int // lines that may still come in

	secured bool      // there is TLS
	whole   time.Time // when the login's time is up; zero: never
	spent   bool      // the password has been sent, or part of it
	user    string    // as the server is told
	secrets []string  // that must not be logged, whoever says them

	// chatty is a server that may say something at any time. What it says must then
	// tell by itself what it is about.
	chatty bool
}

// newSession returns the session on a connection. Until the password is sent it obeys
// ctx, and from then on the context of the whole login, as there is no other try.
func newSession(ctx, whole context.Context, conn net.Conn) *session {
	s := &session{conn: conn, raw: conn, in: bufio.NewReaderSize(conn, maxLine), left: maxLines}
	s.whole, _ = whole.Deadline()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline) // a connection that is closed fails all the same
	}
	return s
}

// line returns the next line without its end.
func (s *session) line() (string, error) {
	if s.left--; s.left < 0 {
		return "", errLines
	}
	line, err := s.in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", errLine
	case err != nil:
		return "", plainError(err)
	}
	return strings.TrimSuffix(string(line[:len(line)-1]), "\r"), nil
}

// send sends a line that has no secret. What a server said before is no answer to it.
func (s *session) send(line string) error {
	if s.in.Buffered() > 0 && !s.chatty {
		return errEarly
	}
	return s.write(line)
}

// sendPassword sends a line with the password in it.
func (s *session) sendPassword(line string) error {
	if s.in.Buffered() > 0 && !s.chatty {
		return errEarly
	}
	s.spent = true
	_ = s.conn.SetDeadline(s.whole)
	return s.write(line)
}

func (s *session) write(line string) error {
	_, err := io.WriteString(s.conn, line+"\r\n")
	return plainError(err)
}

// secure puts TLS on top of the connection.
func (s *session) secure(ctx context.Context, config *tls.Config) error {
	if s.in.Buffered() > 0 {
		return errInjected
	}
	over := tls.Client(s.conn, config)
	if err := over.HandshakeContext(ctx); err != nil {
		return plainError(err)
	}
	s.conn, s.secured = over, true
	s.in.Reset(over)
	return nil
}

// byeTimeout bounds the last word to a server that reads no more.
const byeTimeout = 100 * time.Millisecond

// close says goodbye, and does not wait for the answer.
func (s *session) close(goodbye string) {
	_ = s.conn.SetDeadline(time.Now().Add(byeTimeout))
	_ = s.write(goodbye)
	_ = s.raw.Close()
}

// plainError leaves out of network errors what differs each time.
func plainError(err error) error {
	var op *net.OpError
	var record tls.RecordHeaderError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrClosedPipe):
		return errClosed
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return errNoAnswer
	case errors.As(err, &record):
		return errNotTLS
	case errors.As(err, &op):
		return errors.New(op.Op + ": " + op.Err.Error())
	}
	return err
}

var errNotTLS = errors.New("it does not answer with TLS: does it want a plain connection and STARTTLS, which is a URI without the s before ://?")
