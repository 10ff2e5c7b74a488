package main

import (
	"testing"

	"squidauth/cmd/internal/packaging"
)

func TestInstalledNames(t *testing.T) {
	packaging.CheckNames(t, append(names, authTestName), "negotiate")
}
