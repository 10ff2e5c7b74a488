package der_test

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"golang.org/x/crypto/cryptobyte/asn1"

	"squidauth/negotiate/kerberos/internal/der"
)

func TestFields(t *testing.T) {
	message := sample()
	f := der.Application(message, 14)
	if n := f.Integer(0); n != 5 {
		t.Errorf("number %d", n)
	}
	f.Skip(1, 2, 3)
	if f.Has(3) || !f.Has(4) || f.Has(5) {
		t.Error("field 4 does not come next")
	}
	if s := f.Text(4); s != "Z\xff" {
		t.Errorf("text %q", s)
	}
	flags := f.Flags(5)
	for i := range 64 {
		if got := flags.Has(i); got != (i == 0 || i == 15) {
			t.Errorf("flag %d is %v", i, got)
		}
	}
	key := f.Key(7)
	if b := f.Octets(8); string(b) != "octets" || f.Broken {
		t.Errorf("octets %q, broken %v", b, f.Broken)
	}
	clear(message)
	if key.KeyType != 18 || string(key.KeyValue) != "secret" {
		t.Error("the key is another, or not copied")
	}
}

// TestBroken: once something is wrong, nothing more is read.
func TestBroken(t *testing.T) {
	for name, fault := range map[string]func(*der.Fields){
		"absent":        func(f *der.Fields) { f.Integer(1) },
		"no octets":     func(f *der.Fields) { f.Octets(0) },
		"no sequence":   func(f *der.Fields) { f.Sequence(0) },
		"no name":       func(f *der.Fields) { f.Name(0) },
		"no key":        func(f *der.Fields) { f.Key(0) },
		"not encrypted": func(f *der.Fields) { f.Encrypted(0) },
		"no flags":      func(f *der.Fields) { f.Flags(0) },
		"no time":       func(f *der.Fields) { f.Time(0) },
	} {
		f := der.Application(sample(), 14)
		fault(&f)
		if !f.Broken {
			t.Errorf("%s: not broken", name)
		}
		inner := f.Sequence(7)
		f.Skip(0, 1)
		if f.Has(0) || f.Integer(0) != 0 || f.Text(4) != "" || f.Octets(8) != nil || f.Field(8) != nil || !inner.Broken {
			t.Errorf("%s: read on", name)
		}
	}
}

// TestTwoInOne: a field holds one value.
func TestTwoInOne(t *testing.T) {
	two := append(encode(5), encode(5)...)
	f := openOf(two)
	if got := f.Integer(3); !f.Broken {
		t.Errorf("got %d", got)
	}
	f = openOf(two)
	if got := f.Value(3, asn1.INTEGER); !f.Broken {
		t.Errorf("got %x", got)
	}
	f = openOf(two)
	if got := f.Field(3); f.Broken || !bytes.Equal(got, two) {
		t.Errorf("whole: got %x", got)
	}
}

func TestApplication(t *testing.T) {
	whole := sample()
	if f := der.Application(whole, 14); f.Broken || !der.IsApplication(whole, 14) || der.IsApplication(whole, 15) {
		t.Error("refused, or taken for another")
	}
	for name, message := range map[string][]byte{
		"another":     application(15, seq{field(0, 5)}),
		"more":        append(slices.Clone(whole), 0),
		"no sequence": application(14, 5),
		"two inside":  {0x6e, 4, 0x30, 0, 0x30, 0},
		"empty":       {0x6e, 0},
		"endless":     {0x6e, 0x80, 0x30, 0x80, 0, 0, 0, 0},
		"nothing":     nil,
	} {
		if f := der.Application(message, 14); !f.Broken {
			t.Errorf("%s: not broken", name)
		}
	}
	for n := range whole {
		if f := der.Application(whole[:n], 14); !f.Broken {
			t.Errorf("of %d bytes: not broken", n)
		}
	}
}

func TestElement(t *testing.T) {
	f := open([]seq{encryptionKey(1, "a"), encryptionKey(2, "b")})
	list := f.Value(3, asn1.SEQUENCE)
	for want := int32(1); want <= 2; want++ {
		e := der.Element(&list)
		if got := e.Int32(0); got != want || e.Broken {
			t.Errorf("%d, want %d", got, want)
		}
	}
	if e := der.Element(&list); !e.Broken {
		t.Error("a third one")
	}
}

func TestInt32(t *testing.T) {
	for _, v := range []int64{0, 1, -1, math.MaxInt32, math.MinInt32, math.MaxInt32 + 1, math.MinInt32 - 1, math.MaxInt64, math.MinInt64} {
		f := open(v)
		if got := f.Integer(3); got != v || f.Broken {
			t.Errorf("%d: %d", v, got)
		}
		f = open(v)
		fits := int64(int32(v)) == v
		if got := f.Int32(3); f.Broken == fits || fits && int64(got) != v || !fits && got != 0 {
			t.Errorf("%d: %d, broken %v", v, got, f.Broken)
		}
	}
}
