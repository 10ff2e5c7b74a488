package netlogon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"

	"squidauth/ntlm"
	"squidauth/ntlm/netlogon/nrpc"
	"squidauth/ntlm/netlogon/rpc"
)

// Reasons for which a logon is undecided, next to those of package ntlm.
const (
	NoAnswer     ntlm.Reason = "domain-controller-does-not-answer"
	BrokenAnswer ntlm.Reason = "answer-not-from-the-domain-controller"
	NoSecret     ntlm.Reason = "no-machine-secret"

	// UsersDomain is said of the domain that the client names. That of the
	// machine account may be in order.
	UsersDomain ntlm.Reason = "users-domain-unreachable"
)

var errBug = errors.New("a bug of this program: please report it")

// noteBug logs that a part of the program has panicked over what came from the
// network, without that, and returns errBug.
func noteBug(log *slog.Logger, part string) error {
	log.Error(errBug.Error(), "part", part)
	return errBug
}

// fault is why there is no channel or no answer.
type fault struct {
	reason ntlm.Reason
	text   string
	cause  error // may be nil
}

// Error implements error.
func (f *fault) Error() string {
	if f.cause == nil {
		return f.text
	}
	return f.text + ": " + f.cause.Error()
}

// Unwrap returns the cause.
func (f *fault) Unwrap() error { return f.cause }

func faultf(reason ntlm.Reason, cause error, format string, args ...any) *fault {
	return &fault{reason: reason, text: fmt.Sprintf(format, args...), cause: cause}
}

// unreachable says why a controller cannot be used.
func unreachable(host string, err error) *fault {
	var known *fault
	var rpcFault *rpc.Fault
	var refused *rpc.BindRefused
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &rpcFault) && rpcFault.Busy(), errors.As(err, &refused) && refused.Busy():
		return faultf(ntlm.Saturated, err, "domain controller %s has too much to do", host)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return faultf(ntlm.NoDomainController, nil, "domain controller %s does not answer in time", host)
	}
	return faultf(ntlm.NoDomainController, err, "domain controller %s cannot be reached", host)
}

// broken says why a call that was sent got no answer.
func broken(host string, err error) *fault {
	var rpcFault *rpc.Fault
	var notSent *rpc.NotSent
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return faultf(NoAnswer, nil, "domain controller %s did not answer in time: it hangs, or has more logons than it can do", host)
	case errors.As(err, &rpcFault) && rpcFault.Busy():
		return faultf(ntlm.Saturated, err, "domain controller %s has too much to do", host)
	case errors.As(err, &rpcFault), errors.As(err, &notSent), closed(err):
		return faultf(ntlm.NoDomainController, err, "domain controller %s broke off", host)
	}
	return faultf(BrokenAnswer, err, "what came from domain controller %s is not its answer: is something in between that changes it?", host)
}

// refused says why the machine account was refused, and the cure.
func refused(host, account string, status nrpc.Status) *fault {
	switch status {
	case nrpc.AccessDenied:
		return faultf(ntlm.MachineAccount, status, "domain controller %s refuses machine account %s, because its password is not the one in the secret file: write the right one into the file, or reset the account's", host, account)
	case nrpc.NoTrustSAMAccount, nrpc.NoTrustLSASecret:
		return faultf(ntlm.MachineAccount, status, "domain controller %s refuses machine account %s: there is no such computer account, or it is disabled", host, account)
	case nrpc.DowngradeDetected:
		return faultf(ntlm.MachineAccount, status, "domain controller %s refuses machine account %s, because it does not let it use AES", host, account)
	}
	return faultf(ntlm.MachineAccount, status, "domain controller %s refuses machine account %s", host, account)
}

// closed reports that the other side closed the connection, or the network did.
func closed(err error) bool {
	var netError net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &netError)
}
