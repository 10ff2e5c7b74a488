package checkup

import (
	"context"
	"errors"
	"io"

	"github.com/urfave/cli/v2"

	"squidauth/cmd/internal/program"
	"squidauth/helper"
	"squidauth/helper/doctor"
)

var errNoHelper = errors.New("that command line starts no helper")

// helperOf is what a command line would serve, and what its common flags name.
type helperOf struct {
	common  *program.Common
	handler helper.Handler
}

// Examine implements doctor.Examiner.
func (h helperOf) Examine(ctx context.Context, r *doctor.Report) {
	h.common.Examine(ctx, r)
	if e, ok := h.handler.(doctor.Examiner); ok {
		e.Examine(ctx, r)
		return
	}
	r.Add(doctor.Finding{Severity: doctor.Note, Code: "not-examined", What: "what this helper needs cannot be examined: try a login"})
}

// Close closes the Handler, if there is something to close.
func (h helperOf) Close() error {
	if c, ok := h.handler.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// Open runs an application up to where it would serve, and returns what would: an
// io.Closer too. The command line is that of the program itself.
func Open(app *cli.App, common *program.Common, args []string) (doctor.Examiner, Settings, error) {
	var handler helper.Handler
	common.Inspect(func(h helper.Handler) { handler = h })
	err := program.Act(app, args)
	settings := Settings{Concurrency: common.Concurrency, KeyExtras: common.KeyExtras, Legacy: common.IsLegacy()}
	switch {
	case err != nil:
		return nil, settings, err
	case handler == nil:
		return nil, settings, errNoHelper
	}
	return helperOf{common, handler}, settings, nil
}
