package basic_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"squidauth/basic"
	"squidauth/basic/chain"
	"squidauth/basic/charset"
	"squidauth/basic/guard"
	"squidauth/basic/remember"
	"squidauth/helper/doctor"
	"squidauth/helper/doctor/doctortest"
	"squidauth/protocol"
)

// deaf cannot be examined, sick can.
type deaf struct{}

func (deaf) Authenticate(context.Context, string, protocol.Secret) basic.Verdict {
	return basic.Verdict{}
}

type sick struct{ deaf }

func (sick) Examine(_ context.Context, r *doctor.Report) {
	r.Add(doctor.Finding{Severity: doctor.Fault, Code: "sick", What: "it is", Why: "why", Cure: "cure"})
}

// TestExamine: whatever stands before a backend, that is examined.
func TestExamine(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "state")
	protect := func(b basic.Backend) basic.Backend {
		b = guard.New(b, guard.Options{Folder: folder, Log: slog.New(slog.DiscardHandler)})
		return remember.New(charset.New(chain.New([]chain.Link{{Backend: b}}), nil), remember.Options{})
	}
	doctortest.Want(t, "sick", &basic.Handler{Backend: protect(sick{})}, "fault sick", "cure")
	doctortest.Want(t, "deaf", &basic.Handler{Backend: protect(deaf{})}, "note not-examined", "")
	if err := os.WriteFile(folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var r doctor.Report
	guard.New(sick{}, guard.Options{Remember: time.Minute, Folder: folder, Log: slog.New(slog.DiscardHandler)}).Examine(t.Context(), &r)
	if f := r.Findings(); len(f) != 2 || f[0].Code != "state-dir" || f[0].Severity != doctor.Warning {
		t.Errorf("%+v", f)
	}
}
