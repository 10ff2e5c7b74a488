package netlogon

import (
	"context"
	"errors"
	"strings"
	"time"

	"squidauth/ntlm"
	"squidauth/ntlm/netlogon/nrpc"
	"squidauth/ntlm/netlogon/rpc"
	"squidauth/ntlm/netlogon/ssp"
)

// maxTime bounds a request whose context has no deadline of its own, or a later one.
const maxTime = 30 * time.Second

// Verifier asks the domain controllers of a domain. It may be used from several
// goroutines.
type Verifier struct {
	config    Config
	builder   builder
	directory *directory
}

var (
	_ ntlm.Verifier = (*Verifier)(nil)
	_ ntlm.Readier  = (*Verifier)(nil)
)

// New returns a Verifier. It connects to nothing yet. The error says what is wrong
// with the Config.
func New(c Config) (*Verifier, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	v := &Verifier{config: c, directory: newDirectory(&c)}
	v.builder.config, v.builder.names = &v.config, ssp.Names{Domain: c.Domain, Computer: v.ComputerName()}
	return v, nil
}

// ComputerName returns the NetBIOS name of the machine. A CHALLENGE must give it as
// MsvAvNbComputerName: domain controllers refuse responses that were made for
// another computer.
func (v *Verifier) ComputerName() string { return strings.TrimSuffix(v.config.Account, "$") }

// Close closes the channels that are not in use, and the others after use.
func (v *Verifier) Close() error {
	for _, c := range v.directory.all() {
		c.retire()
	}
	return nil
}

// Reload reads the machine account's secret again. The error says why it cannot be
// used.
func (v *Verifier) Reload(ctx context.Context) error { return v.config.Secret.Reload(ctx) }

// Ready returns nil when a channel stands or could be set up just now. While the
// machine account is refused it asks nobody, and returns why.
func (v *Verifier) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	ch, f := v.channel(ctx)
	if f != nil {
		return f
	}
	ch.controller.put(ch)
	return nil
}

// Verify implements ntlm.Verifier.
func (v *Verifier) Verify(ctx context.Context, l *ntlm.Logon) ntlm.Verdict {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	verdict, again := v.ask(ctx, l)
	if again && ctx.Err() == nil {
		verdict, _ = v.ask(ctx, l)
	}
	return verdict
}

// ask asks a controller. again reports that it did not look at the logon, so that
// another may.
func (v *Verifier) ask(ctx context.Context, l *ntlm.Logon) (verdict ntlm.Verdict, again bool) {
	ch, f := v.channel(ctx)
	if f != nil {
		return undecided(f), false
	}
	c := ch.controller
	c.begin(ch, v.config.Now())
	answer, err := nrpc.SamLogonEx(ctx, ch.conn, v.ComputerName(), l)
	c.end(ch)
	if err != nil {
		return v.unanswered(ch, err)
	}
	if unready(answer.Status) {
		f := undecidedBy(c.host, answer.Status)
		c.drop(ch)
		v.failed(c, f)
		return undecided(f), true
	}
	ch.answered = true
	c.put(ch)
	v.succeeded(c)
	return v.verdictOf(c.host, answer), false
}

// unanswered makes a verdict of a call that failed. A fault is not protected: it may
// stand in for the answer to a logon that has counted. It is believed only of a channel
// that never answered, where it is what a domain controller says that has got another
// key from the same machine in the meantime.
func (v *Verifier) unanswered(ch *channel, err error) (verdict ntlm.Verdict, again bool) {
	c := ch.controller
	var notSent *rpc.NotSent
	var fault *rpc.Fault
	switch {
	case errors.Is(err, nrpc.ErrTooLong):
		c.put(ch)
		return ntlm.No(ntlm.LogonRefused, err), false
	case errors.As(err, &notSent):
		again = true
	case errors.As(err, &fault):
		again = !ch.answered && (fault.NotExecuted || fault.Status == rpc.FaultSecurity || fault.Status == rpc.FaultAccessDenied)
	}
	c.drop(ch)
	f := broken(c.host, err)
	if again {
		return undecided(f), true
	}
	v.failed(c, f)
	return ntlm.Unanswered(f.reason, f), false
}

// failed notes that a controller failed.
func (v *Verifier) failed(c *controller, f *fault) {
	v.config.Observe(c.host, Failed)
	if c.failed(v.config.Now()) {
		v.config.Log.Warn("domain controller cannot be used", "controller", c.host, "problem", f.Error())
	}
}

const usableAgain = "domain controller can be used again"

// succeeded notes that a controller has answered a logon.
func (v *Verifier) succeeded(c *controller) {
	v.config.Observe(c.host, Answered)
	if c.succeeded() {
		v.config.Log.Info(usableAgain, "controller", c.host)
	}
}
