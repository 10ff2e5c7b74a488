package metrics

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// maxFile and maxSeries bound what is taken from a file: a process that writes
// nonsense must not make the others grow.
const (
	maxFile   = 1 << 20
	maxSeries = 4096
)

// counters are values that only grow, by series: a name with its labels, as the text
// format of Prometheus has them.
type counters map[string]float64

// add adds what others counted. Once there are maxSeries, new ones are left out: a file
// with more would not be read.
func (c counters) add(more counters) {
	for series, v := range more {
		if _, known := c[series]; known || len(c) < maxSeries {
			c[series] += v
		}
	}
}

// series returns a name with labels, given as name, value, name, value.
func series(name string, labels ...string) string {
	if len(labels) == 0 {
		return name
	}
	b := []byte(name)
	for i := 0; i < len(labels); i += 2 {
		b = append(b, map[bool]byte{true: '{', false: ','}[i == 0])
		b = append(append(b, labels[i]...), '=')
		b = append(b, '"')
		b = append(b, escape(labels[i+1])...)
		b = append(b, '"')
	}
	return string(append(b, '}'))
}

// escape keeps labels to what needs no thought: our own words are of that kind.
func escape(value string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r <= '~' && r != '"' && r != '\\' || r == ' ' {
			return r
		}
		return '_'
	}, value[:min(len(value), 64)])
}

// family returns the metric that a series belongs to.
func family(series string) string {
	name, _, _ := strings.Cut(series, "{")
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		if base, ok := strings.CutSuffix(name, suffix); ok {
			return base
		}
	}
	return name
}

// inOrder keeps families together, and the buckets of a histogram in the order of their
// bounds, as the text format demands.
func inOrder(x, y string) int {
	restX, boundX := cutBound(x)
	restY, boundY := cutBound(y)
	return cmp.Or(cmp.Compare(family(x), family(y)), cmp.Compare(restX, restY), cmp.Compare(boundX, boundY), cmp.Compare(x, y))
}

// cutBound splits a bucket's bound off its series.
func cutBound(series string) (rest string, bound float64) {
	rest, le, found := strings.Cut(series, `,le="`)
	if !found {
		return series, 0
	}
	bound, _ = strconv.ParseFloat(strings.TrimSuffix(le, `"}`), 64) // of nonsense: any
	return rest, bound
}

// format writes the text format of Prometheus, version 0.0.4.
func (c counters) format() []byte {
	var b bytes.Buffer
	keys := slices.SortedFunc(maps.Keys(c), inOrder)
	last := ""
	for _, key := range keys {
		if f := family(key); f != last {
			last = f
			fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", f, descriptions[f].help, f, descriptions[f].kind)
		}
		fmt.Fprintf(&b, "%s %s\n", key, strconv.FormatFloat(c[key], 'g', -1, 64))
	}
	return b.Bytes()
}

var errFormat = errors.New("it is no file of this program's metrics")

// parse reads what format wrote.
func parse(content []byte) (counters, error) {
	c := counters{}
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		at := strings.LastIndexByte(line, ' ')
		if at < 0 {
			return nil, errFormat
		}
		v, err := strconv.ParseFloat(line[at+1:], 64)
		_, known := descriptions[family(line[:at])]
		if err != nil || !known || !(v >= 0 && v < 1e15) || len(c) == maxSeries {
			return nil, errFormat
		}
		c[line[:at]] = v
	}
	return c, nil
}
