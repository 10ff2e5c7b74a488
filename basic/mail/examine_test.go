package mail

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"strings"
	"testing"
	"time"

	"squidauth/helper/doctor"
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
		"good":           {script: "< +OK\n> STLS\n< +OK\ntls\n> QUIT\n< +OK", ca: true, want: ""},
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

func TestExamineCertificate(t *testing.T) {
	end := time.Date(2030, 1, 31, 0, 0, 0, 0, time.UTC)
	for now, want := range map[time.Time]int{end.AddDate(0, -6, 0): 0, end.AddDate(0, 0, -10): 1} {
		b := &Backend{opt: Options{Now: func() time.Time { return now }}}
		var r doctor.Report
		b.examineCertificate(tls.ConnectionState{PeerCertificates: []*x509.Certificate{{NotAfter: end}}}, mustParse(t, POP3, "pop3s://mail.example.org"), &r)
		if r.Count(doctor.Warning) != want {
			t.Errorf("%v: %+v", now, r.Findings())
		}
	}
}
