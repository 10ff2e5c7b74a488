package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"squidauth/basic"
	"squidauth/helper/watch"
	"squidauth/protocol"
)

// Bounds of what is sent to a server, in bytes.
const (
	maxUser     = 255
	maxPassword = 1 << 10
)

// StartTLS says when a connection that starts plain goes on with TLS.
type StartTLS byte

// The zero StartTLS is Required.
const (
	Required StartTLS = iota
	Offered           // if the server offers it; an attacker can see to it that it does not
	Never
)

// Options of a Backend. The zero value of each field but Servers and Log is usable.
type Options struct {
	Servers  []Server // in the order of preference; at least one
	StartTLS StartTLS // with servers that start plain
	Insecure bool     // permits other machines' servers without TLS

	// CA has the certificates that those of the servers must lead to; nil: the
	// system's. With Offered and without CA certificates are not checked: where there
	// need not be TLS, that would keep no attacker away.
	CA *watch.File[x509.CertPool]

	TLSName string // that the certificates are for; empty: the server's

	// Domain is added behind an @ to names without one, as servers know them. The
	// user is known by the name without.
	Domain string

	Connections int // at most so many at a time; 0: one

	Log *slog.Logger

	// Dial opens network connections; nil means a net.Dialer's DialContext.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	Now  func() time.Time // the clock; nil means time.Now
}

// Backend asks mail servers that know the same users. It may be used from several
// goroutines.
type Backend struct {
	opt     Options
	ranking *ranking
	slots   chan struct{} // as many as connections may be open
}

var _ basic.Backend = (*Backend)(nil)

