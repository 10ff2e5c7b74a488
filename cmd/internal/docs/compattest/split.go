package compattest

import (
	"errors"

	"squidauth/cmd/internal/squidconf"
)

var errNothing = errors.New("nothing stands between the backquotes")

// split splits a command line into words, as squid.conf has them.
func split(line string) ([]string, error) {
	words, err := squidconf.Split(line)
	if len(words) == 0 {
		return nil, errNothing
	}
	return words, err
}
