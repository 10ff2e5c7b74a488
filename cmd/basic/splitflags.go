package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// splitFlags tells this program's long options from those of a backend that has the
// flags. A word that is no option goes with the one before it, as its value; stray:
// there is none before it.
func splitFlags(words []string, flags []cli.Flag) (common, own []string, stray bool) {
	to := (*[]string)(nil)
	for _, word := range words {
		name, _, _ := strings.Cut(strings.TrimPrefix(word, "--"), "=")
		isOwn := func(f cli.Flag) bool { return slices.Contains(f.Names(), name) }
		switch {
		case !strings.HasPrefix(word, "--") && to == nil:
			return nil, nil, true
		case !strings.HasPrefix(word, "--"):
		case slices.ContainsFunc(flags, isOwn):
			to = &own
		default:
			to = &common
		}
		*to = append(*to, word)
	}
	return common, own, false
}
