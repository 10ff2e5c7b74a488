//go:build unix

package getpwnam

import (
	"os"
	"testing"

	"squidauth/helper/doctor/doctortest"
)

func TestExamine(t *testing.T) {
	const shadow = "bob:" + des + ":19000:0:99999:7:::\n"
	f := linux(t, passwd("bob", "x"), shadow, Options{})
	doctortest.Want(t, "good", f, "", "", des)
	if err := os.Chmod(f.path("shadow"), 0o644); err != nil {
		t.Fatal(err)
	}
	doctortest.Want(t, "open", f, "warning system-file-open", "chmod o= ", des)
	os.Remove(f.path("shadow"))
	doctortest.Want(t, "no shadow", f, "fault system-file", "usermod -aG shadow ")
	g := linux(t, passwd("bob", "x"), shadow, Options{Getent: "/no/such/getent"})
	doctortest.Want(t, "no getent", g, "fault getent", "--nss off")
}
