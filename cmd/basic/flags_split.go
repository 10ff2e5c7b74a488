package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"squidauth/cmd/internal/program"
)

// splitOptions parts options of this program that stand together: those that go before
// the backend's name, and the backend's own.
func splitOptions(words []string) (before, own []string) {
	var c config
	all := append(program.New("basic", "", &c.Common).Flags, c.ConcurrencyFlag(),
		&cli.BoolFlag{Name: "plain-messages"}, &cli.BoolFlag{Name: "help"}, &cli.BoolFlag{Name: "version"})
	all = append(all, c.protection.flags()...)
	for i := 0; i < len(words); i++ {
		name, _, attached := strings.Cut(strings.TrimLeft(words[i], "-"), "=")
		at := slices.IndexFunc(all, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
		if at < 0 || !strings.HasPrefix(words[i], "-") {
			own = append(own, words[i])
			continue
		}
		before = append(before, words[i])
		if _, isSwitch := all[at].(*cli.BoolFlag); !isSwitch && !attached && i+1 < len(words) {
			i++
			before = append(before, words[i])
		}
	}
	return before, own
}
