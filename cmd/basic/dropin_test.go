package main

import (
	"testing"

	"squidauth/cmd/internal/packaging"
)

func TestInstalledNames(t *testing.T) {
	var names []string
	for _, k := range kinds {
		names = append(names, k.names...)
		if len(k.names) > 0 && k.translate == nil {
			t.Errorf("%q take no command line", k.names)
		}
	}
	packaging.CheckNames(t, names, "basic")
}
