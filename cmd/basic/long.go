package main

import (
	"slices"
	"strings"
)

// divide parts long options that stand before those of a replaced program: into those
// of this program, and those of a backend, which have these names.
func divide(long []string, names ...string) (common, backend []string) {
	for _, option := range long {
		name, _, _ := strings.Cut(strings.TrimPrefix(option, "--"), "=")
		if slices.Contains(names, name) {
			backend = append(backend, option)
		} else {
			common = append(common, option)
		}
	}
	return common, backend
}
