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
	handlerFunc
	called chan struct{}
	err    error
}

func (r reloader) Reload(context.Context) error {
	r.called <- struct{}{}
	return r.err
}

// TestReload: who can reload does so on each hangup, and an error is logged.
func TestReload(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var log bytes.Buffer
	r := reloader{called: make(chan struct{}), err: errors.New("no such file")}
	hangup, done := make(chan os.Signal), make(chan struct{})
	go func() {
		reloadOn(ctx, hangup, r, basicOptions(&log))
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

// TestHangupWithoutReload: a Handler that cannot reload is not disturbed.
func TestHangupWithoutReload(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	hangup, done := make(chan os.Signal), make(chan struct{})
	go func() {
		reloadOn(ctx, hangup, echo, basicOptions(&bytes.Buffer{}))
		close(done)
	}()
	hangup <- syscall.SIGHUP
	hangup <- syscall.SIGHUP
	cancel()
	<-done
}
