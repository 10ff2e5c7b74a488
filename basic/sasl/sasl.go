package sasl

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"strings"
	"syscall"

	"squidauth/basic"
	"squidauth/helper/watch"
	"squidauth/protocol"
)

// Sockets are where saslauthd listens as a rule.
var sockets = []string{"/run/saslauthd/mux", "/var/run/saslauthd/mux", "/var/state/saslauthd/mux"}

// maxLogin bounds in bytes what saslauthd makes of user and realm when it is told to
// join them (-r): it would cut the rest off, and might let in somebody else.
const maxLogin = 2 * maxField

// IllegalPassword is the reason for refusing a password that saslauthd cannot be sent.
const IllegalPassword basic.Reason = "illegal-password"

// Options of a Backend. The zero value of each field but Log is usable.
type Options struct {
	Socket  string // of saslauthd; empty: where it is as a rule
	Service string // that saslauthd is to check for: the name of a service of PAM

	// Realm goes with every user, or with SplitRealm with those that name none.
	Realm string

	// SplitRealm takes what stands behind the last @ of a name for the realm, as
	// libsasl does. A mechanism of saslauthd that does not look at realms then lets
	// bob in as bob@anything.
	SplitRealm bool

	// Config, if it is there, must say that saslauthd is to be asked, and may say
	// where it listens.
	Config *watch.File[Settings]

	Connections int // at most so many at a time; 0: one

	Log *slog.Logger

	// Dial opens connections; nil means a net.Dialer's DialContext.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Backend asks saslauthd. It may be used from several goroutines.
type Backend struct {
	opt   Options
	slots chan struct{} // as many as connections may be open
}

var _ basic.Backend = (*Backend)(nil)

// New returns a Backend. The error says which option saslauthd cannot take.
func New(opt Options) (*Backend, error) {
	for name, value := range map[string]string{"service": opt.Service, "realm": opt.Realm} {
		if len(value) > maxField || strings.Contains(value, "\x00") {
			return nil, fmt.Errorf("the %s is longer than the %d bytes that saslauthd takes", name, maxField)
		}
	}
	if opt.Dial == nil {
		opt.Dial = new(net.Dialer).DialContext
	}
	return &Backend{opt: opt, slots: make(chan struct{}, max(1, opt.Connections))}, nil
}

var (
	errBusy     = errors.New("all connections to saslauthd are in use: it is slow, or it has too few processes (its option -n) for so many logins")
	errNoAnswer = errors.New("saslauthd does not answer in time: it is stuck, what it asks is, or it has too few processes (its option -n)")
)

// Authenticate implements basic.Backend.
func (b *Backend) Authenticate(ctx context.Context, user string, password protocol.Secret) basic.Verdict {
	login, realm := b.split(user)
	if reason := check(login, string(password), realm); reason != "" {
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
	reply, sent, err := b.ask(ctx, appendRequest(nil, login, string(password), b.opt.Service, realm))
	switch {
	case err != nil && sent:
		return basic.Unanswered(basic.Unavailable, err)
	case err != nil:
		return basic.Undecided(basic.Unavailable, err)
	}
	words := quote(reply, string(password))
	switch a := read(reply); a.outcome {
	case protocol.Accepted:
		return basic.Yes(protocol.Identity{User: user})
	case protocol.Denied:
		b.opt.Log.Debug("saslauthd refuses a login", "user", user, "reason", string(a.reason), "words", words)
		return basic.No(a.reason, "")
	}
	return basic.Undecided(basic.Unavailable, fmt.Errorf("saslauthd cannot tell, and says %q: its own log may say more", words))
}

// split returns the name and the realm that saslauthd is told.
func (b *Backend) split(user string) (login, realm string) {
	at := strings.LastIndexByte(user, '@')
	if !b.opt.SplitRealm || at < 0 {
		return user, b.opt.Realm
	}
	return user[:at], user[at+1:]
}

// check returns why saslauthd cannot be asked, empty if it can. It reads strings up to
// a NUL, and passes on the ends of lines, which mean something to a mail server. White
// space around a name some mechanisms leave out, and to Squid it is another name.
func check(login, password, realm string) basic.Reason {
	const ends = "\r\n\x00"
	switch {
	case login == "", strings.ContainsAny(login+realm, ends), strings.TrimSpace(login) != login, strings.TrimSpace(realm) != realm:
		return basic.IllegalName
	case len(login) > maxField, len(realm) > maxField, len(login)+1+len(realm) > maxLogin:
		return basic.IllegalName
	case strings.ContainsAny(password, ends):
		return IllegalPassword
	case len(password) > maxField:
		return basic.PasswordTooLong
	}
	return ""
}

// ask sends a request and returns the reply. The error says in words for the operator
// what is wrong; sent reports that saslauthd has got all of the request.
func (b *Backend) ask(ctx context.Context, request []byte) (reply string, sent bool, err error) {
	path, err := b.socket(ctx)
	if err != nil {
		return "", false, err
	}
	conn, err := b.opt.Dial(ctx, "unix", path)
	if err != nil {
		return "", false, explain(ctx, path, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline) // a connection that is closed fails all the same
	}
	if _, err := conn.Write(request); err != nil {
		return "", false, explain(ctx, path, err)
	}
	if reply, err = readReply(conn); err != nil {
		return "", true, explain(ctx, path, err)
	}
	return reply, true, nil
}

// socket returns where saslauthd listens.
func (b *Backend) socket(ctx context.Context) (string, error) {
	if b.opt.Config != nil {
		settings, err := b.opt.Config.Current(ctx)
		if err != nil && settings == nil {
			return "", fmt.Errorf("nothing says that saslauthd is to be asked: %w", err)
		}
		if settings.socket != "" && b.opt.Socket == "" {
			return settings.socket, nil
		}
	}
	if b.opt.Socket != "" {
		return b.opt.Socket, nil
	}
	for _, path := range sockets {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return path, nil
		}
	}
	return "", fmt.Errorf("saslauthd has no socket at %s: it does not run, or --socket is to say where it listens", strings.Join(sockets, ", "))
}

// explain says what an error means, and what to do.
func explain(ctx context.Context, path string, err error) error {
	switch {
	case ctx.Err() != nil, errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%s: %w", path, errNoAnswer)
	case errors.Is(err, errReply):
		return fmt.Errorf("%s: %w: it was stopped, or one of its processes died", path, err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s is not there: saslauthd does not run, or listens elsewhere", path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s may not be used: the user that Squid's helpers run as must be in the socket's group, sasl as a rule, and squid.conf must have no cache_effective_group", path)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nobody listens at %s: saslauthd was stopped", path)
	case errors.Is(err, syscall.EAGAIN):
		return fmt.Errorf("%s: too many wait for saslauthd: it is stuck, or has too few processes (its option -n)", path)
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err // without the addresses
	}
	return fmt.Errorf("%s: %w", path, err)
}

// maxWords bounds in bytes what is logged of a reply.
const maxWords = 200

// quote returns a reply for the log, but not one that repeats the password.
func quote(reply, password string) string {
	if strings.Contains(reply, password) {
		return "(words that repeat the password)"
	}
	if len(reply) > maxWords {
		reply = reply[:maxWords] + "…"
	}
	return strings.ToValidUTF8(reply, "?")
}
