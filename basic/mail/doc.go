// Package mail checks passwords by logging in to a mail server: by POP3 (RFC 1939,
// 2449, 2595, 5034), IMAP (RFC 3501, 9051, 2595) or the submission of mail by SMTP
// (RFC 5321, 3207, 4954). It takes the place of Squid's basic_pop3_auth.
//
// Each login is a connection of its own, on which the password is sent once. The mail
// in the mailbox is not looked at.
package mail
