package helper

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
)

type reloader struct {
	called chan struct{}
	err    error
}

func (r reloader) Reload(context.Context) error {
	r.called <- struct{}{}
	return r.err
}

// TestReload: each SIGHUP is one reload, and one that fails is logged.
func TestReload(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var log bytes.Buffer
	r := reloader{called: make(chan struct{}), err: errors.New("no such file")}
	hangup := make(chan os.Signal)
	done := make(chan struct{})
	go func() {
		reload(ctx, hangup, r, basicOptions(&log))
		close(done)
	}()
	for range 2 {
		hangup <- syscall.SIGHUP
		<-r.called
	}
	cancel()
	<-done
	if n := strings.Count(log.String(), "no such file"); n != 2 {
		t.Errorf("%d warnings: %s", n, &log)
	}
}
