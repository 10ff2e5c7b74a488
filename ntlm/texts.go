package ntlm

// Texts for the client. What it is told of a wrong password does not differ from
// what it is told of a user who does not exist.
const (
	textRefused     = "Wrong user name or password"
	textUnavailable = "The login service is not available. Please try again later."
	textOff         = "This proxy does not accept NTLM logins."
	textOldVersion  = "Your computer logs in with an old version of NTLM that this proxy does not accept."
)

// detailed are the texts that say more about an account. They are for sites where
// whoever may ask may also know.
var detailed = map[Reason]string{
	AccountDisabled:    "Your account is disabled.",
	AccountLocked:      "Your account is locked because of wrong passwords. Please try again later.",
	AccountExpired:     "Your account has expired.",
	PasswordExpired:    "Your password has expired. Please change it.",
	PasswordMustChange: "You must change your password before you can log in.",
	LogonHours:         "Your account may not log in at this time.",
	WrongWorkstation:   "Your account may not log in from this computer.",
	NotInGroup:         "You are not in a group that may use this proxy.",
}

// text returns what a client that was refused is told.
func (h *Handler) text(r Reason) string {
	switch r {
	case OldVersion:
		return textOldVersion
	case SwitchedOff:
		return textOff
	}
	if text, ok := detailed[r]; ok && h.DetailedMessages {
		return text
	}
	return textRefused
}
