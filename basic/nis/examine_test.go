//go:build unix

package nis

import (
	"os"
	"path/filepath"
	"testing"

	"squidauth/helper/doctor/doctortest"
)

func TestExamine(t *testing.T) {
	b, dir := newMap(t, "bob:"+des+":1000:100::/:\n")
	doctortest.Want(t, "good", b, "", "")
	if err := os.WriteFile(filepath.Join(dir, "down"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	doctortest.Want(t, "down", b, "fault nis", "ypwhich")
}
