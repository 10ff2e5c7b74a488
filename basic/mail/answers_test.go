package mail

import (
	"strings"
	"testing"
	"testing/synctest"

	"squidauth/basic"
	"squidauth/protocol"
)

// talk is a script, and what is to come of it. The password is "s3cret-word".
type talk struct {
	script  script
	outcome protocol.Outcome
	reason  basic.Reason
	cause   string // part of it
}

const (
	yes   = protocol.Accepted
	no    = protocol.Denied
	maybe = protocol.Unavailable
)

const (
	testUser     = "bob"
	testPassword = "s3cret-word"
	plainMessage = `AGJvYgBzM2NyZXQtd29yZA==`
	userBase64   = `Ym9i`
	secretBase64 = `czNjcmV0LXdvcmQ=`
)

const (
	pop3Start = "< +OK ready\n> CAPA\n< +OK\n< TOP\n< USER\n< .\n> USER bob\n< +OK\n> PASS s3cret-word\n"
	imapStart = "< * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] ready\n> \\S+ AUTHENTICATE PLAIN " + plainMessage + "\n"
	smtpStart = "< 220 mail.example.org\n> EHLO \\S+\n< 250-mail.example.org\n< 250-SIZE\n< 250 AUTH LOGIN PLAIN\n> AUTH PLAIN " + plainMessage + "\n"
)

