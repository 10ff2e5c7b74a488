// Package packaging holds what our programs are installed and packed with, and checks for
// tests that it fits the programs.
package packaging

import (
	_ "embed"
	"slices"
	"strings"
	"testing"
)

//go:embed drop-in.txt
var dropIn string

// A link is a name in the folder drop-in, and the program it leads to.
type link struct{ name, program string }

func links() (list []link) {
	for line := range strings.Lines(dropIn) {
		if words := strings.Fields(line); !strings.HasPrefix(line, "#") && len(words) == 2 {
			list = append(list, link{words[0], words[1]})
		}
	}
	return list
}

// CheckNames compares the names under which a program does what others do with those that
// it is installed by. program may be built in other forms, whose names begin with its own
// and a dash. Each of its names must be installed, though another program of ours may be
// behind it, which goes on with this one; and it must know each name that it is installed
// by.
func CheckNames(t testing.TB, names []string, program string) {
	t.Helper()
	if len(names) == 0 {
		t.Error("the program has no names")
	}
	all := links()
	for _, name := range names {
		if !slices.ContainsFunc(all, func(l link) bool { return l.name == name }) {
			t.Errorf("drop-in.txt lacks %s", name)
		}
	}
	for _, l := range all {
		ours := l.program == program || strings.HasPrefix(l.program, program+"-")
		if ours && !slices.Contains(names, l.name) {
			t.Errorf("drop-in.txt says that %s takes the place of %s, of which it does not know", l.program, l.name)
		}
	}
}
