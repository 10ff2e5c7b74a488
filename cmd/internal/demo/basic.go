package main

import (
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
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

func basicDemo(bin, dir string) error {
	file := filepath.Join(dir, "passwd")
	if err := os.WriteFile(file, []byte(passwords), 0o600); err != nil {
		return err
	}
	cmd := exec.Command(filepath.Join(bin, "basic"), "--concurrency", "20", "--audit", "all", "ncsa", file)
	return play(cmd, "basic", "5 concurrency=20", basicSession)
}
