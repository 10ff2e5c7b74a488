package machine

import (
	"encoding/hex"
	"slices"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"

	"squidauth/negotiate/kerberos/initiator"
)

var proxy1 = Account{Realm: "EXAMPLE.ORG", Name: "PROXY1$"}

// TestKeys holds keys against those that ktutil of MIT krb5 1.20 makes of the same
// password and salt.
func TestKeys(t *testing.T) {
	keys, err := keysOf(proxy1, "Correct-Horse-7", 4, principals(proxy1, []string{"HTTP/proxy.example.org"}))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"PROXY1$@EXAMPLE.ORG kvno 4 aes256-cts-hmac-sha1-96":                "6bf439d2458a56ca5e1d88dbb50a1e8a31c6b3e0183215acf93236d9f8c845df",
		"PROXY1$@EXAMPLE.ORG kvno 4 aes128-cts-hmac-sha1-96":                "3df79dadac1d67a13e727536b455c232",
		"HTTP/proxy.example.org@EXAMPLE.ORG kvno 4 aes256-cts-hmac-sha1-96": "6bf439d2458a56ca5e1d88dbb50a1e8a31c6b3e0183215acf93236d9f8c845df",
		"HTTP/proxy.example.org@EXAMPLE.ORG kvno 4 aes128-cts-hmac-sha1-96": "3df79dadac1d67a13e727536b455c232",
	}
	for _, k := range keys {
		if got := hex.EncodeToString(k.Key.KeyValue); got != want[k.String()] {
			t.Errorf("%s is %s, want %s", k, got, want[k.String()])
		}
		delete(want, k.String())
	}
	if len(want) > 0 {
		t.Errorf("no %v", want)
	}
}

// TestStringToKey has vectors of RFC 3962 appendix B.
func TestStringToKey(t *testing.T) {
	for _, v := range []struct {
		password, salt, params string
		etype                  int32
		want                   string
	}{
		{"password", "ATHENA.MIT.EDUraeburn", "000004b0", etypeID.AES128_CTS_HMAC_SHA1_96, "4c01cd46d632d01e6dbe230a01ed642a"},
		{"password", "ATHENA.MIT.EDUraeburn", "000004b0", etypeID.AES256_CTS_HMAC_SHA1_96, "55a6ac740ad17b4846941051e1e8b0a7548d93b0ab30a8bc3ff16280382b8c2a"},
		{"\U0001D11E", "EXAMPLE.COMpianist", "00000032", etypeID.AES128_CTS_HMAC_SHA1_96, "f149c1f2e154a73452d43e7fe62a56e5"},
	} {
		e, err := crypto.GetEtype(v.etype)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := e.StringToKey(v.password, v.salt, v.params); hex.EncodeToString(got) != v.want || err != nil {
			t.Errorf("%s: %x, %v", v.password, got, err)
		}
	}
}

// TestMerge: of the account's keys two numbers are kept, and those of others.
func TestMerge(t *testing.T) {
	mine := principals(proxy1, []string{"HTTP/proxy.example.org"})
	other := initiator.ServiceKey{Principal: initiator.Principal{Name: []string{"HTTP", "other"}, Realm: "OTHER.ORG"}, Kvno: 1}
	keys := []initiator.ServiceKey{other}
	kvnos := func() (all []uint32) {
		for _, k := range keys {
			if isOf(k.Principal, keys[:1]) && !slices.Contains(all, k.Kvno) {
				all = append(all, k.Kvno)
			}
		}
		return all
	}
	for _, step := range []struct {
		kvno uint32
		want []uint32
	}{
		{7, []uint32{7}},
		{1, []uint32{1, 7}}, // another account, which gets the names
		{2, []uint32{2, 1}},
		{3, []uint32{3, 2}},
		{3, []uint32{3, 2}}, // once more, as the change was interrupted
		{5, []uint32{5, 3}},
		{4, []uint32{4, 3}},
	} {
		fresh, err := keysOf(proxy1, "password", step.kvno, mine)
		if err != nil {
			t.Fatal(err)
		}
		keys = mergeKeys(keys, fresh)
		if got := kvnos(); !slices.Equal(got, step.want) {
			t.Errorf("after %d: %d, want %d", step.kvno, got, step.want)
		}
		if !slices.ContainsFunc(keys, func(k initiator.ServiceKey) bool { return k.String() == other.String() }) {
			t.Error("a foreign key is gone")
		}
	}
}

// TestKeytab: what is written is read the same, and tells whose it is.
func TestKeytab(t *testing.T) {
	keys, err := keysOf(proxy1, "password", 300, principals(proxy1, []string{"HTTP/proxy.example.org", "HOST/a/b"}))
	if err != nil {
		t.Fatal(err)
	}
	content := marshalKeytab(keys, time.Unix(1_800_000_000, 0))
	got, err := readKeys(content)
	if err != nil || !hasKeys(got, keys) || !hasKeys(keys, got) || len(got) != len(keys) {
		t.Errorf("%v, %v", got, err)
	}
	if a, ok := AccountOf(content); a != proxy1 || !ok {
		t.Error(a, ok)
	}
	if a, ok := AccountOf(content[:9]); ok {
		t.Error(a)
	}
	if _, err := readKeys([]byte("no keytab")); err == nil {
		t.Error("anything is a keytab")
	}
}
