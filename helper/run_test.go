package helper

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
)

type reloader struct {
	handlerFunc
	calls int
	err   error
}

func (r *reloader) Reload(context.Context) error {
	r.calls++
	return r.err
}

// TestReload: who can reload is asked to, and an error is logged.
func TestReload(t *testing.T) {
	var log bytes.Buffer
	r := &reloader{err: errors.New("no such file")}
	reload(t.Context(), r, basicOptions(&log))
	if r.calls != 1 || !strings.Contains(log.String(), "no such file") {
		t.Errorf("%d calls, log: %s", r.calls, &log)
	}
	log.Reset()
	reload(t.Context(), echo, basicOptions(&log))
	reload(t.Context(), &reloader{}, basicOptions(&log))
	if log.Len() > 0 {
		t.Errorf("log: %s", &log)
	}
}
