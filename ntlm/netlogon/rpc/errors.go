package rpc

import "fmt"

// NotSent is the error of a call that the server cannot have executed, because the
// request did not leave this machine whole.
type NotSent struct{ Err error }

// Error implements error.
func (e *NotSent) Error() string { return "rpc: the request was not sent: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *NotSent) Unwrap() error { return e.Err }

// Fault is a fault PDU: the server does not answer the call. It is not protected,
// so it may be anybody's.
type Fault struct {
	Status      uint32
	NotExecuted bool // the server says that it has not begun with the call
}

// Statuses of faults, [MS-RPCE] section 2.2.2.2 and C706 appendix N.
const (
	FaultAccessDenied  = 0x00000005
	FaultSecurity      = 0x00000721 // ERROR_RPC_SEC_PKG_ERROR
	faultTooBusy       = 0x000006BB // RPC_S_SERVER_TOO_BUSY
	faultOpRange       = 0x1C010002
	faultUnknown       = 0x1C010003
	faultNDR           = 0x000006F7 // RPC_X_BAD_STUB_DATA
	faultProtocolError = 0x1C01000B
)

var faultNames = map[uint32]string{
	FaultAccessDenied:  "access denied",
	FaultSecurity:      "error of the security package",
	faultTooBusy:       "server too busy",
	faultOpRange:       "no such operation",
	faultUnknown:       "no such interface",
	faultNDR:           "bad stub data",
	faultProtocolError: "protocol error",
}

// Error implements error.
func (f *Fault) Error() string {
	if name := faultNames[f.Status]; name != "" {
		return fmt.Sprintf("rpc: fault 0x%08X (%s)", f.Status, name)
	}
	return fmt.Sprintf("rpc: fault 0x%08X", f.Status)
}

// Busy reports that the server has too much to do.
func (f *Fault) Busy() bool { return f.Status == faultTooBusy }

// BindRefused is the answer to a bind that was not accepted.
type BindRefused struct {
	Result uint16 // 0xffff for a bind_nak
	Reason uint16
}

const bindNak = 0xffff

// Reasons of a bind_nak, C706 section 12.6.3.1 and [MS-RPCE] section 2.2.2.5.
const (
	reasonCongestion    = 1
	reasonLimitExceeded = 2
	reasonAuthType      = 8
	reasonChecksum      = 9
)

// Busy reports that the server has too much to do.
func (e *BindRefused) Busy() bool {
	return e.Result == bindNak && (e.Reason == reasonCongestion || e.Reason == reasonLimitExceeded)
}

// Error implements error.
func (e *BindRefused) Error() string {
	switch {
	case e.Result != bindNak:
		return fmt.Sprintf("rpc: the bind was refused, result %d, reason %d", e.Result, e.Reason)
	case e.Reason == reasonAuthType || e.Reason == reasonChecksum:
		return fmt.Sprintf("rpc: the bind was refused for its authentication, reason %d", e.Reason)
	}
	return fmt.Sprintf("rpc: the bind was refused, reason %d", e.Reason)
}
