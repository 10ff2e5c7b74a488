//go:build unix

package docs

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"squidauth/cmd/internal/dialogue"
)

// TestDialogues plays the dialogues of docs/protocol.md, in their order, with these
// helpers. Those in several columns are in cmd/basic/testdata.
func TestDialogues(t *testing.T) {
	d, err := One("docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	c := newChecker(t)
	helpers := []string{
		"basic ncsa /etc/squid/passwd",
		"basic ncsa /etc/squid/missing",
		"basic --concurrency 20 ncsa /etc/squid/passwd",
		"basic_ncsa_auth /etc/squid/passwd",
		`basic deny --text "Closed until 8:00"`,
		"basic --timeout 1s radius --server 127.0.0.1:1 --secret /etc/squid/radius.secret",
		"basic ncsa /etc/squid/passwd",
		"basic --lockout-guard 1/30 ncsa /etc/squid/passwd",
		"ntlm --hashes /etc/squid/hashes --domain EXAMPLE",
		"ntlm --hashes /etc/squid/hashes --domain EXAMPLE --dialect legacy",
		"negotiate --keytab /etc/squid/missing",
	}
	for _, b := range d.Blocks {
		if !strings.HasPrefix(b.Lines[0], ">") || strings.Contains(b.Lines[0], "   ") {
			continue
		}
		if len(helpers) == 0 {
			t.Fatalf("the dialogue at line %d has no helper here", b.Line)
		}
		session, err := dialogue.Parse(asSession(b.Lines))
		if err != nil {
			t.Fatal(err)
		}
		words := simpleCommands(helpers[0])[0]
		helpers = helpers[1:]
		cmd := exec.Command(c.path(words[0]), c.inEtc(words[1:])...)
		cmd.Args[0] = "(" + words[0] + ")"
		cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+c.etc)
		var out strings.Builder
		if err := session.Play(cmd, &out); err != nil {
			t.Errorf("%s:%d: %q: %v\n%s", d.Path, b.Line, words, err, &out)
		}
	}
	if len(helpers) > 0 {
		t.Errorf("there is no dialogue for %q", helpers)
	}
}

// asSession writes a dialogue of a page as a session. An ellipsis at the end of an
// answer is whatever comes; that of a request is for a client to fill in, or bytes.
func asSession(lines []string) string {
	var steps []string
	for _, line := range lines {
		who, what, _ := strings.Cut(line, " ")
		beginning, open := strings.CutSuffix(what, "…")
		switch {
		case who == "<" && open:
			steps = append(steps, "<~ "+regexp.QuoteMeta(beginning)+".*")
		case who == "<":
			steps = append(steps, "<- "+what)
		case strings.HasPrefix(what, "KK "):
			steps = append(steps, `-> KK {ntlm EXAMPLE\bob secret}`)
		case open:
			steps = append(steps, "-> "+beginning+strings.Repeat("x", 20000))
		default:
			steps = append(steps, "-> "+what)
		}
	}
	return strings.Join(steps, "\n")
}

// inEtc has arguments name files of the tests.
func (c *checker) inEtc(args []string) []string {
	args = slices.Clone(args)
	for i, word := range args {
		args[i] = strings.ReplaceAll(word, "/etc/squid", c.etc)
	}
	return args
}
