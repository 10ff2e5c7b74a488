package initiator

import (
	"encoding/hex"
	"testing"

	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/types"
)

// TestCombine has the vectors of RFC 6113 appendix A.
func TestCombine(t *testing.T) {
	for etype, want := range map[int32]string{
		etypeID.AES128_CTS_HMAC_SHA1_96: "97df97e4b798b29eb31ed7280287a92a",
		etypeID.AES256_CTS_HMAC_SHA1_96: "4d6ca4e629785c1f01baf55e2e548566b9617ae3a96868c337cb93b5e72b1c7b",
		etypeID.RC4_HMAC:                "24d7f6b6bae4e5c00d2082c5ebab3672",
	} {
		var keys []types.EncryptionKey
		for _, word := range []string{"key1", "key2"} {
			k, err := KeyInfo{etype: etype, salt: word}.Key(word)
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, k)
		}
		got, err := combine(keys[0], keys[1], "a", "b")
		if err != nil || hex.EncodeToString(got.KeyValue) != want || got.KeyType != etype {
			t.Errorf("%s: got %x, %v, want %s", EnctypeName(etype), got.KeyValue, err, want)
		}
	}
}

// TestPRF has the vectors of RFC 8009 appendix A.
func TestPRF(t *testing.T) {
	for etype, c := range map[int32][2]string{
		etypeID.AES128_CTS_HMAC_SHA256_128: {"3705d96080c17728a0e800eab6e0d23c", "9d188616f63852fe86915bb840b4a886ff3e6bb0f819b49b893393d393854295"},
		etypeID.AES256_CTS_HMAC_SHA384_192: {"6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52", "9801f69a368c2bf675e59521e177d9a07f67efe1cfde8d3c8d6f6a0256e3b17db3c1b62ad1b8553360d17367eb1514d2"},
	} {
		value, err := hex.DecodeString(c[0])
		if err != nil {
			t.Fatal(err)
		}
		got, err := prf(types.EncryptionKey{KeyType: etype, KeyValue: value}, []byte("test"))
		if err != nil || hex.EncodeToString(got) != c[1] {
			t.Errorf("%s: got %x, %v", EnctypeName(etype), got, err)
		}
	}
	if _, err := prf(types.EncryptionKey{KeyType: etypeID.AES128_CTS_HMAC_SHA1_96}, nil); err == nil {
		t.Error("a key without a value makes a number")
	}
}
