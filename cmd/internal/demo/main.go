// Demo plays sessions through the helpers in a folder and prints them as Squid
// would see them. It needs nothing but the programs.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"squidauth/cmd/internal/dialogue"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: demo FOLDER-OF-THE-PROGRAMS")
		os.Exit(2)
	}
	dir, err := os.MkdirTemp("", "squidauth-demo-")
	if err == nil {
		err = errors.Join(basicDemo(os.Args[1], dir), negotiateDemo(os.Args[1], dir), ntlmDemo(os.Args[1], dir), os.RemoveAll(dir))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo failed:", err)
		os.Exit(1)
	}
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