var pop3Talks = map[string]talk{
	"accepted":      {pop3Start + "< +OK", yes, basic.Authenticated, ""},
	"with text":     {pop3Start + "< +OK [SYS/TEMP] logged in", yes, basic.Authenticated, ""},
	"no CAPA":       {"< +OK\n> CAPA\n< -ERR what?\n> USER bob\n< +OK\n> PASS s3cret-word\n< +OK", yes, basic.Authenticated, ""},
	"AUTH":          {"< +OK\n> CAPA\n< +OK\n< USER\n< SASL LOGIN PLAIN\n< .\n> AUTH PLAIN " + plainMessage + "\n< +OK", yes, basic.Authenticated, ""},
	"AUTH refused":  {"< +OK\n> CAPA\n< +OK\n< sasl plain\n< .\n> AUTH PLAIN " + plainMessage + "\n< -ERR [AUTH] no", no, basic.WrongPassword, ""},
	"AUTH asks":     {"< +OK\n> CAPA\n< +OK\n< SASL PLAIN\n< .\n> AUTH PLAIN " + plainMessage + "\n< + ", maybe, basic.Unavailable, "makes no sense"},
	"refused":       {pop3Start + "< -ERR", no, basic.WrongPassword, ""},
	"words":         {pop3Start + "< -ERR authorization failed", no, basic.WrongPassword, ""},
	"[AUTH]":        {pop3Start + "< -ERR [AUTH] Authentication failed.", no, basic.WrongPassword, ""},
	"[auth]":        {pop3Start + "< -ERR [auth] Authentication failed.", no, basic.WrongPassword, ""},
	"[EXPIRED]":     {pop3Start + "< -ERR [EXPIRED] change it", no, basic.PasswordExpired, ""},
	"[SYS/TEMP]":    {pop3Start + "< -ERR [SYS/TEMP] try again", maybe, basic.Unavailable, "pop3://127.0.0.1:110 says: \"[SYS/TEMP] try again\""},
	"[SYS/PERM]":    {pop3Start + "< -ERR [SYS/PERM] broken mailbox", maybe, basic.Unavailable, "broken mailbox"},
	"[IN-USE]":      {pop3Start + "< -ERR [IN-USE] another has it", maybe, MailboxInUse, "another has it"},
	"[LOGIN-DELAY]": {pop3Start + "< -ERR [LOGIN-DELAY] too often", maybe, basic.Unavailable, "too often"},
	"temporary":     {pop3Start + "< -ERR Temporary failure", maybe, basic.Unavailable, "Temporary"},
	"locked":        {pop3Start + "< -ERR Your account is temporarily locked", no, basic.AccountLocked, ""},
	"disabled":      {pop3Start + "< -ERR Account Disabled", no, basic.AccountDisabled, ""},
	"suspended":     {pop3Start + "< -ERR [AUTH] this account was suspended", no, basic.AccountDisabled, ""},
	"lock":          {pop3Start + "< -ERR maildrop already locked", maybe, MailboxInUse, "already locked"},
	"in use":        {pop3Start + "< -ERR can't get lock, mailbox in use", maybe, MailboxInUse, "in use"},
	"mechanism":     {pop3Start + "< -ERR [AUTH] Unsupported authentication mechanism.", maybe, basic.Unavailable, "mechanism"},
	"wants TLS":     {pop3Start + "< -ERR [AUTH] Plaintext authentication disallowed on non-secure (SSL/TLS) connections.", maybe, basic.Unavailable, "non-secure"},
	"no such user":  {"< +OK\n> CAPA\n< -ERR\n> USER bob\n< -ERR never heard of\n> QUIT", no, basic.WrongPassword, ""},
	"no USER":       {"< +OK\n> CAPA\n< +OK\n< SASL CRAM-MD5\n< .\n> USER bob\n< -ERR\n> QUIT", maybe, basic.Unavailable, "no way to log in"},
	"turned away":   {"< -ERR [SYS/TEMP] too many connections", maybe, basic.Unavailable, "turns everybody away"},
	"garbage":       {"< SSH-2.0-OpenSSH_9.2", maybe, basic.Unavailable, "SSH-2.0"},
	"empty line":    {"< ", maybe, basic.Unavailable, "makes no sense"},
	"odd yes":       {pop3Start + "< +OKAY", maybe, basic.Unavailable, "makes no sense"},
	"small yes":     {pop3Start + "< +ok", maybe, basic.Unavailable, "makes no sense"},
	"other's yes":   {pop3Start + "< 235 ok", maybe, basic.Unavailable, "makes no sense"},
	"two answers":   {"<< +OK\\r\\n+OK\\r\\n", maybe, basic.Unavailable, "before it is asked"},
	"two to USER":   {"< +OK\n> CAPA\n< -ERR\n> USER bob\n<< +OK\\r\\n+OK\\r\\n", maybe, basic.Unavailable, "before it is asked"},
	"yes at once":   {"<< +OK\\r\\n-ERR\\r\\n+OK\\r\\n+OK\\r\\n+OK\\r\\n", maybe, basic.Unavailable, "before it is asked"},
	"yes, then no":  {pop3Start + "<< +OK\\r\\n-ERR\\r\\n", yes, basic.Authenticated, ""},
	"no, then yes":  {pop3Start + "<< -ERR\\r\\n+OK\\r\\n", no, basic.WrongPassword, ""},
	"half a yes":    {pop3Start + "<< +OK\nclose", maybe, basic.Unavailable, "closed the connection"},
	"hangs up":      {pop3Start + "close", maybe, basic.Unavailable, "closed the connection"},
	"echo":          {pop3Start + "< eh? PASS s3cret-word", maybe, basic.Unavailable, "repeat what it was sent"},
	"part echo":     {pop3Start + "< -ERR [SYS/TEMP] cannot PASS s3cret-w...", maybe, basic.Unavailable, "repeat what it was sent"},
	"endless":       {"endless", maybe, basic.Unavailable, "makes no sense"},
	"endless list":  {"< +OK\n> CAPA\n< +OK\nendless", maybe, basic.Unavailable, "more than was asked for"},
	"endless line":  {"endless line", maybe, basic.Unavailable, "too long"},
	"drip":          {"drip", maybe, basic.Unavailable, "no answer in time"},
	"late drip":     {pop3Start + "drip", maybe, basic.Unavailable, "no answer in time"},
	"silence":       {"silence", maybe, basic.Unavailable, "no answer in time"},
	"late silence":  {pop3Start + "silence", maybe, basic.Unavailable, "no answer in time"},
}

