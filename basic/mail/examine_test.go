package mail

import (
	"log/slog"
	"strings"
	"testing"

	"squidauth/helper/doctor/doctortest"
)

// TestExamine goes up to where a password would be sent.
func TestExamine(t *testing.T) {
	quiet := slog.New(slog.DiscardHandler)
	for name, c := range map[string]struct {
		script     script
		refuse     bool
		ca         bool
		want, cure string
	}{
		// The tests' certificate is good for an hour.
		"good":           {script: "< +OK\n> STLS\n< +OK\ntls\n> QUIT\n< +OK", ca: true, want: "warning mail-certificate-expires", cure: "renew"},
		"another's CA":   {script: "< +OK\n> STLS\n< +OK\ntls", want: "fault mail-certificate", cure: "--ca FILE"},
		"no STARTTLS":    {script: "< +OK\n> STLS\n< -ERR no\n> QUIT\n< +OK", ca: true, want: "fault mail-starttls", cure: "pop3s://mail.example.org"},
		"no server":      {refuse: true, ca: true, want: "fault mail-unreachable", cure: "mail.example.org:110"},
		"no mail server": {script: "< HTTP/1.1 400 Bad Request", ca: true, want: "fault mail-unreachable", cure: "firewall"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server{t: t, scripts: []script{c.script}, refuse: c.refuse, tcp: true}
			opt := Options{Servers: []Server{mustParse(t, POP3, "pop3://mail.example.org")}, Log: quiet, Dial: s.dial}
			if c.ca {
				opt.CA = OpenCA(caFile(t), quiet)
			}
			b, err := New(opt)
			if err != nil {
				t.Fatal(err)
			}
			doctortest.Want(t, name, b, c.want, c.cure)
			s.play.Wait()
			for _, line := range s.lines() {
				if strings.HasPrefix(line, "USER") || strings.HasPrefix(line, "PASS") || strings.HasPrefix(line, "AUTH") {
					t.Errorf("it says %q", line)
				}
			}
		})
	}
}
