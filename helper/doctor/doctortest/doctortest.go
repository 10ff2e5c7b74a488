// Package doctortest is for tests of what is examined.
package doctortest

import (
	"context"
	"strings"
	"testing"
	"time"

	"squidauth/helper/doctor"
)

// patience is far more than an examination takes in a test.
const patience = 30 * time.Second

// Want examines e, and wants one finding that is not good, as "severity code", with a
// cure that has a part; or, of an empty want, none. No text may hold any of the secrets.
func Want(t testing.TB, name string, e doctor.Examiner, want, cure string, secrets ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var r doctor.Report
	e.Examine(ctx, &r)
	var bad []doctor.Finding
	for _, f := range r.Findings() {
		if f.Severity != doctor.Good {
			bad = append(bad, f)
		}
		for _, s := range secrets {
			if strings.Contains(f.Where+f.What+f.Why+f.Cure, s) {
				t.Errorf("%s: a secret is told: %+v", name, f)
			}
		}
	}
	switch {
	case want == "" && len(bad) == 0:
	case want == "" || len(bad) != 1:
		t.Errorf("%s: %+v, want %q", name, bad, want)
	default:
		check(t, name, bad[0], want, cure)
	}
}

func check(t testing.TB, name string, f doctor.Finding, want, cure string) {
	t.Helper()
	if string(f.Severity)+" "+f.Code != want || !strings.Contains(f.Cure, cure) {
		t.Errorf("%s: %+v, want %q, %q", name, f, want, cure)
	}
	if f.What == "" || f.Severity != doctor.Note && (f.Why == "" || f.Cure == "") {
		t.Errorf("%s: it does not say all: %+v", name, f)
	}
}

// Func is an Examiner.
type Func func(context.Context, *doctor.Report)

// Examine implements doctor.Examiner.
func (f Func) Examine(ctx context.Context, r *doctor.Report) { f(ctx, r) }
