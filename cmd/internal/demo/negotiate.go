package main

import (
	_ "embed"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"squidauth/negotiate/kerberos/krbtest"
	"squidauth/negotiate/spnego"
)

//go:embed negotiate.txt
var negotiateSession string

// negotiateDemo plays client and KDC itself: the keytab's key, the ticket of
// alice, and what she makes of it are made up here.
func negotiateDemo(bin, dir string) error {
	file := filepath.Join(dir, "http.keytab")
	if err := os.WriteFile(file, krbtest.ServiceKeytab(krbtest.AES256SHA1), 0o600); err != nil {
		return err
	}
	now := time.Now()
	ticket := krbtest.NewTicket(krbtest.AES256SHA1)
	ticket.AuthTime, ticket.StartTime, ticket.EndTime = now, now, now.Add(time.Hour)
	login := ticket.Login()
	login.SetTime(now)
	token := base64.StdEncoding.EncodeToString(login.Init(spnego.KRB5, spnego.NTLM))
	cmd := exec.Command(filepath.Join(bin, "negotiate"), "--audit", "all", "--keytab", file, "--replay-cache", "memory")
	return play(cmd, "negotiate", "5", strings.ReplaceAll(negotiateSession, "{token}", token))
}
