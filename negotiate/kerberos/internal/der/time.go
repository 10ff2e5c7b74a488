package der

import (
	"time"

	"golang.org/x/crypto/cryptobyte/asn1"
)

// Time takes a KerberosTime (RFC 4120 section 5.2.3) as time.Parse does, which is
// slower and takes fractions too.
func (f *Fields) Time(n uint8) time.Time {
	text := f.Value(n, asn1.GeneralizedTime)
	if f.Broken || len(text) != len(TimeForm) || text[len(TimeForm)-1] != 'Z' {
		f.Broken = true
		return time.Time{}
	}
	number := func(from, to int) (v int) {
		for _, c := range text[from:to] {
			if c < '0' || c > '9' {
				f.Broken = true
			}
			v = v*10 + int(c-'0')
		}
		return v
	}
	year, month, day := number(0, 4), number(4, 6), number(6, 8)
	hour, minute, second := number(8, 10), number(10, 12), number(12, 14)
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	if f.Broken || month < 1 || month > 12 || t.Day() != day || hour > 23 || minute > 59 || second > 59 {
		f.Broken = true
		return time.Time{}
	}
	return t
}
