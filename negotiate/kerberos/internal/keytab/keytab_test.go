package keytab_test

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"slices"
	"testing"

	"squidauth/negotiate/kerberos/internal/keytab"
	"squidauth/negotiate/kerberos/krbtest"
)

var (
	first  = entry("HTTP", "proxy.example.org")
	second = entry("alice")
)

func entry(components ...string) krbtest.Entry {
	return krbtest.Entry{Components: components, Realm: krbtest.Realm, Kvno: 259, Key: krbtest.Key(krbtest.AES256SHA1, components[0])}
}

// file puts records behind the version.
func file(records ...[]byte) []byte { return append([]byte{5, 2}, bytes.Join(records, nil)...) }

// record is one with the entry.
func record(e krbtest.Entry) []byte { return krbtest.Keytab(e)[2:] }

// sized is one of that size field.
func sized(size int32, content []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(size)), content...)
}

// padded is a record that had a longer entry before.
func padded(e krbtest.Entry, n int) []byte {
	content := append(record(e)[4:], make([]byte, n)...)
	return sized(int32(len(content)), content)
}

// hole is a record of n bytes that was deleted.
func hole(n int) []byte { return sized(int32(-n), make([]byte, n)) }

func old(e krbtest.Entry) krbtest.Entry {
	e.Old = true
	return e
}

// read is the entry as it is to be read.
func read(e krbtest.Entry) keytab.Entry {
	if e.Old {
		e.Kvno &= 0xff
	}
	return keytab.Entry{Components: e.Components, Realm: e.Realm, Kvno: e.Kvno, Key: e.Key}
}

func TestParse(t *testing.T) {
	des, short := second, second
	des.Key.KeyType = 3
	short.Key.KeyValue = short.Key.KeyValue[1:]
	unnamed := krbtest.Entry{Kvno: 1, Key: first.Key}
	low := old(first)
	low.Kvno = 3
	for name, c := range map[string]struct {
		content []byte
		want    []krbtest.Entry
	}{
		"entries":        {file(record(first), record(second)), []krbtest.Entry{first, second}},
		"every type":     {krbtest.ServiceKeytab(krbtest.Enctypes()...), services()},
		"8 bits of kvno": {file(record(old(first))), []krbtest.Entry{old(first)}},
		// 32 bits of zeros are none, and less are not looked at.
		"padded":       {file(padded(low, 3), padded(low, 4), padded(low, 1000), padded(first, 9), record(second)), []krbtest.Entry{low, low, low, first, second}},
		"holes":        {file(hole(1), record(first), hole(70000), hole(3), record(second), hole(20)), []krbtest.Entry{first, second}},
		"an end":       {file(record(first), sized(0, record(second))), []krbtest.Entry{first}},
		"garbage":      {file(record(first), sized(0, []byte{0xff})), []krbtest.Entry{first}},
		"unusable":     {file(record(des), record(first), record(short)), []krbtest.Entry{first}},
		"without name": {file(record(unnamed)), []krbtest.Entry{unnamed}},
	} {
		t.Run(name, func(t *testing.T) { mustParse(t, c.content, c.want) })
	}
}

// services has the entries of krbtest.ServiceKeytab.
func services() (entries []krbtest.Entry) {
	for _, enctype := range krbtest.Enctypes() {
		e := first
		e.Kvno, e.Key = krbtest.Kvno, krbtest.ServiceKey(enctype)
		entries = append(entries, e)
	}
	return entries
}

func mustParse(t *testing.T, content []byte, want []krbtest.Entry) {
	t.Helper()
	var entries []keytab.Entry
	for _, e := range want {
		entries = append(entries, read(e))
	}
	got, err := keytab.Parse(content)
	if err != nil || !reflect.DeepEqual(got, entries) {
		t.Errorf("got %v, %v, want %v", got, err, entries)
	}
}

const (
	noKeytab = "it is not a keytab, or is cut short"
	noKeys   = "it holds no key of a usable encryption type"
)

func mustRefuse(t *testing.T, content []byte, want string) {
	t.Helper()
	if got, err := keytab.Parse(content); err == nil || err.Error() != want || got != nil {
		t.Errorf("got %v, %v, want %s", got, err, want)
	}
}

func TestRefused(t *testing.T) {
	whole := record(first)
	n := int32(len(whole) - 4)
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"nothing":          {nil, noKeytab},
		"a byte":           {[]byte{5}, noKeytab},
		"text":             {[]byte("# a keytab\n"), noKeytab},
		"version 3":        {[]byte{5, 3, 0, 0, 0, 0}, noKeytab},
		"version 1":        {append([]byte{5, 1}, whole...), "it is a keytab of version 1, which is older than AES: read it with rkt of ktutil, and write a new file with wkt"},
		"no records":       {file(), noKeys},
		"a hole":           {file(hole(100)), noKeys},
		"an end":           {file(sized(0, whole)), noKeys},
		"largest size":     {file(sized(0x7fffffff, whole[4:])), noKeytab},
		"smallest size":    {file(whole, sized(-0x80000000, whole[4:])), noKeytab},
		"size too large":   {file(sized(n+1, whole[4:])), noKeytab},
		"size of a byte":   {file(sized(1, whole[4:])), noKeytab},
		"hole past end":    {file(whole, sized(-n-1, whole[4:])), noKeytab},
		"a byte behind":    {file(whole, []byte{0}), noKeytab},
		"3 bytes behind":   {file(whole, []byte{0, 0, 0}), noKeytab},
		"many components":  {file(sized(n, patched(whole[4:], 0, 0xff, 0xff))), noKeytab},
		"too long a realm": {file(sized(n, patched(whole[4:], 2, 0xff, 0xff))), noKeytab},
	} {
		t.Run(name, func(t *testing.T) { mustRefuse(t, c.content, c.want) })
	}
}

// patched has other bytes from i on.
func patched(b []byte, i int, with ...byte) []byte {
	b = slices.Clone(b)
	copy(b[i:], with)
	return b
}

// TestCutShort: of a file that is cut, nothing is read, if the cut can be seen.
func TestCutShort(t *testing.T) {
	whole := file(record(first), record(second), hole(10))
	one, both := len(file(record(first))), len(file(record(first), record(second)))
	for n := range whole {
		switch n {
		case 2:
			mustRefuse(t, whole[:n], noKeys)
		case one:
			mustParse(t, whole[:n], []krbtest.Entry{first})
		case both:
			mustParse(t, whole[:n], []krbtest.Entry{first, second})
		default:
			mustRefuse(t, whole[:n], noKeytab)
		}
	}
}

// TestOverlapping: an entry that is longer than its record is none, whatever
// follows.
func TestOverlapping(t *testing.T) {
	for _, e := range []krbtest.Entry{first, old(first)} {
		content := record(e)[4:]
		for n := 1; n < len(record(old(first)))-4; n++ {
			mustRefuse(t, file(record(second), sized(int32(n), content), record(second)), noKeytab)
			mustRefuse(t, file(record(second), sized(int32(n), content[:n]), record(second)), noKeytab)
		}
	}
}

// TestCopied: nothing of what is returned is of the content, which its owner may
// change.
func TestCopied(t *testing.T) {
	content := file(record(first))
	got, err := keytab.Parse(content)
	if err != nil {
		t.Fatal(err)
	}
	clear(content)
	if !reflect.DeepEqual(got, []keytab.Entry{read(first)}) {
		t.Error("it changed with the content")
	}
}
