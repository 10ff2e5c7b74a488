//go:build unix

package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// machineScript makes the machine of OnOtherMachine in the folder $1, copies the folder $2
// to it, and runs the script $3 there.
const machineScript = `
mount -t tmpfs squidauth "$1"
mkdir "$1/changed" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/changed,workdir=$1/work" overlay "$1/root"
cd "$1/root"
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs tmpfs dev/shm
mount -t tmpfs -o mode=0755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mkdir tmp/squidauth
tar -C "$2" --warning=no-file-changed --exclude=./bin --exclude=./dist -cf - . | tar -C tmp/squidauth --no-same-owner -xf -
exec chroot . sh -euc "cd /tmp/squidauth
$3"
`

// machineTimeout is some times what a script takes that builds our programs.
const machineTimeout = 5 * time.Minute

// OnOtherMachine runs a script of sh on a machine that is like this one, in a folder with a
// copy of this module's sources, and returns what it prints. The other machine has the
// files of this one; changes to them are kept in memory and lost at the end, together with
// the processes. It has this machine's network. env holds variables as NAME=value. A
// script that fails ends the test. It needs root.
func OnOtherMachine(t testing.TB, script string, env ...string) string {
	t.Helper()
	if err := lookAtSources(); err != nil {
		t.Fatal(err)
	}
	return OnOtherMachineWith(t, moduleRoot(), script, env...)
}

// OnOtherMachineWith is OnOtherMachine with a copy of another folder than this module's,
// but for what is in bin and dist there.
func OnOtherMachineWith(t testing.TB, folder, script string, env ...string) string {
	t.Helper()
	NeedOtherMachine(t)
	cmd := onOverlay(t, folder, script)
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// NeedOtherMachine makes sure that OnOtherMachine can do its work. It is for tests to which
// that comes late.
func NeedOtherMachine(t testing.TB) {
	t.Helper()
	if os.Getuid() != 0 {
		Lacking(t, "only root can make changes to a machine")
	}
	if out, err := onOverlay(t, t.TempDir(), "true").CombinedOutput(); err != nil {
		Lacking(t, "no overlay file systems here: %v: %s", err, out)
	}
}

func onOverlay(t testing.TB, folder, script string) *exec.Cmd {
	source, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), machineTimeout)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, Need(t, "unshare"), "--mount", "--pid", "--fork", "--kill-child",
		"sh", "-euc", machineScript, "sh", Dir(t), source, script)
	// Variables that make the tests' own make and go what they are are not for others.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "MAKE") || strings.HasPrefix(v, "MFLAGS=") || strings.HasPrefix(v, "TMPDIR=")
	})
	return cmd
}

// FreeAddress returns a loopback address, with a port, that nobody listens at.
func FreeAddress(t testing.TB) string {
	t.Helper()
	address, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return address
}