// New returns a Backend. The error says which server would be sent passwords in the
// clear.
func New(opt Options) (*Backend, error) {
	if len(opt.Servers) == 0 {
		return nil, errors.New("there is no mail server to ask")
	}
	for _, s := range opt.Servers {
		if opt.StartTLS != Required && s.IsExposed() && !opt.Insecure {
			return nil, fmt.Errorf("passwords to %v could be read on the way: use %[2]ss://, or permit it with --insecure", s, s.protocol)
		}
	}
	if opt.Dial == nil {
		opt.Dial = new(net.Dialer).DialContext
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	warn(opt)
	return &Backend{
		opt:     opt,
		ranking: newRanking(len(opt.Servers), opt.Now),
		slots:   make(chan struct{}, max(1, opt.Connections)),
	}, nil
}

// warn says once what the administrator has permitted.
func warn(opt Options) {
	for _, s := range opt.Servers {
		switch {
		case !s.IsExposed() || opt.StartTLS == Required:
		case opt.StartTLS == Offered:
			opt.Log.Warn("passwords are safe from listeners only while the mail server offers STARTTLS, and never from an attacker on the way, who can take the offer away",
				"server", s.String(), "instead", s.protocol.String()+"s://"+s.host)
		default:
			opt.Log.Warn("passwords go to the mail server in the clear, for everybody on the way to read",
				"server", s.String(), "instead", s.protocol.String()+"s://"+s.host)
		}
	}
}

var errBusy = errors.New("all connections to the mail server are in use: it is slow, or --connections is too low for so many logins")

// Authenticate implements basic.Backend. The password is sent to one server, once.
func (b *Backend) Authenticate(ctx context.Context, user string, password protocol.Secret) basic.Verdict {
	if reason := check(user, string(password)); reason != "" {
		return basic.No(reason, "")
	}
	select {
	case b.slots <- struct{}{}:
		defer func() { <-b.slots }()
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		return basic.Undecided(basic.Overloaded, errBusy)
	}
	a, spent, err := b.ask(ctx, user, string(password))
	switch {
	case err != nil && spent:
		return basic.Unanswered(basic.Unavailable, err)
	case err != nil:
		return basic.Undecided(basic.Unavailable, err)
	case a.outcome == protocol.Accepted:
		return basic.Yes(protocol.Identity{User: user})
	case a.outcome == protocol.Denied:
		return basic.No(a.reason, "")
	}
	return basic.Undecided(a.reason, errors.New(a.words))
}

// check returns why a login cannot be sent to a server, empty if it can. An end of a
// line in it would begin another command. White space around a name some servers leave
// out, and to Squid it is another name.
func check(user, password string) basic.Reason {
	const ends = "\r\n\x00"
	switch {
	case strings.ContainsAny(user, ends), len(user) > maxUser, strings.TrimSpace(user) != user:
		return basic.IllegalName
	case strings.ContainsAny(password, ends):
		return IllegalPassword
	case len(password) > maxPassword:
		return basic.PasswordTooLong
	}
	return ""
}

// ask tries the servers in turn until one has been sent the password. The error says
// in words for the operator what each has against it; spent: one has been sent it.
func (b *Backend) ask(ctx context.Context, user, password string) (a answer, spent bool, err error) {
	if b.opt.Domain != "" && !strings.Contains(user, "@") {
		user += "@" + b.opt.Domain
	}
	var problems []string
	order := b.ranking.order()
	for i, number := range order {
		a, spent, err = b.askServer(ctx, len(order)-i, number, user, password)
		b.note(number, a, err)
		if err == nil {
			return a, spent, nil
		}
		problems = append(problems, err.Error())
		if spent || ctx.Err() != nil {
			break
		}
	}
	return answer{}, spent, errors.New(strings.Join(problems, "; "))
}

// note remembers whether a server works, and says so where others take its place.
func (b *Backend) note(number int, a answer, err error) {
	works := err == nil && a.reason != basic.Unavailable
	if !b.ranking.set(number, works) || len(b.opt.Servers) == 1 {
		return
	}
	if works {
		b.opt.Log.Info("the mail server works again", "server", b.opt.Servers[number].String())
		return
	}
	problem := a.words
	if err != nil {
		problem = err.Error()
	}
	b.opt.Log.Warn("a mail server does not work; the others are asked first for a while", "problem", problem)
}

// askServer tries one server, in its part of the time when tries are left. spent: the
// password has been sent.
func (b *Backend) askServer(ctx context.Context, tries, number int, user, password string) (a answer, spent bool, err error) {
	server := b.opt.Servers[number]
	defer func() {
		if err != nil {
			err = fmt.Errorf("%v: %w", server, err)
		}
	}()
	part, cancel := onePart(ctx, tries)
	defer cancel()
	config, err := b.tlsConfig(part, server)
	if err != nil {
		return answer{}, false, err
	}
	conn, err := b.opt.Dial(part, "tcp", server.address)
	if err != nil {
		return answer{}, false, plainError(err)
	}
	s := newSession(part, ctx, conn)
	s.user, s.secrets = user, secretForms(user, password)
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	a, err = b.converse(part, s, server, config, user, password)
	if errors.Is(err, errClosed) && ctx.Err() != nil {
		err = errNoAnswer
	}
	return b.explain(a, s, server, user), s.spent, err
}

// explain completes an answer with words for the operator.
func (b *Backend) explain(a answer, s *session, server Server, user string) answer {
	if a.outcome == protocol.Denied && !s.secured && wantsTLS(s.nameless(a.words)) {
		a.outcome, a.reason = protocol.Unavailable, basic.Unavailable
	}
	if a.outcome == protocol.Accepted {
		return a
	}
	a.words = fmt.Sprintf("%v says: %q", server, s.quote(a.words))
	b.opt.Log.Debug("the mail server refuses a login", "user", user, "reason", string(a.reason), "words", a.words)
	return a
}

// converse is a whole session.
func (b *Backend) converse(ctx context.Context, s *session, server Server, config *tls.Config, user, password string) (answer, error) {
	d := server.protocol.dialogue(s)
	defer func() { s.close(d.goodbye()) }()
	if err := b.begin(ctx, s, d, server, config); err != nil {
		return answer{}, err
	}
	return d.login(user, password)
}

// begin is a session up to where the password is sent.
func (b *Backend) begin(ctx context.Context, s *session, d dialogue, server Server, config *tls.Config) error {
	if server.implicit {
		if err := s.secure(ctx, config); err != nil {
			return err
		}
	}
	if err := d.greet(); err != nil {
		return err
	}
	if server.implicit || b.opt.StartTLS == Never {
		return nil
	}
	begun, err := d.startTLS(b.opt.StartTLS == Required)
	if err == nil && begun {
		err = s.secure(ctx, config)
	}
	return err
}

// onePart returns a context with a part of the time that is left, so that there is as
// much for each try.
func onePart(ctx context.Context, tries int) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(deadline)/time.Duration(tries))
}
