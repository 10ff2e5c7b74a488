package der_test

import (
	"encoding/asn1"
	"testing"
	"time"

	"squidauth/negotiate/kerberos/internal/der"
)

func openTime(text string) der.Fields {
	return open(asn1.RawValue{Tag: asn1.TagGeneralizedTime, Bytes: []byte(text)})
}

func TestTime(t *testing.T) {
	for text, want := range map[string]time.Time{
		"20260504120000Z": time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC),
		"19700101000000Z": time.Unix(0, 0),
		"20240229235959Z": time.Date(2024, 2, 29, 23, 59, 59, 0, time.UTC),
		"99991231235959Z": time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	} {
		f := openTime(text)
		if got := f.Time(3); !got.Equal(want) || f.Broken {
			t.Errorf("%s: %v, broken %v", text, got, f.Broken)
		}
	}
	for _, text := range []string{
		"", "Z", "20260504120000", "20260504120000.5Z", "20260504120000+0000", "202605041200Z", "20260504120000z",
		"20260004120000Z", "20261304120000Z", "20260500120000Z", "20260532120000Z", "20250229000000Z",
		"20260504240000Z", "20260504126000Z", "20260504120060Z", "20161231235960Z", "20260504120061Z", "2026050412000:Z", "-0260504120000Z", "20260504120000\x00",
	} {
		f := openTime(text)
		if got := f.Time(3); !f.Broken || !got.IsZero() {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// FuzzTime: what is taken is what package time takes, but for fractions.
func FuzzTime(f *testing.F) {
	f.Add("20260504120000Z")
	f.Add("20161231235960Z")
	f.Add("20260504120000.5Z")
	f.Fuzz(func(t *testing.T, text string) {
		fields := openTime(text)
		got := fields.Time(3)
		want, err := time.Parse(der.TimeForm, text)
		good := err == nil && len(text) == len(der.TimeForm)
		if fields.Broken == good {
			t.Errorf("%q: broken %v, %v", text, fields.Broken, err)
		}
		if good && !got.Equal(want) || fields.Broken && !got.IsZero() {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	})
}
