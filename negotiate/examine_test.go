package negotiate_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"squidauth/helper/doctor"
	"squidauth/helper/doctor/doctortest"
	"squidauth/negotiate"
	"squidauth/negotiate/kerberos/krbtest"
	"squidauth/negotiate/rcache"
	"squidauth/protocol"
)

// TestExamine: what is wrong with a keytab or a replay cache is found, by a Handler and
// by a Wrapper of one.
func TestExamine(t *testing.T) {
	h := newHandler(t)
	doctortest.Want(t, "no file", h, "note not-examined", "")
	path := filepath.Join(t.TempDir(), "keytab")
	open := func() *negotiate.Keytab {
		return negotiate.OpenKeytab(path, negotiate.KeytabOptions{Now: time.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	}
	h.Keytab = open()
	doctortest.Want(t, "no keytab", h, "fault keytab-missing", "ktpass")
	if err := os.WriteFile(path, krbtest.ServiceKeytab(krbtest.AES256SHA1)[:20], 0o600); err != nil {
		t.Fatal(err)
	}
	doctortest.Want(t, "half a keytab", h, "fault keytab-unusable", "klist -ekt")
	h.Kerberos.Replay = &negotiate.LazyCache{Look: func(r *doctor.Report) { rcache.Examine(r, "none", os.LookupEnv) }}
	var r doctor.Report
	h.Examine(t.Context(), &r)
	if f := r.Findings(); f[len(f)-1].Code != "no-replay-cache" {
		t.Errorf("%+v", f)
	}
	w := &negotiate.Wrapper{Kerberos: mute{}, NTLM: sick{}, PermitUncheckedMIC: true}
	r = doctor.Report{}
	w.Examine(t.Context(), &r)
	if f := r.Findings(); len(f) != 2 || f[0].Code != "sick" || f[1].Code != "unchecked-mic" {
		t.Errorf("%+v", f)
	}
	doctortest.Want(t, "no NTLM", &negotiate.Wrapper{Kerberos: mute{}}, "note no-ntlm", "")
}

// mute is a Mechanism that cannot be examined, sick one that can.
type mute struct{}

func (mute) Handle(context.Context, []byte) protocol.Reply { return protocol.Reply{} }

type sick struct{ mute }

func (sick) Examine(_ context.Context, r *doctor.Report) {
	r.Add(doctor.Finding{Severity: doctor.Fault, Code: "sick", What: "it is"})
}
