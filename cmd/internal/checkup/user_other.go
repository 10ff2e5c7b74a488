//go:build !unix

package checkup

import "os/exec"

// credential is a user that a process can be started as. There is none on this system.
type credential struct{ name string }

func otherUser(string) (*credential, error) { return nil, nil }

func (*credential) set(*exec.Cmd) {}
