package ntlm

// The reasons of refusals that are the server's own.
const (
	Malformed   Reason = "malformed-token"
	OutOfOrder  Reason = "out-of-order"
	Anonymous   Reason = "anonymous"
	Guest       Reason = "guest"
	IllegalName Reason = "illegal-name"
	OldVersion  Reason = "ntlm-version-not-permitted"
	BadMIC      Reason = "bad-mic"
	Replay      Reason = "replay" // with ChallengeUses
	NoRandom    Reason = "no-random-numbers"
	NotReady    Reason = "verifier-not-ready"
	BadVerdict  Reason = "verifier-without-account"
	NotInGroup  Reason = "not-in-required-group"
	NoDirectory Reason = "directory-unavailable"
	SwitchedOff Reason = "ntlm-is-off"
	KeyExtras   Reason = "key-extras"
	OtherExtras Reason = "key-extras-changed" // between YR and KK
	BadRequest  Reason = "malformed-request"
)

// Error says why a token was not accepted, in words for the operator.
type Error struct {
	Reason  Reason
	Attempt Attempt // who tried; empty when the client has not said so yet

	// Undecided says that the server could not tell. It is not the client's
	// fault, and another try may end otherwise.
	Undecided bool

	cause error
}

// Error implements error.
func (e *Error) Error() string {
	if e.cause == nil {
		return string(e.Reason)
	}
	return e.cause.Error()
}

// Unwrap returns what the Verifier said.
func (e *Error) Unwrap() error { return e.cause }
