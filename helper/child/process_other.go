//go:build !unix

package child

import (
	"os"
	"os/exec"
)

// terminate is the only signal there is.
var terminate = os.Kill

func separate(*exec.Cmd) {}

func (p *process) signal(s os.Signal) { _ = p.cmd.Process.Signal(s) } // it may have ended

// looker would see what is in a pipe; here it cannot.
type looker struct{}

func (*looker) open(*os.File) error { return nil }

func (*looker) atHand() (n int, eof bool) { return 0, false }
