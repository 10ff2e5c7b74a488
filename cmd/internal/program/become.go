package program

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// commandLine is what this program was called with. Scrub leaves it alone, as the
// program that takes over has to find the secrets there.
var commandLine = clone(os.Args)

func clone(words []string) []string {
	var out []string
	for _, w := range words {
		out = append(out, strings.Clone(w))
	}
	return out
}

// Beside returns the path of another program of the suite, which is in the folder of
// this one's file, links resolved.
func Beside(name string) (string, error) {
	own, err := os.Executable()
	if err == nil {
		own, err = filepath.EvalSymlinks(own)
	}
	if err != nil {
		return "", fmt.Errorf("cannot find my own file, beside which %s should be: %w", name, err)
	}
	path := filepath.Join(filepath.Dir(own), name+filepath.Ext(own))
	there, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("%s is missing: install it beside %s", path, filepath.Base(own))
	case err != nil:
		return "", err
	}
	if here, err := os.Stat(own); err != nil || os.SameFile(here, there) {
		return "", fmt.Errorf("%s is this program itself", path)
	}
	return path, nil
}

// Become has the program at path go on in this one's place, with the same command line.
// It returns only if that cannot be done; or on Windows, which has no such thing, never.
func Become(path string) error {
	return fmt.Errorf("%s cannot be run: %w", path, become(path, commandLine))
}
