package der_test

import (
	"encoding/asn1"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/kerberos/internal/der"
)

func TestName(t *testing.T) {
	for n := range 20 {
		name := slices.Repeat([]string{"part", ""}, n)[:n]
		var parts seq
		for _, s := range name {
			parts = append(parts, general(s))
		}
		f := open(principalName(parts...))
		got := f.Name(3)
		if f.Broken != (n > 16) || !f.Broken && !slices.Equal(got, name) {
			t.Errorf("%d components: %q, broken %v", n, got, f.Broken)
		}
	}
	f := open(principalName(asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte("x")}))
	if got := f.Name(3); !f.Broken {
		t.Errorf("of UTF8String: %q", got)
	}
}

// TestEncrypted: numbers of 32 bits are the same, written as signed or not.
func TestEncrypted(t *testing.T) {
	for kvno, want := range map[int64]uint32{0: 0, 3: 3, 0xfffffffe: 0xfffffffe, -2: 0xfffffffe, 0x12340000: 0x12340000} {
		f := open(encryptedData(kvno, "cipher"))
		got := f.Encrypted(3)
		if f.Broken || got.KVNO != int(want) || got.EType != 18 || string(got.Cipher) != "cipher" {
			t.Errorf("%d: %+v, broken %v", kvno, got, f.Broken)
		}
	}
}

// TestInnerFault: what is wrong inside a field is wrong with the whole.
func TestInnerFault(t *testing.T) {
	for name, read := range map[string]func(*der.Fields) any{
		"name":      func(f *der.Fields) any { return f.Name(3) },
		"key":       func(f *der.Fields) any { return f.Key(3) },
		"encrypted": func(f *der.Fields) any { return f.Encrypted(3) },
	} {
		f := open(seq{field(0, 7)})
		if got := read(&f); !f.Broken {
			t.Errorf("%s: %v", name, got)
		}
	}
	f := open(encryptionKey(1<<40, "secret"))
	if got := f.Key(3); !f.Broken || got.KeyType != 0 || len(got.KeyValue) != 0 {
		t.Error("a key of a type beyond 32 bits")
	}
}

// TestFlagsForm: a BIT STRING says how many bits of its last byte do not count.
func TestFlagsForm(t *testing.T) {
	for content, good := range map[string]bool{"": false, "\x00": true, "\x08\x40": false, "\x00\x40\x00\x00\x00": true, "\x07\x40": true} {
		f := open(asn1.RawValue{Tag: asn1.TagBitString, Bytes: []byte(content)})
		flags := f.Flags(3)
		if f.Broken == good || flags.Has(1) != (good && strings.Contains(content, "\x40")) {
			t.Errorf("%x: %x, broken %v", content, flags, f.Broken)
		}
	}
}

// FuzzTypes: what is read at all is read as gokrb5 does.
func FuzzTypes(f *testing.F) {
	f.Add(encode(encryptedData(3, "cipher")))
	f.Add(encode(encryptedData(0, "")))
	f.Add(encode(encryptionKey(18, "secret")))
	f.Fuzz(func(t *testing.T, content []byte) {
		fields := openOf(content)
		if got := fields.Encrypted(3); !fields.Broken {
			var want types.EncryptedData
			err := want.Unmarshal(content)
			want.KVNO = int(uint32(want.KVNO))
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v, %v", got, want, err)
			}
		}
		fields = openOf(content)
		if got := fields.Key(3); !fields.Broken {
			var want types.EncryptionKey
			if err := want.Unmarshal(content); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v, %v", got, want, err)
			}
		}
	})
}
