package main

import (
	"math"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{9, 1, 5}, 5},
		{[]float64{4, 1, 3, 2}, 2.5},
	} {
		if got := median(test.values); got != test.want {
			t.Errorf("median(%v) = %v, want %v", test.values, got, test.want)
		}
	}
	if got := median(nil); !math.IsNaN(got) {
		t.Errorf("median of nothing = %v, want NaN", got)
	}
}

func TestMedianLeavesItsArgumentInOrder(t *testing.T) {
	values := []float64{3, 1, 2}
	median(values)
	if values[0] != 3 || values[1] != 1 || values[2] != 2 {
		t.Errorf("values are now %v: the pairs are lost", values)
	}
}

func TestPercentile(t *testing.T) {
	hundred := make([]int, 100)
	for i := range hundred {
		hundred[i] = i + 1
	}
	for _, test := range []struct {
		sorted []int
		p      float64
		want   int
	}{
		{hundred, 50, 50},
		{hundred, 99, 99},
		{hundred, 100, 100},
		{hundred, 0, 1},
		{[]int{7}, 50, 7},
		{[]int{7}, 99, 7},
		{[]int{1, 2, 3, 4, 5}, 50, 3},
		{[]int{1, 2, 3, 4, 5}, 99, 5},
	} {
		if got := percentile(test.sorted, test.p); got != test.want {
			t.Errorf("percentile %v of %d values = %d, want %d", test.p, len(test.sorted), got, test.want)
		}
	}
}

// The machine is twice as slow in the second pair. The ratios do not see that; a quotient of the medians would, had the
// two sides not slowed down together.
func TestSummariseComparesWithinPairs(t *testing.T) {
	s := series{a: []float64{100, 40, 90}, b: []float64{50, 20, 60}}
	got := s.summarise()
	want := summary{ratio: 2, low: 1.5, high: 2, a: 90, b: 50, pairs: 3}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestSummariseSkipsPairsWithoutRatio(t *testing.T) {
	got := series{a: []float64{-1, 6, 4}, b: []float64{2, 3, 0}}.summarise()
	if got.ratio != 2 || got.low != 2 || got.high != 2 {
		t.Errorf("ratio %v (%v-%v), want 2 from the second pair alone", got.ratio, got.low, got.high)
	}
	none := series{a: []float64{1}, b: []float64{0}}.summarise()
	if !math.IsNaN(none.ratio) {
		t.Errorf("ratio to zero = %v, want NaN", none.ratio)
	}
}
