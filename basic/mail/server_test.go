package mail

import "testing"

func TestParseServer(t *testing.T) {
	for word, want := range map[string]string{
		"mail.example.org":           "imaps://mail.example.org:993",
		"mail.example.org:143":       "imap://mail.example.org:143",
		"mail.example.org:1430":      "imaps://mail.example.org:1430",
		"imap://mail.example.org":    "imap://mail.example.org:143",
		"IMAPS://mail.example.org/":  "imaps://mail.example.org:993",
		"imaps://mail.example.org:1": "imaps://mail.example.org:1",
		"192.0.2.1":                  "imaps://192.0.2.1:993",
		"2001:db8::1":                "imaps://[2001:db8::1]:993",
		"imap://[2001:db8::1]":       "imap://[2001:db8::1]:143",
		"":                           "",
		"imap://":                    "",
		"pop3://mail.example.org":    "",
		"imap://bob@example.org":     "",
		"imap://example.org/INBOX":   "",
		"imap://example.org?x":       "",
		"imap://example.org?":        "",
		"imap://example.org#x":       "",
		"imap://example.org:port":    "",
		"mail example.org":           "",
		"://mail.example.org":        "",
	} {
		s, err := ParseServer(IMAP, word)
		if got := s.String(); err == nil && got != want || (err == nil) != (want != "") {
			t.Errorf("%q is %q, %v, want %q", word, got, err, want)
		}
	}
	for word, want := range map[string]string{
		"example.org": "smtps://example.org:465", "example.org:587": "smtp://example.org:587",
		"submission://example.org": "smtp://example.org:587", "submissions://example.org": "smtps://example.org:465",
	} {
		if s, err := ParseServer(SMTP, word); err != nil || s.String() != want {
			t.Errorf("%q is %q, %v, want %q", word, s, err, want)
		}
	}
}
