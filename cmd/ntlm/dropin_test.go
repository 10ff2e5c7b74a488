package main

import (
	"maps"
	"slices"
	"testing"

	"squidauth/cmd/internal/packaging"
)

func TestInstalledNames(t *testing.T) {
	packaging.CheckNames(t, slices.Collect(maps.Keys(translations)), "ntlm")
}
