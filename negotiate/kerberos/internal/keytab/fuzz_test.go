package keytab_test

import (
	"math"
	"reflect"
	"testing"

	gokrb5 "github.com/jcmturner/gokrb5/v8/keytab"

	"squidauth/negotiate/kerberos/internal/enctype"
	"squidauth/negotiate/kerberos/internal/keytab"
	"squidauth/negotiate/kerberos/krbtest"
)

// FuzzParse: what is read at all is read as gokrb5 does, and can be written and
// read again. gokrb5 refuses less: it goes on after most faults.
func FuzzParse(f *testing.F) {
	seeds := [][]byte{
		krbtest.ServiceKeytab(krbtest.Enctypes()...),
		file(hole(3), record(old(first)), hole(1), padded(old(second), 3), padded(second, 5), sized(0, nil)),
	}
	for _, seed := range seeds {
		if got, err := keytab.Parse(seed); err != nil {
			f.Fatalf("a seed is refused: %v, %v", got, err)
		}
		f.Add(seed)
	}
	f.Add([]byte{5, 1, 0, 0, 0, 0})
	f.Add([]byte{5, 2, 0x7f, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, content []byte) {
		got, err := keytab.Parse(content)
		if (err == nil) != (len(got) > 0) {
			t.Fatalf("%d entries, %v", len(got), err)
		}
		if err != nil || len(content) > math.MaxInt16 { // to gokrb5, lengths are signed
			return
		}
		if want := byGokrb5(t, content); !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if again, err := keytab.Parse(written(got)); err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("again: got %v, %v, want %v", again, err, got)
		}
	})
}

func byGokrb5(t *testing.T, content []byte) (entries []keytab.Entry) {
	t.Helper()
	kt := gokrb5.New()
	if err := kt.Unmarshal(content); err != nil {
		t.Errorf("gokrb5 refuses it: %v", err)
	}
	for _, e := range kt.Entries {
		if enctype.Usable(e.Key) {
			entries = append(entries, keytab.Entry{Components: e.Principal.Components, Realm: e.Principal.Realm, Kvno: e.KVNO, Key: e.Key})
		}
	}
	return entries
}

func written(entries []keytab.Entry) []byte {
	var out []krbtest.Entry
	for _, e := range entries {
		out = append(out, krbtest.Entry{Components: e.Components, Realm: e.Realm, Kvno: e.Kvno, Key: e.Key})
	}
	return krbtest.Keytab(out...)
}
