package ntlm

import (
	"bytes"
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"squidauth/ntlm/ntlmssp"
)

// Server is the server's side of one handshake: tokens in, tokens out. It is used by
// one goroutine, and once.
type Server struct {
	acceptor *Acceptor
	state    state

	// The messages so far, as they were sent, and what of them counts.
	negotiate, sent []byte
	challenge       [8]byte

	uses   int                  // clients that may still answer the challenge
	proofs map[ntlmssp.Key]bool // of those that did, if there may be several
}

type state byte

const (
	waitsForNegotiate state = iota
	waitsForAuthenticate
	ended
)

// Step is what a token led to. The zero Step lets nobody in.
type Step struct {
	Token  []byte  // for the client, until there is a Client
	Client *Client // set when the client is authenticated
}

// Client is who was authenticated.
type Client struct {
	Account
	Attempt Attempt

	session ntlmssp.Key // zero: it is not known
	flags   ntlmssp.Flags
}

// MIC signs the first message of the server's to this client ([MS-NLMP] section
// 3.4.4.2), as SPNEGO does with its list of mechanisms.
func (c *Client) MIC(message []byte) ([]byte, error) {
	return c.sign(ntlmssp.ServerSide, message)
}

// VerifyMIC checks the client's signature of its first message.
func (c *Client) VerifyMIC(message, mic []byte) error {
	own, err := c.sign(ntlmssp.ClientSide, message)
	if err != nil {
		return err
	}
	if !hmac.Equal(own, mic) {
		return errSignature
	}
	return nil
}

func (c *Client) sign(side ntlmssp.Side, message []byte) ([]byte, error) {
	if c.session == (ntlmssp.Key{}) {
		return nil, errNoKey
	}
	s, err := c.session.FirstSignature(side, c.flags, message)
	return s[:], err
}

// Attempt is who wants to be authenticated, and how. All of it is what the client
// says, and the names may be any that have no control characters.
type Attempt struct {
	Domain, User, Workstation string
	Form                      ntlmssp.Form
}

