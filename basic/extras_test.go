package basic

import (
	"context"
	"testing"

	"squidauth/protocol"
)

type backendFunc func(ctx context.Context) Verdict

func (f backendFunc) Authenticate(ctx context.Context, _ string, _ protocol.Secret) Verdict {
	return f(ctx)
}

// TestExtras: a Backend knows the words that squid.conf adds, and no others.
func TestExtras(t *testing.T) {
	for line, want := range map[string]string{
		"alice secret 192.0.2.7 -": "192.0.2.7 -",
		"alice secret x 192.0.2.7": "x 192.0.2.7",
	} {
		got := "none"
		h := Handler{KeyExtras: 2, Backend: backendFunc(func(ctx context.Context) Verdict {
			got = Extras(ctx)
			return Verdict{}
		})}
		h.Handle(t.Context(), []byte(line))
		if got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
	if got := Extras(t.Context()); got != "" {
		t.Errorf("nothing is %q", got)
	}
}
