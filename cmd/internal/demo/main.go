// Demo plays sessions through the helpers in a folder and prints them as Squid
// would see them. It needs nothing but the programs.
package main

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"squidauth/cmd/internal/dialogue"
)

//go:embed basic.txt
var basicSession string

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
	if err := basicDemo(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "demo failed:", err)
		os.Exit(1)
	}
}

func basicDemo(bin string) error {
	dir, err := os.MkdirTemp("", "squidauth-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "passwd")
	if err := os.WriteFile(file, []byte(passwords), 0o600); err != nil {
		return err
	}
	session, err := dialogue.Parse(basicSession)
	if err != nil {
		return err
	}
	cmd := exec.Command(filepath.Join(bin, "basic"), "--concurrency", "20", "--audit", "all", "ncsa", file)
	cmd.Stderr = os.Stdout // in Squid: cache.log
	fmt.Println("squid.conf:  auth_param basic program", cmd)
	fmt.Print("             auth_param basic children 5 concurrency=20\n\n")
	return session.Play(cmd, os.Stdout)
}
