package mail

import (
	"slices"
	"strings"

	"squidauth/basic"
	"squidauth/protocol"
)

// Reasons of a Backend's verdicts that others do not have.
const (
	IllegalPassword basic.Reason = "illegal-password" // that the server cannot be sent
	MailboxInUse    basic.Reason = "mailbox-in-use"
)

// answer is what a server answers to a login. The zero answer is undecided.
type answer struct {
	outcome protocol.Outcome // Accepted, Denied or Unavailable
	reason  basic.Reason
	words   string // of the server, as it sent them
}

func accepted() answer { return answer{outcome: protocol.Accepted, reason: basic.Authenticated} }

func denied(reason basic.Reason) answer { return answer{outcome: protocol.Denied, reason: reason} }

// failed is an answer that says nothing about the password.
func failed(reason basic.Reason) answer { return answer{reason: reason} }

// said returns the answer with the words of the server for the log.
func (a answer) said(words string) answer {
	a.words = words
	return a
}

// byCode says what a refusal with a response code means: those of POP3 (RFC 2449
// section 8, RFC 3206) and those of IMAP (RFC 5530), which have different names.
// [AUTH] says little, since Dovecot has it for whatever keeps it from logging in. What
// has neither a code nor words for something else is about the password.
func byCode(code, text string) answer {
	switch code {
	case "AUTHENTICATIONFAILED":
		return denied(basic.WrongPassword)
	case "EXPIRED":
		return denied(basic.PasswordExpired)
	case "AUTHORIZATIONFAILED", "CONTACTADMIN", "NOPERM":
		return denied(basic.LogonRefused)
	case "IN-USE", "INUSE":
		return failed(MailboxInUse)
	case "UNAVAILABLE", "LOGIN-DELAY", "PRIVACYREQUIRED", "SERVERBUG", "CLIENTBUG", "LIMIT", "CANNOT", "REFERRAL":
		return failed(basic.Unavailable)
	}
	if strings.HasPrefix(code, "SYS/") {
		return failed(basic.Unavailable)
	}
	return byWords(text)
}

// phrases say what servers mean that have no code for it, in the order in which they
// are looked for. A phrase is words in lower case that all are there. What none of them
// is in is about the password.
var phrases = []struct {
	words []string
	means answer
}{
	{[]string{"account", "lock"}, denied(basic.AccountLocked)}, // temporarily, some say
	{[]string{"account", "disabled"}, denied(basic.AccountDisabled)},
	{[]string{"account", "suspended"}, denied(basic.AccountDisabled)},
	{[]string{"maildrop", "lock"}, failed(MailboxInUse)},
	{[]string{"mailbox", "lock"}, failed(MailboxInUse)},
	{[]string{"mailbox", "in use"}, failed(MailboxInUse)},
	{[]string{"temporar"}, failed(basic.Unavailable)},         // temporary failure, temporarily …: most servers
	{[]string{"internal "}, failed(basic.Unavailable)},        // internal error, internal server error
	{[]string{"unavailable"}, failed(basic.Unavailable)},      // "Server Unavailable. 15": Exchange
	{[]string{"generic failure"}, failed(basic.Unavailable)},  // Postfix, when Cyrus SASL cannot reach what it asks
	{[]string{"connection lost"}, failed(basic.Unavailable)},  // Postfix, when it loses Dovecot
	{[]string{"too many connect"}, failed(basic.Unavailable)}, // connections: of this client, at this time
	{[]string{"unsupported auth"}, failed(basic.Unavailable)}, // authentication mechanism: Dovecot
}

// byWords says what a refusal without a code means.
func byWords(text string) answer {
	text = strings.ToLower(text)
	for _, p := range phrases {
		missing := func(word string) bool { return !strings.Contains(text, word) }
		if !slices.ContainsFunc(p.words, missing) {
			return p.means
		}
	}
	return denied(basic.WrongPassword)
}

// wantsTLS reports whether a server refuses a login since the connection is plain.
// Dovecot has the code [AUTH] for it.
func wantsTLS(text string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc([]string{"tls", "ssl", "plaintext", "secure", "encrypt"}, func(word string) bool {
		return strings.Contains(text, word)
	})
}
