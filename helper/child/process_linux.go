package child

import (
	"math"
	"syscall"

	"golang.org/x/sys/unix"
)

// dieWithParent has the kernel kill the program if we are killed.
func dieWithParent(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }

// keepDescriptors closes the descriptors that this process was given, other than the
// standard three, to programs that it starts. Go does so with its own. Before Linux
// 5.11 they stay open, unless who started us closed them, as Squid does.
func keepDescriptors() { _ = unix.CloseRange(3, math.MaxInt32, unix.CLOSE_RANGE_CLOEXEC) }
