package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// withEtc has the sides start in a namespace in which the case's files are in /etc. The process stays the same from the
// program that makes the namespace to the helper.
func (b *bench) withEtc(files []etcFile, sides *[2]side) error {
	if files == nil {
		return nil
	}
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		return err
	}
	var script strings.Builder
	for _, f := range files {
		path, err := b.write(strings.ReplaceAll(strings.TrimPrefix(f.path, "/"), "/", "-"), f.content)
		if err != nil {
			return err
		}
		fmt.Fprintf(&script, "mount --bind %s %s && ", path, f.path)
	}
	script.WriteString(`exec "$@"`)
	for i := range sides {
		path, err := filepath.Abs(sides[i].path)
		if err != nil {
			return err
		}
		sides[i].argv = append([]string{"unshare", "-m", "sh", "-c", script.String(), "sh", path}, sides[i].argv[1:]...)
		sides[i].path = unshare
	}
	return nil
}
