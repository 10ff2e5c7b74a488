//go:build unix

package rcache

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// envRole makes the test binary play a part in a test instead of testing.
const envRole = "RCACHE_TEST_ROLE"

func TestMain(m *testing.M) {
	switch role, path, _ := strings.Cut(os.Getenv(envRole), " "); role {
	case "":
		os.Exit(m.Run())
	case "full":
		exit(playFull(path))
	default:
		first, err := strconv.Atoi(role)
		exit(errors.Join(err, playPresenter(uint64(first), path)))
	}
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// asRole returns the test binary in a role, with a file to work on.
func asRole(t *testing.T, role, path string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), envRole+"="+role+" "+path)
	return cmd
}

const processes, processTags = 4, 1000

// playPresenter presents all tags, in an order of its own, and prints the numbers
// of those that it got accepted.
func playPresenter(first uint64, path string) error {
	c, err := OpenFile(path, lifetime)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	for i := range uint64(processTags) {
		n := (i + first) % processTags
		seen, err := c.Seen(tagOf(n), start)
		if err != nil {
			return err
		}
		if !seen {
			fmt.Fprintln(&out, n)
		}
	}
	_, err = os.Stdout.Write(out.Bytes())
	return err
}

// TestProcesses: of several processes that present the same tags, one gets each
// tag accepted.
func TestProcesses(t *testing.T) {
	path := newPath(t)
	var cmds [processes]*exec.Cmd
	var out [processes]bytes.Buffer
	for i := range cmds {
		cmds[i] = asRole(t, strconv.Itoa(i*3), path)
		cmds[i].Stdout, cmds[i].Stderr = &out[i], os.Stderr
		if err := cmds[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	accepted := make(map[string]int)
	for i, cmd := range cmds {
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		mine := strings.Fields(out[i].String())
		t.Logf("process %d got %d tags accepted", i, len(mine))
		for _, n := range mine {
			accepted[n]++
		}
	}
	for n, times := range accepted {
		if times != 1 {
			t.Errorf("tag %s was accepted %d times", n, times)
		}
	}
	if len(accepted) != processTags {
		t.Errorf("%d tags were accepted", len(accepted))
	}
}

// playFull uses a file that may not grow beyond its first half table.
func playFull(path string) error {
	signal.Ignore(unix.SIGXFSZ)
	limit := unix.Rlimit{Cur: 8192, Max: 8192}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	c, err := OpenFile(path, lifetime)
	if err != nil {
		return err
	}
	accepted, failed := 0, 0
	for i := range uint64(400) {
		n := i % 200 // all twice
		seen, err := c.Seen(tagOf(n), start)
		switch {
		case err != nil && (!seen || !errors.Is(err, unix.EFBIG)):
			return fmt.Errorf("tag %d: %v, %w", n, seen, err)
		case err != nil:
			failed++
		case seen != (i >= 200):
			return fmt.Errorf("tag %d: %v", n, seen)
		case !seen:
			accepted++
		}
	}
	if accepted < 60 || failed != 2*(200-accepted) {
		return fmt.Errorf("%d accepted, %d failed", accepted, failed)
	}
	return nil
}

// TestFull: a record that finds no room is an error each time, and the others go
// on as before.
func TestFull(t *testing.T) {
	if out, err := asRole(t, "full", newPath(t)).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
