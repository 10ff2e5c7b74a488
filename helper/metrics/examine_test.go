//go:build unix

package metrics

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"squidauth/helper/doctor"
	"squidauth/helper/doctor/doctortest"
	"squidauth/protocol"
)

func TestExamine(t *testing.T) {
	dir := t.TempDir()
	examine := func(dir string) doctor.Examiner {
		return doctortest.Func(func(_ context.Context, r *doctor.Report) { Examine(r, dir, protocol.Basic) })
	}
	doctortest.Want(t, "good", examine(dir), "", "")
	doctortest.Want(t, "no folder", examine(filepath.Join(dir, "no", "folder")), "warning metrics-dir", "install -d")
	if err := os.WriteFile(filepath.Join(dir, "squidauth-basic.prom"), []byte("nonsense\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	doctortest.Want(t, "another's file", examine(dir), "warning metrics-dir", "rm "+dir)
}