var imapTalks = map[string]talk{
	"accepted":     {imapStart + "< TAG OK done", yes, basic.Authenticated, ""},
	"small ok":     {imapStart + "< TAG ok done", yes, basic.Authenticated, ""},
	"data first":   {imapStart + "< * OK Waiting for authentication process to respond..\n< * CAPABILITY IMAP4rev1\n< TAG OK [CAPABILITY IMAP4rev1] done", yes, basic.Authenticated, ""},
	"asked":        {"< * OK hi\n> \\S+ CAPABILITY\n< * CAPABILITY IMAP4rev1 AUTH=PLAIN\n< TAG OK\n> \\S+ AUTHENTICATE PLAIN\n< + \n> " + plainMessage + "\n< TAGno", maybe, basic.Unavailable, "makes no sense"},
	"LOGIN":        {"< * OK hi\n> \\S+ CAPABILITY\n< * CAPABILITY IMAP4rev1\n< TAG OK\n> \\S+ LOGIN \"bob\" \"s3cret-word\"\n< TAG OK", yes, basic.Authenticated, ""},
	"LOGIN off":    {"< * OK [CAPABILITY IMAP4rev1 LOGINDISABLED STARTTLS] hi\n> \\S+ LOGOUT", maybe, basic.Unavailable, "no way to log in"},
	"refused":      {imapStart + "< TAG NO", no, basic.WrongPassword, ""},
	"words":        {imapStart + "< TAG NO LOGIN failed.", no, basic.WrongPassword, ""},
	"FAILED":       {imapStart + "< TAG NO [AUTHENTICATIONFAILED] Authentication failed.", no, basic.WrongPassword, ""},
	"ALERT":        {imapStart + "< TAG NO [ALERT] Application-specific password required", no, basic.WrongPassword, ""},
	"AUTHORIZ":     {imapStart + "< TAG NO [AUTHORIZATIONFAILED] not you", no, basic.LogonRefused, ""},
	"EXPIRED":      {imapStart + "< TAG NO [EXPIRED] that password", no, basic.PasswordExpired, ""},
	"CONTACTADMIN": {imapStart + "< TAG NO [CONTACTADMIN] locked", no, basic.LogonRefused, ""},
	"UNAVAILABLE":  {imapStart + "< TAG NO [UNAVAILABLE] Temporary authentication failure.", maybe, basic.Unavailable, "Temporary"},
	"INUSE":        {imapStart + "< TAG NO [INUSE] wait", maybe, MailboxInUse, "wait"},
	"LIMIT":        {imapStart + "< TAG NO [LIMIT] too many", maybe, basic.Unavailable, "too many"},
	"REFERRAL":     {imapStart + "< TAG NO [REFERRAL imap://other.example.org/] elsewhere", maybe, basic.Unavailable, "elsewhere"},
	"SERVERBUG":    {imapStart + "< TAG NO [SERVERBUG] Internal error occurred.", maybe, basic.Unavailable, "Internal"},
	"PRIVACY":      {imapStart + "< TAG NO [PRIVACYREQUIRED] no", maybe, basic.Unavailable, "PRIVACYREQUIRED"},
	"Exchange":     {imapStart + "< TAG NO Server Unavailable. 15", maybe, basic.Unavailable, "Server Unavailable"},
	"BAD":          {imapStart + "< TAG BAD what?", maybe, basic.Unavailable, "BAD what?"},
	"BYE":          {imapStart + "< * BYE shutting down\nclose", maybe, basic.Unavailable, "shutting down"},
	"tagged BYE":   {imapStart + "< TAG BYE", maybe, basic.Unavailable, "makes no sense"},
	"asks":         {imapStart + "< + ", maybe, basic.Unavailable, "makes no sense"},
	"PREAUTH":      {"< * PREAUTH come in", maybe, basic.Unavailable, "PREAUTH"},
	"turned away":  {"< * BYE too many connections", maybe, basic.Unavailable, "turns everybody away"},
	"other's tag":  {imapStart + "< a1 OK", maybe, basic.Unavailable, "makes no sense"},
	"untagged":     {imapStart + "< * OK done\nclose", maybe, basic.Unavailable, "closed"},
	"yes at once":  {"<< * OK hi\\r\\na1 OK\\r\\na2 OK\\r\\n", maybe, basic.Unavailable, "makes no sense"},
	"literal":      {imapStart + "< * OK {12}\n< TAG OK done", maybe, basic.Unavailable, "makes no sense"},
	"odd yes":      {imapStart + "< TAG OKAY", maybe, basic.Unavailable, "makes no sense"},
	"echo":         {imapStart + "< TAG BAD no command AUTHENTICATE PLAIN " + plainMessage, maybe, basic.Unavailable, "repeat what it was sent"},
	"garbage":      {"< HTTP/1.1 400 Bad Request", maybe, basic.Unavailable, "HTTP/1.1"},
	"endless":      {imapStart + "endless", maybe, basic.Unavailable, "more than was asked for"},
	"endless line": {imapStart + "endless line", maybe, basic.Unavailable, "too long"},
	"drip":         {imapStart + "drip", maybe, basic.Unavailable, "no answer in time"},
	"no list":      {"< * OK hi\n> \\S+ CAPABILITY\n< TAG OK", maybe, basic.Unavailable, "makes no sense"},
}

