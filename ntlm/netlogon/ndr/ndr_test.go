package ndr

import (
	"encoding/hex"
	"strings"
	"testing"

	"squidauth/helper/identity"
)

// TestWriter has every form, as it is on the wire.
func TestWriter(t *testing.T) {
	var w Writer
	w.Uint8(1)
	w.Uint16(0x0203)
	w.Null()
	w.Pointer()
	w.Pointer()
	w.Uint8(9)
	w.String("A€")
	w.Uint8(9)
	w.Counted(UTF16("x"))
	w.Content(UTF16("x"), 2)
	w.Align(8)
	w.Raw([]byte{0xff})
	want := "01 00 0302 00000000 00000200 04000200 09000000 03000000 00000000 03000000 4100 ac20 0000 09 00 0200 0200 08000200 01000000 00000000 01000000 7800 0000 ff"
	if got := hex.EncodeToString(w.Bytes()); got != strings.ReplaceAll(want, " ", "") {
		t.Errorf("got  %s\nwant %s", got, strings.ReplaceAll(want, " ", ""))
	}
}

// TestReader reads what TestWriter knows to be right.
func TestReader(t *testing.T) {
	var w Writer
	w.Uint8(7)
	w.Uint16(8)
	w.Counted(UTF16("jürgen 😀"))
	w.Counted(nil)
	w.Null()
	w.Content(UTF16("jürgen 😀"), 2)
	w.Content(nil, 2)
	w.Uint32(2)
	w.Uint32(11)
	w.Uint32(12)
	w.Uint32(1)
	w.Raw(mustSID(t, "S-1-5-32").Binary())
	r := NewReader(string(w.Bytes()))
	if r.Uint8() != 7 || r.Uint16() != 8 {
		t.Error("integers")
	}
	name, none := r.Counted(), r.Counted()
	if r.Pointer() {
		t.Error("a null pointer points to something")
	}
	if s, empty := r.Text(name), r.Text(none); s != "jürgen 😀" || empty != "" {
		t.Errorf("%q, %q", s, empty)
	}
	if r.Count(2, 4) != 2 || r.Uint32() != 11 || r.Uint32() != 12 {
		t.Error("array")
	}
	if sid := r.SID(); sid.String() != "S-1-5-32" || r.End() != nil {
		t.Errorf("%v, %v", sid, r.End())
	}
	if r.Uint8() != 0 || r.Err() != errShort || r.End() != errShort {
		t.Error("reads behind the end")
	}
}

func mustSID(t *testing.T, s string) identity.SID {
	t.Helper()
	sid, err := identity.ParseSID(s)
	if err != nil {
		t.Fatal(err)
	}
	return sid
}

// TestRefused: everything that is malformed is a fault, and what was asked for is
// empty.
func TestRefused(t *testing.T) {
	text := func(r *Reader) string { return r.Text(r.Counted()) }
	sid := func(r *Reader) string { return r.SID().String() }
	count := func(r *Reader) string { return strings.Repeat("x", r.Count(2, 8)) }
	for _, c := range []struct {
		name string
		data string // hexadecimal
		read func(*Reader) string
		want error
	}{
		{"text without a pointer", "0200 0200 00000000", text, errString},
		{"text with an offset", "0200 0200 01000000 02000000 01000000 01000000 4100 4200", text, errCount},
		{"text longer than its room", "0400 0400 01000000 01000000 00000000 02000000 4100 4200", text, errCount},
		{"text shorter than announced", "0400 0400 01000000 02000000 00000000 01000000 4100", text, errString},
		{"text longer than its maximum", "0400 0200 01000000 02000000 00000000 02000000 4100 4200", text, errString},
		{"text of an odd length", "0300 0300 01000000 01000000 00000000 01000000 4100 42", text, errString},
		{"text cut short", "0400 0400 01000000 02000000 00000000 02000000 4100 42", text, errShort},
		{"4 GiB of text", "ffff ffff 01000000 ffffffff 00000000 ffffffff", text, errShort},
		{"other count", "03000000 0000000000000000 0000000000000000 0000000000000000", count, errCount},
		{"array cut short", "02000000 0000000000000000 00000000000000", count, errShort},
		{"SID with another count", "02000000 0101 000000000005 20000000", sid, errSID},
		{"SID of revision 2", "01000000 0201 000000000005 20000000", sid, errSID},
		{"SID with 16 subauthorities", "10000000 0110 000000000005 " + strings.Repeat("20000000", 16), sid, errSID},
		{"SID cut short", "01000000 0101 000000000005 200000", sid, errSID},
		{"nothing", "", sid, errShort},
	} {
		data, err := hex.DecodeString(strings.ReplaceAll(c.data, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		r := NewReader(string(data))
		if got := c.read(r); r.Err() != c.want || got != "" {
			t.Errorf("%s: %q, %v", c.name, got, r.Err())
		}
	}
	if r := NewReader("x"); r.End() != errTrailing || r.Uint8() != 0 {
		t.Error("what nobody read is no fault")
	}
}

// TestSurrogates: halves of pairs become U+FFFD.
func TestSurrogates(t *testing.T) {
	for in, want := range map[string]string{
		"\x3d\xd8\x00\xde":         "😀",
		"\x3d\xd8":                 "\ufffd",
		"\x3d\xd8A\x00":            "\ufffdA",
		"\x00\xdeA\x00":            "\ufffdA",
		"\x3d\xd8\x3d\xd8\x00\xde": "\ufffd😀",
	} {
		if got := decodeUTF16(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

// FuzzReader reads data by a program of one byte per operation, and checks that
// every read stays inside, and that nothing is returned after a fault.
func FuzzReader(f *testing.F) {
	var w Writer
	w.Counted(UTF16("bob"))
	w.Content(UTF16("bob"), 2)
	f.Add([]byte{7}, w.Bytes())
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8}, make([]byte, 100))
	f.Add([]byte{6, 8}, []byte{1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0})
	f.Fuzz(func(t *testing.T, program, data []byte) {
		if len(program) > 1000 {
			return
		}
		r := NewReader(string(data))
		for _, op := range program {
			failed := r.Err() != nil
			if size := run(r, op); failed && size != 0 {
				t.Fatalf("operation %d returned something after %v", op, r.Err())
			}
			if r.pos < 0 || r.pos > len(data) {
				t.Fatalf("at %d of %d", r.pos, len(data))
			}
		}
		if r.End() == nil && r.pos != len(data) {
			t.Fatal("an end before the end")
		}
	})
}

// run returns the size of what an operation returned.
func run(r *Reader, op byte) int {
	switch op % 9 {
	case 0:
		return int(r.Uint8())
	case 1:
		return int(r.Uint16())
	case 2:
		return int(r.Uint32() & 0xffff)
	case 3:
		return len(r.Raw(int(op)))
	case 4:
		r.Align(8)
	case 5:
		return r.Varying(2)
	case 6:
		return r.Count(uint32(op), 4)
	case 7:
		return len(r.Text(r.Counted()))
	case 8:
		return len(r.SID().Binary())
	}
	return 0
}
