package docs

import (
	"os/exec"
	"strings"
	"testing"
)

// TestImports: cmd → {helper, basic, ntlm, negotiate} → protocol, as docs/architecture.md
// has it. Each of our packages stands in its table, or one above it.
func TestImports(t *testing.T) {
	cmd := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "./...")
	cmd.Dir = root(t)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	page, err := One("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	explained := map[string]bool{}
	for _, row := range page.Tables[0].Rows {
		for _, name := range Spans(row[0]) {
			explained[name] = true
		}
	}
	packages := 0
	for line := range strings.Lines(string(out)) {
		var own []string // without the module's name
		for _, path := range strings.Fields(line) {
			if name, found := strings.CutPrefix(path, "squidauth/"); found {
				own = append(own, name)
			}
		}
		if len(own) == 0 {
			continue
		}
		packages++
		for _, imported := range own[1:] {
			if !mayImport(own[0], imported) {
				t.Errorf("%s imports %s", own[0], imported)
			}
		}
		if !isExplained(explained, own[0]) {
			t.Errorf("docs/architecture.md does not have %s", own[0])
		}
	}
	if packages < 50 {
		t.Errorf("only %d packages", packages)
	}
}

func mayImport(from, to string) bool {
	layer := func(path string) string {
		first, _, _ := strings.Cut(path, "/")
		return first
	}
	switch layer(from) {
	case "cmd", "e2e":
		return true // cmd: the tools that test and measure; Go itself keeps it to its own
	case "protocol":
		return false
	case "helper":
		return layer(to) == "helper" || to == "protocol"
	}
	return to != "helper" && layer(to) != "cmd" && layer(to) != "e2e"
}

// isExplained reports whether the table has a package, or one of two words above it.
func isExplained(explained map[string]bool, path string) bool {
	for strings.Count(path, "/") > 1 && !explained[path] {
		path = path[:strings.LastIndexByte(path, '/')]
	}
	return explained[path]
}
