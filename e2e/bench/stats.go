package main

import (
	"math"
	"slices"
)

// A series is one measure taken of both programs, alternately: a[i] and b[i] were taken one right after the other.
type series struct {
	measure string
	a, b    []float64
}

// A summary is what the table shows of a series.
type summary struct {
	ratio, low, high float64 // of a[i]/b[i]: median, least, greatest; NaN when no pair has a ratio
	a, b             float64 // medians
	pairs            int
}

// summarise compares only values taken in the same pair: the speed of a shared machine drifts by tens of per cent within
// minutes, so that the quotient of two medians says less than the median of the quotients.
func (s series) summarise() summary {
	ratios := s.ratios()
	sum := summary{ratio: math.NaN(), low: math.NaN(), high: math.NaN(), a: median(s.a), b: median(s.b), pairs: len(s.a)}
	if len(ratios) > 0 {
		sum.ratio, sum.low, sum.high = median(ratios), slices.Min(ratios), slices.Max(ratios)
	}
	return sum
}

// ratios leaves out pairs without a meaningful quotient; a difference of two times may come out as zero or less.
func (s series) ratios() []float64 {
	var ratios []float64
	for i := range min(len(s.a), len(s.b)) {
		if s.a[i] > 0 && s.b[i] > 0 {
			ratios = append(ratios, s.a[i]/s.b[i])
		}
	}
	return ratios
}

// median is NaN for no values.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	mid := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[mid]
	}
	return (sorted[mid-1] + sorted[mid]) / 2
}

// percentile is the nearest rank: the least of the sorted values that p per cent of them do not exceed.
func percentile[T any](sorted []T, p float64) T {
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}
