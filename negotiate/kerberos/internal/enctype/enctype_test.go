package enctype_test

import (
	"slices"
	"testing"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/negotiate/kerberos/internal/enctype"
)

// TestKnown compares with gokrb5, which also does the encryption.
func TestKnown(t *testing.T) {
	all := enctype.All()
	if len(all) != 5 || all[0] != etypeID.AES256_CTS_HMAC_SHA1_96 || all[4] != etypeID.RC4_HMAC {
		t.Errorf("%d, RC4 is to be the last", all)
	}
	for id := int32(-200); id < 200; id++ {
		rank := enctype.Rank(id)
		if rank != slices.Index(all, id) || enctype.Known(id) != (rank >= 0) {
			t.Errorf("%d: rank %d, known %v", id, rank, enctype.Known(id))
		}
		if rank < 0 {
			continue
		}
		if got := etypeID.ETypesByName[enctype.Name(id)]; got != id {
			t.Errorf("%d has the name of %d", id, got)
		}
		e, err := crypto.GetEtype(id)
		if err != nil {
			t.Fatal(err)
		}
		size := e.GetKeyByteSize()
		if id == etypeID.AES256_CTS_HMAC_SHA384_192 {
			size = 32 // RFC 8009 section 4
		}
		for n := range 64 {
			if got := enctype.Usable(types.EncryptionKey{KeyType: id, KeyValue: make([]byte, n)}); got != (n == size) {
				t.Errorf("%s, %d bytes: usable is %v", enctype.Name(id), n, got)
			}
		}
	}
}

func TestUnknown(t *testing.T) {
	for id, want := range map[int32]string{0: "encryption type 0", 3: "encryption type 3", 16: "encryption type 16", -128: "encryption type -128"} {
		if got := enctype.Name(id); got != want || enctype.Usable(types.EncryptionKey{KeyType: id}) {
			t.Errorf("%d: %s", id, got)
		}
	}
}