var smtpTalks = map[string]talk{
	"accepted":     {smtpStart + "< 235 2.7.0 Logged in.", yes, basic.Authenticated, ""},
	"bare":         {smtpStart + "< 235", yes, basic.Authenticated, ""},
	"long":         {smtpStart + "< 235-you\n< 235 are in", yes, basic.Authenticated, ""},
	"LOGIN":        {"< 220 hi\n> EHLO \\S+\n< 250-hi\n< 250 AUTH=LOGIN\n> AUTH LOGIN\n< 334 VXNlcm5hbWU6\n> " + userBase64 + "\n< 334 UGFzc3dvcmQ6\n> " + secretBase64 + "\n< 235 ok", yes, basic.Authenticated, ""},
	"LOGIN name":   {"< 220 hi\n> EHLO \\S+\n< 250-hi\n< 250 AUTH LOGIN\n> AUTH LOGIN\n< 334 x\n> " + userBase64 + "\n< 535 no\n> QUIT", no, basic.WrongPassword, ""},
	"refused":      {smtpStart + "< 535 5.7.8 Error: authentication failed:", no, basic.WrongPassword, ""},
	"535":          {smtpStart + "< 535", no, basic.WrongPassword, ""},
	"554 5.7.8":    {smtpStart + "< 554 5.7.8 no", no, basic.WrongPassword, ""},
	"534":          {smtpStart + "< 534-5.7.9 Application-specific password\n< 534 5.7.9 required", no, basic.LogonRefused, ""},
	"454":          {smtpStart + "< 454 4.7.0 Temporary authentication failure", maybe, basic.Unavailable, "454 4.7.0"},
	"432":          {smtpStart + "< 432 4.7.12 a password transition is needed", maybe, basic.Unavailable, "432"},
	"421":          {smtpStart + "< 421 shutting down", maybe, basic.Unavailable, "421"},
	"538":          {smtpStart + "< 538 5.7.11 Encryption required", maybe, basic.Unavailable, "538"},
	"504":          {smtpStart + "< 504 5.5.4 Unsupported authentication mechanism.", maybe, basic.Unavailable, "504"},
	"generic":      {smtpStart + "< 535 5.7.8 Error: authentication failed: generic failure", maybe, basic.Unavailable, "generic"},
	"250":          {smtpStart + "< 250 ok", maybe, basic.Unavailable, "250 ok"},
	"334":          {smtpStart + "< 334 ", maybe, basic.Unavailable, "334"},
	"two codes":    {smtpStart + "< 235-you\n< 535 are not", maybe, basic.Unavailable, "makes no sense"},
	"cut":          {smtpStart + "< 235-you\nclose", maybe, basic.Unavailable, "closed"},
	"long code":    {smtpStart + "< 2350 ok", maybe, basic.Unavailable, "makes no sense"},
	"turned away":  {"< 554 no service", maybe, basic.Unavailable, "turns everybody away"},
	"busy":         {"< 421 too many connections", maybe, basic.Unavailable, "turns everybody away"},
	"no AUTH":      {"< 220 hi\n> EHLO \\S+\n< 250 hi AUTH PLAIN\n> QUIT", maybe, basic.Unavailable, "no way to log in"},
	"no EHLO":      {"< 220 hi\n> EHLO \\S+\n< 502 what?\n> QUIT", maybe, basic.Unavailable, "502"},
	"yes at once":  {"<< 220 hi\\r\\n250 AUTH PLAIN\\r\\n235 in\\r\\n", maybe, basic.Unavailable, "before it is asked"},
	"garbage":      {"< +OK ready", maybe, basic.Unavailable, "+OK ready"},
	"echo":         {smtpStart + "< 500 what is AUTH PLAIN AGJvYgBzM2N", maybe, basic.Unavailable, "repeat what it was sent"},
	"endless":      {"< 220 hi\n> EHLO \\S+\nendless", maybe, basic.Unavailable, "makes no sense"},
	"endless line": {smtpStart + "endless line", maybe, basic.Unavailable, "too long"},
	"drip":         {smtpStart + "drip", maybe, basic.Unavailable, "no answer in time"},
}

