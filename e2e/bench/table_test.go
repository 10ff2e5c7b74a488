package main

import (
	"math"
	"strings"
	"testing"
)

func TestNumber(t *testing.T) {
	for _, test := range []struct {
		value float64
		want  string
	}{
		{0, "0.00"}, {0.984, "0.98"}, {9.5, "9.50"}, {12.34, "12.3"}, {999.9, "999.9"}, {1000, "1,000"},
		{69679.4, "69,679"}, {1234567, "1,234,567"}, {-0.5, "-0.50"}, {-1234, "-1,234"}, {-123456, "-123,456"},
		{math.NaN(), "-"},
	} {
		if got := number(test.value); got != test.want {
			t.Errorf("number(%v) = %q, want %q", test.value, got, test.want)
		}
	}
}

// tableRows is a case of two measures, the first with a range and a target, the second taken once.
func tableRows() []row {
	c := testCase{name: "$6$", a: command{from: ours, inFlight: 20}, b: command{from: stock},
		targets: []target{ratioAtLeast(measureRate, 1)}}
	return append(rowsOf(c, "none", []series{
		{measure: measureRate, a: []float64{1500, 1700, 1600}, b: []float64{1000, 1000, 1000}},
		{measure: measureP50, a: []float64{200}, b: []float64{100}},
	}), failedRow(testCase{name: "$5$", b: command{from: stock}}, "split"))
}

func TestTextTable(t *testing.T) {
	const want = `
case  A : B         pin    measure  ratio A/B      range      A      B  target
$6$   ours x20 : C  none   rt/s          1.60  1.50-1.70  1,600  1,000  ratio >= 1 met
                           p50 µs        2.00             200.0  100.0
$5$   ours : C      split  FAILED                                       see above
`
	if got := textTable(tableRows()); got != strings.TrimPrefix(want, "\n") {
		t.Errorf("got\n%s\nwant%s", got, want)
	}
}

func TestMarkdownTable(t *testing.T) {
	const want = `
| case | A : B        | pin   | measure | ratio A/B |     range |     A |     B | target         |
|------|--------------|-------|---------|----------:|----------:|------:|------:|----------------|
| $6$  | ours x20 : C | none  | rt/s    |      1.60 | 1.50-1.70 | 1,600 | 1,000 | ratio >= 1 met |
|      |              |       | p50 µs  |      2.00 |           | 200.0 | 100.0 |                |
| $5$  | ours : C     | split | FAILED  |           |           |       |       | see above      |
`
	if got := markdownTable(tableRows()); got != strings.TrimPrefix(want, "\n") {
		t.Errorf("got\n%s\nwant%s", got, want)
	}
}
