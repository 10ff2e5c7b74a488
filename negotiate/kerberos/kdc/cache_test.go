package kdc

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/krbtest"
)

// TestCache reads both versions of a cache, and refuses what is none.
func TestCache(t *testing.T) {
	tgt := krbtest.TGT(krbtest.AES256SHA1)
	for _, version := range []byte{3, 4} {
		content := cacheOf(version, tgt.Client, stored{Credential: tgt}, stored{Credential: tgt})
		user, entries, err := parseCache(content)
		if err != nil || user.String() != "alice@EXAMPLE.ORG" || len(entries) != 2 {
			t.Fatalf("%s, %d entries, %v", user, len(entries), err)
		}
		e := entries[1]
		want := entry{tgt.Client, initiator.TGS(krbtest.Realm, krbtest.Realm), tgt.Session, e.end, tgt.Ticket.Marshal()}
		if !reflect.DeepEqual(e, want) || !e.end.Equal(tgt.EndTime) {
			t.Errorf("got %+v, want %+v until %v", e, want, tgt.EndTime)
		}
		whole := map[int]bool{ // where an entry ends
			len(content): true, len(cacheOf(version, tgt.Client)): true, len(cacheOf(version, tgt.Client, stored{Credential: tgt})): true,
		}
		for n := range content {
			if user, entries, err := parseCache(content[:n]); (err == nil) != whole[n] || err != nil && (len(user.Name) > 0 || entries != nil) {
				t.Errorf("of %d bytes: %s, %d entries, %v", n, user, len(entries), err)
			}
		}
	}
	for name, content := range map[string][]byte{
		"keytab":  krbtest.ServiceKeytab(krbtest.AES256SHA1),
		"text":    []byte("tickets"),
		"old":     {5, 2, 0, 0, 0, 1},
		"nobody":  cacheOf(4, initiator.Principal{Realm: "R"}),
		"names":   append([]byte{5, 3, 0, 0, 0, 1}, "\xff\xff\xff\xff\x00\x00\x00\x00"...),
		"entries": append(cacheOf(3, tgt.Client), "\x00\x00\x00\x01\xff\xff\xff\xff"...),
	} {
		if user, _, err := parseCache(content); err == nil {
			t.Errorf("%s: a cache of %s", name, user)
		}
	}
}

// FuzzCache: no content makes it panic or read for long, or leads to a user
// without a name.
func FuzzCache(f *testing.F) {
	tgt := krbtest.TGT(krbtest.AES256SHA1)
	for _, version := range []byte{3, 4} {
		seed := cacheOf(version, tgt.Client, stored{Credential: tgt})
		if _, _, err := parseCache(seed); err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		user, entries, err := parseCache(content)
		if (err == nil) != (len(user.Name) > 0) || len(entries) > len(content) {
			t.Errorf("%s, %d entries, %v", user, len(entries), err)
		}
	})
}

// TestCachePath finds the cache where MIT's library has it, or says what it
// cannot read.
func TestCachePath(t *testing.T) {
	for _, c := range []struct{ name, conf, want string }{
		{"", "", "/tmp/krb5cc_1000"},
		{"FILE:/run/cc", "", "/run/cc"},
		{"file:/run/cc", "", "/run/cc"},
		{"/run/cc", "", "/run/cc"},
		{"/run/a:b", "", "/run/a:b"},
		{`C:\Temp\cc`, "", `C:\Temp\cc`},
		{"", "FILE:/run/user/%{uid}/cc", "/run/user/1000/cc"},
		{"FILE:/run/cc", "KCM:", "/run/cc"},
		{"", "KCM:", "of kind KCM, as krb5.conf's default_ccache_name says"},
		{"KEYRING:persistent:1000", "", "of kind KEYRING, as KRB5CCNAME says, and only files can be read: export KRB5CCNAME=FILE:"},
		{"DIR:/run/cc", "", "of kind DIR"},
		{"", "FILE:%{TEMP}/cc", "cannot expand"},
	} {
		got, err := cachePath(lookup(map[string]string{"KRB5CCNAME": c.name}), &config{defaultCache: c.conf}, 1000)
		if err != nil {
			got = err.Error()
		}
		if got != c.want && (err == nil || !strings.Contains(got, c.want)) {
			t.Errorf("%q, %q: got %s, want %s", c.name, c.conf, got, c.want)
		}
	}
}

// TestOpen has caches and configurations that are not there or not to be read.
func TestOpen(t *testing.T) {
	tgt := krbtest.TGT(krbtest.AES256SHA1)
	good := cacheOf(4, tgt.Client)
	for words, content := range map[string][]byte{
		"there is no credential cache ":       nil,
		"cannot be used: it is not a cred":    []byte("text"),
		"cannot be used: it is larger than 1": append(good, make([]byte, maxFile)...),
	} {
		if _, err := open(t, content, ""); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("got %v, want %q", err, words)
		}
	}
	dir := t.TempDir()
	if _, err := Open(lookup(map[string]string{"KRB5CCNAME": dir, "KRB5_CONFIG": dir + "/none"}), 0, now); err == nil || !strings.Contains(err.Error(), "it is not a file") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := Open(lookup(map[string]string{"KRB5CCNAME": dir, "KRB5_CONFIG": dir}), 0, now); err == nil || !strings.Contains(err.Error(), dir+" cannot be used: it is not a file") {
		t.Errorf("a folder: %v", err)
	}
	// Of several configurations the first counts, and those that do not exist do not.
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	for path, text := range map[string]string{a: "[libdefaults]\ndefault_ccache_name = FILE:" + dir + "/cc\n", b: "[libdefaults]\ndefault_ccache_name = KCM:\n", dir + "/cc": string(good)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list := strings.Join([]string{dir + "/none", a, b}, string(os.PathListSeparator))
	if c, err := Open(lookup(map[string]string{"KRB5_CONFIG": list}), 0, now); err != nil || c.Cache != dir+"/cc" || c.User.String() != "alice@EXAMPLE.ORG" {
		t.Errorf("got %+v, %v", c, err)
	}
}
