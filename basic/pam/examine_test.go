package pam

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"squidauth/helper/doctor/doctortest"
)

func TestExamine(t *testing.T) {
	dir := t.TempDir()
	b := New(Options{Service: "squid", ConfigDir: dir, Log: slog.New(slog.DiscardHandler)})
	doctortest.Want(t, "no service", b, "fault pam-service", "cp /etc/pam.d/other ")
	if err := os.WriteFile(filepath.Join(dir, "squid"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	doctortest.Want(t, "service", b, "note pam-modules", "")
}
