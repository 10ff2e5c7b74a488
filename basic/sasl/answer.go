package sasl

import (
	"strings"

	"squidauth/basic"
	"squidauth/protocol"
)

// answer is what a reply means. The zero answer is undecided.
type answer struct {
	outcome protocol.Outcome // Accepted, Denied or Unavailable
	reason  basic.Reason
}

// Texts behind NO, of saslauthd 2.1.28, in lower case.
var (
	// refusals are those that are not simply about the password. Several mean no more
	// than that something went wrong, which a wrong password is the likeliest of:
	// "PAM auth error", "krb5_get_init_creds_password failed", and no text at all,
	// which is what the mechanisms ldap and sasldb have for everything.
	refusals = map[string]basic.Reason{
		"invalid username":               basic.NoSuchUser,
		"invalid shadow username":        basic.NoSuchUser,
		"account expired":                basic.AccountExpired,
		"password expired":               basic.PasswordExpired,
		"pam acct error":                 basic.LogonRefused,
		"saslauthd principal name error": basic.IllegalName,
		"saslauthd realm mismatch":       basic.LogonRefused,

		// What getpwnam(3) may say of a name that there is not.
		"username lookup failure: no such file or directory": basic.NoSuchUser,
		"username lookup failure: no such process":           basic.NoSuchUser,
	}

	// failures are those that say nothing about the password; so do all that begin
	// with failureStarts.
	failures = map[string]bool{
		"internal mechanism failure":             true,
		"null response from mechanism":           true,
		"null login received":                    true, // never sent
		"null password received":                 true,
		"saslauthd null password or username":    true,
		"saslauthd internal error":               true,
		"krb5_verify_init_creds failed":          true, // its keytab, or a KDC that lies
		"pam start error":                        true,
		"setpwdb() internal failure (saslauthd)": true,
		"(possible system error)":                true,
	}
	failureStarts = []string{
		"[alert] ", // of the mechanisms rimap and httpform: their server
		"username lookup failure",
		"username shadow lookup failure",
		"insufficient permission",
	}
)

// read says what a reply means, whose first word is OK or NO.
func read(reply string) answer {
	word, text, _ := strings.Cut(strings.TrimRight(reply, "\x00\r\n"), " ")
	switch word {
	case "OK":
		return answer{outcome: protocol.Accepted, reason: basic.Authenticated}
	case "NO":
		return refusal(strings.ToLower(text))
	}
	return answer{}
}

func refusal(text string) answer {
	if reason, known := refusals[text]; known {
		return answer{outcome: protocol.Denied, reason: reason}
	}
	if failures[text] {
		return answer{}
	}
	for _, start := range failureStarts {
		if strings.HasPrefix(text, start) {
			return answer{}
		}
	}
	return answer{outcome: protocol.Denied, reason: basic.WrongPassword}
}
