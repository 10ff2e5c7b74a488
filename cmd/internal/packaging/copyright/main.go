// Copyright prints our licence, and those of Go and of the modules that programs were built
// of. Most of these want to be with every copy of the program.
package main

import (
	"bufio"
	"bytes"
	"debug/buildinfo"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	out := bufio.NewWriter(os.Stdout)
	err := write(out, os.Args[1], os.Args[2:])
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "copyright:", err)
		os.Exit(1)
	}
}

// write prints the licence in the file own, and those of what the programs are made of, in
// the order of the modules' names.
func write(w io.Writer, own string, programs []string) error {
	text, err := os.ReadFile(own)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "squidauth, and parts of other projects, whose licences follow it.\n\n%s", text)
	folders, err := modules(programs)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(folders)) {
		if err := writeModule(w, name, folders[name]); err != nil {
			return err
		}
	}
	return nil
}

func writeModule(w io.Writer, name, dir string) error {
	files, err := licences(dir)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("%s has no licence in %s", name, dir)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "\n%s\n%s (%s)\n\n%s\n", strings.Repeat("-", 78), name, filepath.Base(file), bytes.TrimSpace(text))
	}
	return nil
}

// licences returns the files in dir that say what others may do with a module.
func licences(dir string) (files []string, err error) {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		name := strings.ToUpper(e.Name())
		for _, prefix := range []string{"LICENSE", "LICENCE", "COPYING", "NOTICE", "PATENTS"} {
			if !e.IsDir() && strings.HasPrefix(name, prefix) && filepath.Ext(name) != ".GO" {
				files = append(files, filepath.Join(dir, e.Name()))
				break
			}
		}
	}
	return files, err
}

// modules returns the folders of Go and of what is linked into the programs, by name.
func modules(programs []string) (map[string]string, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	folders := map[string]string{"Go": strings.TrimSpace(string(root))}
	for _, program := range programs {
		info, err := buildinfo.ReadFile(program)
		if err != nil {
			return nil, err
		}
		for _, m := range info.Deps {
			if folders[m.Path] != "" {
				continue
			}
			dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", m.Path).Output()
			if err != nil {
				return nil, fmt.Errorf("go list %s: %w", m.Path, err)
			}
			folders[m.Path] = strings.TrimSpace(string(dir))
		}
	}
	return folders, nil
}
