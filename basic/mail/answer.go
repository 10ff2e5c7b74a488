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
	case "UNAVAILABLE", "LOGIN-DELAY", "PRIVACYREQUIRED", "SERVERBUG", "CLIENTBUG", "LIMIT", "CANNOT":
		return failed(basic.Unavailable)
	}
	if strings.HasPrefix(code, "SYS/") || soundsBroken(text) {
		return failed(basic.Unavailable)
	}
	return denied(basic.WrongPassword)
}

// broken are words of servers that have no code for it that they cannot tell, in
// lower case. None of them is in what a server says of a wrong password.
var broken = []string{
	"temporar",         // temporary failure, temporarily …: most servers
	"internal ",        // internal error, internal server error
	"unavailable",      // "Server Unavailable. 15": Exchange
	"generic failure",  // Postfix, when Cyrus SASL cannot reach what it asks
	"connection lost",  // Postfix, when it loses Dovecot
	"too many connect", // connections: of this client, at this time
	"unsupported auth", // authentication mechanism: Dovecot
}

func soundsBroken(text string) bool { return containsAny(text, broken) }

// wantsTLS reports whether a server refuses a login since the connection is plain.
// Dovecot has the code [AUTH] for it.
func wantsTLS(text string) bool {
	return containsAny(text, []string{"tls", "ssl", "plaintext", "secure", "encrypt"})
}

func containsAny(text string, phrases []string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc(phrases, func(p string) bool { return strings.Contains(text, p) })
}
