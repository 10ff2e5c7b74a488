package checkup

import (
	"errors"

	"github.com/urfave/cli/v2"

	"squidauth/cmd/internal/program"
	"squidauth/helper"
	"squidauth/helper/doctor"
)

var errNoHelper = errors.New("that command line starts no helper")

// Open runs an application up to where it would serve, and returns what would. The
// command line is that of the program itself. The Examiner is nil if there is nothing
// that could be examined.
func Open(app *cli.App, common *program.Common, args []string) (doctor.Examiner, Settings, error) {
	var handler helper.Handler
	common.Inspect(func(h helper.Handler) { handler = h })
	err := program.Act(app, args)
	settings := Settings{Concurrency: common.Concurrency, KeyExtras: common.KeyExtras}
	switch {
	case err != nil:
		return nil, settings, err
	case handler == nil:
		return nil, settings, errNoHelper
	}
	examiner, _ := handler.(doctor.Examiner)
	return examiner, settings, nil
}
