package main

import (
	"math"
	"testing"
)

func TestVerdict(t *testing.T) {
	for _, test := range []struct {
		target target
		sum    summary
		want   string
	}{
		{ratioAtLeast(measureRate, 0.8), summary{ratio: 0.8}, "ratio >= 0.8 met"},
		{ratioAtLeast(measureRate, 0.8), summary{ratio: 0.79}, "ratio >= 0.8 missed"},
		{ratioAtLeast(measureRate, 5), summary{ratio: math.NaN()}, "ratio >= 5 missed"},
		{atMost(measureStart, 2.5), summary{a: 2.5, b: 9, ratio: 7}, "A <= 2.5 met"},
		{atMost(measureStart, 2.5), summary{a: 2.6, ratio: 0.1}, "A <= 2.5 missed"},
		{atMost(measureIdle, 45), summary{a: math.NaN()}, "A <= 45 missed"},
	} {
		if got := test.target.verdict(test.sum); got != test.want {
			t.Errorf("%+v: %q, want %q", test.sum, got, test.want)
		}
	}
}
