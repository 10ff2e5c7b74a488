package try

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/Azure/go-ntlmssp"

	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/kdc"
)

// A login is one client's way through a scheme. next returns the client's token in answer
// to the server's; nil: the first. It is used for one login.
type login interface {
	next(server []byte) ([]byte, error)
}

var errMore = errors.New("the server asks for more than this client has to say")

// once is a login with a single token.
type once struct {
	make func() ([]byte, error)
	done bool
}

func (o *once) next([]byte) ([]byte, error) {
	if o.done {
		return nil, errMore
	}
	o.done = true
	return o.make()
}

// basicLogin says who the user is, as HTTP does: both peers take it apart.
func basicLogin(user, password string) login {
	return &once{make: func() ([]byte, error) { return []byte(user + ":" + password), nil }}
}

// kerberosLogin sends a ticket, and asks the server to authenticate itself as well.
func kerberosLogin(ticket initiator.Credential) login {
	return &once{make: func() ([]byte, error) { return ticket.Token(time.Now(), initiator.Style{Mutual: true}) }}
}

// ntlmLogin is a client of NTLMv2 that others wrote: it shares no fault with the server
// here.
type ntlmLogin struct {
	user, password string // DOMAIN\user or user@domain
	begun, done    bool
}

func (l *ntlmLogin) next(server []byte) ([]byte, error) {
	switch {
	case !l.begun:
		l.begun = true
		return ntlmssp.NewNegotiateMessage("", "")
	case l.done:
		return nil, errMore
	}
	l.done = true
	return ntlmssp.NewAuthenticateMessage(server, l.user, l.password, nil)
}

// askTimeout is for all KDCs together.
const askTimeout = 30 * time.Second

// openTicket gets the ticket for a proxy that a browser would use.
func openTicket(ctx context.Context, proxy string) (initiator.Credential, error) {
	user, err := kdc.Open(os.LookupEnv, os.Geteuid(), time.Now)
	if err != nil {
		return initiator.Credential{}, err
	}
	if got, ok := user.Cached(proxy); ok {
		return got, nil
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	return user.Ticket(ctx, proxy)
}
