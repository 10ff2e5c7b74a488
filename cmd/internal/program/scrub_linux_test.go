package program

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"squidauth/helper/secret"
)

// envRole makes the test binary scrub its own command line instead of testing.
const envRole = "PROGRAM_TEST_SCRUB"

func TestMain(m *testing.M) {
	if os.Getenv(envRole) == "" {
		os.Exit(m.Run())
	}
	var call Call
	for _, word := range os.Args[1:] {
		value, attached := strings.CutPrefix(word, "-w")
		if !attached {
			_, value, _ = strings.Cut(word, "=")
		}
		fmt.Printf("%s %s\n", strings.Clone(value), call.Secret(value))
	}
	call.Secret(os.Args[1] + os.Args[2]) // lies elsewhere
	call.Secret("a constant, which cannot be written to")
	b, err := os.ReadFile("/proc/self/cmdline")
	if err != nil {
		os.Exit(1)
	}
	os.Stdout.Write(b)
	os.Exit(0)
}

// TestScrub: the secret reaches the program, and nobody else can read it.
func TestScrub(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-wsecret1", "--password=sécret2", "-w", "x=", "-wsecret3")
	cmd.Env = append(os.Environ(), envRole+"=1")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	words := []byte("secret1 given:1\nsécret2 given:2\n given:3\n given:4\nsecret3 given:5\n")
	if !bytes.HasPrefix(out, words) {
		t.Fatalf("%q", out)
	}
	shown := out[len(words):]
	want := strings.Join([]string{os.Args[0], "-wxxxxxxx", "--password=xxxxxxxx", "-w", "x=", "-wxxxxxxx", ""}, "\x00")
	if string(shown) != want {
		t.Errorf("others see %q, want %q", shown, want)
	}
}

// TestSecret: a word stands for the secret only in the call that it comes from.
func TestSecret(t *testing.T) {
	var call Call
	var c Common
	one, two := call.Secret("first"), call.Secret("second")
	c.Adopt(call)
	for word, want := range map[string]string{one: "first", two: "second"} {
		s, err := c.Secret(word, secret.Config{})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Current(t.Context()); string(got) != want || err != nil {
			t.Errorf("%s stands for %q, %v, want %q", word, string(got), err, want)
		}
	}
	t.Setenv("SQUIDAUTH_TEST_SECRET", "third")
	if s, err := c.Secret("env:SQUIDAUTH_TEST_SECRET", secret.Config{}); err != nil {
		t.Error(err)
	} else if got, _ := s.Current(t.Context()); got != "third" {
		t.Errorf("%q", string(got))
	}
	if _, err := c.Secret("", secret.Config{}); err == nil {
		t.Error("no word is a secret")
	}
}
