// Demo plays sessions through the helpers in a folder and prints them as Squid
// would see them. It needs nothing but the programs.
package main

import (
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"squidauth/cmd/internal/dialogue"
	"squidauth/negotiate/kerberos/krbtest"
	"squidauth/negotiate/spnego"
)

//go:embed basic.txt
var basicSession string

//go:embed negotiate.txt
var negotiateSession string

// passwords is a throw-away password file: bob's password is "secret", alice's
// "pässwörd & more", carol's hash is of no known kind.
const passwords = `# demo
bob:$apr1$v0TCyXji$tCv8UAYyrtLLHb3StQJov1
alice:$2y$05$yAJ5gWBXSN9okM3olGobqukZGciWnW/pER1UVFtCDwIhwQlKmA446
carol:$nothing$
`

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: demo FOLDER-OF-THE-PROGRAMS")
		os.Exit(2)
	}
	dir, err := os.MkdirTemp("", "squidauth-demo-")
	if err == nil {
		err = errors.Join(basicDemo(os.Args[1], dir), negotiateDemo(os.Args[1], dir), os.RemoveAll(dir))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo failed:", err)
		os.Exit(1)
	}
}

func basicDemo(bin, dir string) error {
	file := filepath.Join(dir, "passwd")
	if err := os.WriteFile(file, []byte(passwords), 0o600); err != nil {
		return err
	}
	cmd := exec.Command(filepath.Join(bin, "basic"), "--concurrency", "20", "--audit", "all", "ncsa", file)
	return play(cmd, "basic", "5 concurrency=20", basicSession)
}

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

func play(cmd *exec.Cmd, scheme, children, text string) error {
	session, err := dialogue.Parse(text)
	if err != nil {
		return err
	}
	cmd.Stderr = os.Stdout // in Squid: cache.log
	fmt.Printf("squid.conf:  auth_param %s program %s\n", scheme, cmd)
	fmt.Printf("             auth_param %s children %s\n\n", scheme, children)
	if err := session.Play(cmd, os.Stdout); err != nil {
		return fmt.Errorf("%s: %w", scheme, err)
	}
	fmt.Println()
	return nil
}
