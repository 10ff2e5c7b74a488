package child

import (
	"bytes"
	"errors"
)

// The reasons in the log.
const (
	reasonYes       = "authenticated"
	reasonNo        = "child-refused"   // as the program said
	reasonUndecided = "child-undecided" // as the program said
	reasonRequest   = "malformed-request"
	reasonTimeout   = "child-timeout"
	reasonEnded     = "child-ended"
	reasonReply     = "child-reply" // it makes no sense, or there is more than one
	reasonStart     = "child-not-started"
	reasonDown      = "child-down" // it is not started yet, as it failed too often
	reasonLost      = "child-lost-handshake"
)

// textUnavailable is what the client is told when there is no answer.
const textUnavailable = "The login service is not available. Please try again later."

var (
	errRequest = errors.New("a request that is neither YR nor KK with a token, or longer than other programs read")
	errBusy    = errors.New("the program was still busy with an earlier request")
	errTimeout = errors.New("the program did not answer in time")
	errEnded   = errors.New("the program ended without an answer")
	errClosed  = errors.New("the program was ended, as this one is about to be")
	errLost    = errors.New("the program that began this handshake is gone, or began none")
	errSurplus = errors.New("the program said more than one line")
	errUnasked = errors.New("the program spoke although nobody had asked")
	errTooLong = errors.New("the program's reply is too long")
)

// failure is why there is no answer. The cause quotes neither request nor reply.
type failure struct {
	reason string
	cause  error
}

// maxRequest bounds a request in bytes, LF not counted: negotiate_kerberos_auth takes
// a longer line for two. Squid sends hardly more.
const maxRequest = 65532

// parseVerb says whether a line begins a handshake, and whether it is a request at
// all: one that the program would read as no or as two requests must not reach it.
func parseVerb(line []byte) (first, ok bool) {
	if len(line) <= len("YR ") || len(line) > maxRequest || line[2] != ' ' || bytes.ContainsAny(line, "\n\x00") {
		return false, false
	}
	verb := string(line[:2])
	return verb == "YR", verb == "YR" || verb == "KK"
}