// TestAnswers plays servers of all kinds, good, bad and mad.
func TestAnswers(t *testing.T) {
	for p, talks := range map[Protocol]map[string]talk{POP3: pop3Talks, IMAP: imapTalks, SMTP: smtpTalks} {
		for name, talk := range talks {
			t.Run(p.String()+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { talk.play(t, p) })
			})
		}
	}
}

func (k talk) play(t *testing.T, p Protocol) {
	s := &server{t: t, scripts: []script{k.script}}
	v := ask(t, Options{
		Servers: []Server{mustParse(t, p, p.String()+"://127.0.0.1")}, StartTLS: Never, Dial: s.dial,
	}, testUser, testPassword)
	s.play.Wait()
	if v.Outcome() != k.outcome || v.Reason() != k.reason {
		t.Errorf("%v %v (%v), want %v %v", v.Outcome(), v.Reason(), v.Cause(), k.outcome, k.reason)
	}
	if v.Outcome() == yes && v.Identity().User != testUser {
		t.Errorf("it is %q", v.Identity().User)
	}
	if cause := v.Cause(); (cause == nil) != (k.outcome != maybe) {
		t.Errorf("cause %v", cause)
	} else if cause != nil {
		checkCause(t, cause.Error(), k.cause)
	}
	if n := attempts(s.lines()); n > 1 || s.dialled != 1 {
		t.Errorf("%d connections, %d attempts: %q", s.dialled, n, s.lines())
	}
}

func checkCause(t *testing.T, cause, part string) {
	t.Helper()
	if part == "" || !strings.Contains(cause, part) {
		t.Errorf("cause %q, want %q", cause, part)
	}
	for _, secret := range []string{testPassword[:6], plainMessage[:8], secretBase64[:6]} {
		if strings.Contains(cause, secret) {
			t.Errorf("the cause has the password: %q", cause)
		}
	}
}

// attempts counts how often the password was sent.
func attempts(lines []string) (n int) {
	for _, line := range lines {
		for _, form := range []string{testPassword, plainMessage, secretBase64} {
			n += strings.Count(line, form)
		}
	}
	return n
}
