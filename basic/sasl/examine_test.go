package sasl

import (
	"log/slog"
	"syscall"
	"testing"

	"squidauth/helper/doctor/doctortest"
)

// TestExamine: the socket is opened, and nothing is asked.
func TestExamine(t *testing.T) {
	for name, c := range map[string]struct {
		fail       error
		want, cure string
	}{
		"good":    {nil, "", ""},
		"missing": {syscall.ENOENT, "fault sasl-socket", "systemctl restart saslauthd"},
		"denied":  {syscall.EACCES, "fault sasl-socket", "usermod -aG sasl "},
	} {
		d := &daemon{t: t, fail: c.fail}
		b, err := New(Options{Socket: "/run/mux", Log: slog.New(slog.DiscardHandler), Dial: d.dial})
		if err != nil {
			t.Fatal(err)
		}
		doctortest.Want(t, name, b, c.want, c.cure)
		d.play.Wait()
		if len(d.requests) > 0 {
			t.Errorf("%s: it was asked", name)
		}
	}
}