// String returns DOMAIN\user, or the user if there is no domain.
func (a Attempt) String() string {
	if a.Domain == "" {
		return a.User
	}
	return a.Domain + `\` + a.User
}

// version returns the version of NTLM; empty, if that is not known.
func (a Attempt) version() string {
	if a == (Attempt{}) {
		return ""
	}
	return a.Form.String()
}

// client says which version of NTLM came from where; nothing, if that is not known.
func (a Attempt) client() string {
	if a.Workstation == "" {
		return a.version()
	}
	return a.version() + " from " + a.Workstation
}

// maxName bounds each name in an AUTHENTICATE message, in bytes of UTF-8. Windows
// knows users' names of 256 characters.
const maxName = 1024

// oldResponse is the length of all responses that are not NTLMv2, in bytes.
const oldResponse = 24

var (
	errEnded      = errors.New("a token after the end of the handshake")
	errLM         = errors.New("the client answers with LM, which is never accepted, or with LMv2 alone, which is if it is permitted")
	errV1         = errors.New("the client answers with NTLMv1, which can be broken in short time: have it use NTLMv2 (LmCompatibilityLevel 3 or more)")
	errNoMIC      = errors.New("the client's response says that there is a MIC, and there is none: somebody took it out on the way")
	errWrongMIC   = errors.New("the MIC does not fit the messages: somebody changed them on the way")
	errNoKey      = errors.New("the MIC cannot be checked, as the verifier returned no session key")
	errSignature  = errors.New("the signature does not fit the message")
	errResponse   = errors.New("the response has not the length of any")
	errReplay     = errors.New("the same response came twice")
	errNoAccount  = errors.New("a bug of this program: the verifier said yes to nobody; please report it")
	errUnexpected = errors.New("the client goes on with a handshake that it did not begin here")
)

// NewServer returns a Server that accepts what the acceptor accepts.
func NewServer(a *Acceptor) *Server { return &Server{acceptor: a} }

// Next takes a token of the client's: the NEGOTIATE message, for which there is a
// challenge, and then AUTHENTICATE. An empty token counts as a NEGOTIATE message
// that was not passed on. After an error, or a Step with a Client, the handshake is
// over, unless the challenge is for several clients. The error is an *Error.
func (s *Server) Next(ctx context.Context, token []byte) (Step, error) {
	was := s.state
	s.state = ended // until something better is known
	switch was {
	case waitsForNegotiate:
		return s.start(token)
	case waitsForAuthenticate:
		if s.uses--; s.uses > 0 {
			s.state = waitsForAuthenticate
		}
		return s.authenticate(ctx, token)
	}
	return Step{}, &Error{Reason: OutOfOrder, cause: errEnded}
}

// open reports whether the challenge may be answered, or answered once more.
func (s *Server) open() bool { return s.state == waitsForAuthenticate }

func (s *Server) start(token []byte) (Step, error) {
	asked := assumed
	if len(token) > 0 {
		n, err := ntlmssp.ParseNegotiate(token)
		if err != nil {
			if _, mistaken := ntlmssp.ParseAuthenticate(token); mistaken == nil {
				err = errUnexpected
			}
			return Step{}, &Error{Reason: Malformed, cause: err}
		}
		asked = n.Flags
	}
	a := s.acceptor
	c, err := a.challenge(asked)
	if err != nil {
		return Step{}, &Error{Reason: NoRandom, Undecided: true, cause: err}
	}
	s.uses = max(1, a.ChallengeUses)
	// A client that is told the time adds a MIC over all messages ([MS-NLMP]
	// section 3.1.5.1.2), which can be checked only if this one was seen.
	if len(token) > 0 && s.uses == 1 {
		c.TargetInfo = append(c.TargetInfo, ntlmssp.Timestamp(a.Now()))
	}
	s.negotiate, s.sent, s.challenge = bytes.Clone(token), c.Append(nil), c.ServerChallenge
	s.state = waitsForAuthenticate
	return Step{Token: s.sent}, nil
}

// An answer is an AUTHENTICATE message and what is known of it before anybody is
// asked.
type answer struct {
	ntlmssp.Authenticate
	token   []byte
	attempt Attempt
	mic     bool // the response says that there is one
}

func (s *Server) authenticate(ctx context.Context, token []byte) (Step, error) {
	a := answer{token: token}
	logon, err := s.read(&a)
	if err != nil {
		err.Attempt = a.attempt
		return Step{}, err
	}
	v := s.acceptor.Verifier.Verify(ctx, logon)
	switch {
	case v.outcome == no:
		return Step{}, &Error{Reason: v.reason, Attempt: a.attempt, cause: v.cause}
	case v.outcome != yes:
		return Step{}, &Error{Reason: v.reason, Attempt: a.attempt, cause: v.cause, Undecided: true}
	case v.account == nil:
		return Step{}, &Error{Reason: BadVerdict, Attempt: a.attempt, cause: errNoAccount, Undecided: true}
	}
	session, keyErr := s.sessionKey(&a, v.account)
	if err := s.checkMIC(&a, session, keyErr); err != nil {
		return Step{}, &Error{Reason: BadMIC, Attempt: a.attempt, cause: err, Undecided: errors.Is(err, errNoKey)}
	}
	return Step{Client: &Client{*v.account, a.attempt, session, a.Flags}}, nil
}

// read takes the message apart, and refuses what nobody need be asked about.
func (s *Server) read(a *answer) (*Logon, *Error) {
	var err error
	if a.Authenticate, err = ntlmssp.ParseAuthenticate(a.token); err != nil {
		return nil, &Error{Reason: Malformed, cause: err}
	}
	for _, name := range []string{a.User, a.Domain, a.Workstation} {
		if len(name) > maxName || strings.ContainsFunc(name, unicode.IsControl) {
			return nil, &Error{Reason: IllegalName, cause: fmt.Errorf("a name has control characters, or more than %d bytes", maxName)}
		}
	}
	a.attempt = Attempt{a.Domain, a.User, a.Workstation, a.Form()}
	switch {
	case a.User == "" || a.attempt.Form == ntlmssp.NoResponse:
		return nil, &Error{Reason: Anonymous}
	case strings.EqualFold(a.User, "guest"):
		return nil, &Error{Reason: Guest}
	case s.acceptor.permits(a.attempt.Form):
		return s.logon(a)
	case a.attempt.Form == ntlmssp.LMOnly:
		return nil, &Error{Reason: OldVersion, cause: errLM}
	}
	return nil, &Error{Reason: OldVersion, cause: errV1}
}

// logon returns what the verifier is asked. It is told of one response only: an LMv2
// response beside an NTLMv2 response could be right when that was tampered with, and
// vouches for nothing that stands in it.
func (s *Server) logon(a *answer) (*Logon, *Error) {
	l := &Logon{Challenge: s.challenge, Domain: a.Domain, User: a.User, Workstation: a.Workstation}
	switch a.attempt.Form {
	case ntlmssp.NTLMv2:
		l.NTResponse = a.NTResponse
		return l, s.checkResponse(a)
	case ntlmssp.LMOnly:
		l.LMResponse = a.LMResponse
	case ntlmssp.NTLM2Session:
		l.Challenge = ntlmssp.NTLM2Challenge(s.challenge, [8]byte(a.LMResponse))
		l.NTResponse = a.NTResponse
	default:
		l.NTResponse = a.NTResponse
	}
	if len(l.LMResponse)+len(l.NTResponse) != oldResponse {
		return nil, &Error{Reason: Malformed, cause: errResponse}
	}
	return l, nil
}

// checkResponse looks at what an NTLMv2 response says besides the proof.
func (s *Server) checkResponse(a *answer) *Error {
	r, err := ntlmssp.ParseResponse(a.NTResponse)
	if err != nil {
		return &Error{Reason: Malformed, cause: err}
	}
	a.mic = r.Pairs.HasMIC()
	if a.mic && bytes.Count(a.MIC, []byte{0}) == len(a.MIC) {
		return &Error{Reason: BadMIC, cause: errNoMIC}
	}
	if s.acceptor.ChallengeUses <= 1 {
		return nil
	}
	if s.proofs[r.Proof] {
		return &Error{Reason: Replay, cause: errReplay}
	}
	if s.proofs == nil {
		s.proofs = make(map[ntlmssp.Key]bool)
	}
	s.proofs[r.Proof] = true
	return nil
}

// sessionKey returns the key that client and server now share.
func (s *Server) sessionKey(a *answer, account *Account) (ntlmssp.Key, error) {
	base := account.SessionBaseKey
	if base == (ntlmssp.Key{}) {
		return base, errNoKey
	}
	return base.ExchangeKey(a.attempt.Form, s.challenge, a.LMResponse).Exchanged(&a.Authenticate)
}

// checkMIC makes sure that the messages are those that the client saw, [MS-NLMP]
// section 3.2.5.1.2.
func (s *Server) checkMIC(a *answer, session ntlmssp.Key, keyErr error) error {
	switch {
	case !a.mic:
		return nil
	case keyErr != nil:
		return keyErr
	}
	mic := ntlmssp.MIC(session, s.negotiate, s.sent, a.token)
	if !hmac.Equal(mic[:], a.MIC) {
		return errWrongMIC
	}
	return nil
}
