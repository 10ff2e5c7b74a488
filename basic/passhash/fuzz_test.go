package passhash

import (
	"slices"
	"testing"
)

// These are all the words that errors are made of.
var (
	refusals = []refusal{errEmpty, errLocked, errPlain, errUpperHex, errUnknown, errBraces, errGost, errBcrypt2x,
		errBcrypt2, errPHPass, errPBKDF2}
	reasons = []refusal{whyForm, whySalt, whyDigest, whyRounds, whyFlavor, whyVersion, whyMemory, whyLanes, whyTime}
	costs   = []refusal{whatCost, whatRounds, whatN, whatR, whatP, whatT, whatM}
)

// FuzzParse checks on any string that Parse returns, that its errors are made
// of our own words and one number, and that what it accepts says no to a wrong
// password, within the bounds on time and memory.
func FuzzParse(f *testing.F) {
	for _, v := range loadVectors(f, "testdata/libxcrypt.txt", "testdata/sums.txt", "testdata/htpasswd.txt",
		"testdata/argon2.txt", "testdata/published.txt") {
		f.Add(v.stored, v.password)
	}
	for _, s := range []string{"", "secret", "!", "$", "$$", "$x$", "{}", "{SHA}", "_",
		"$5$rounds=1000$", "$md5,$", "$7$"} {
		f.Add(s, []byte("secret"))
	}
	f.Fuzz(func(t *testing.T, stored string, password []byte) {
		h, err := Parse(stored)
		switch e := err.(type) {
		case nil:
			if h.Scheme() == "" || !slices.Contains(allSchemes, h.Scheme()) {
				t.Fatalf("accepted, of scheme %q", h.Scheme())
			}
			if cheap(h) && h.Verify(append([]byte("Not the one: "), password...)) {
				t.Fatal("verifies a wrong password")
			}
			return
		case refusal:
			if !slices.Contains(refusals, e) {
				t.Fatalf("error %q", err)
			}
		case *formError:
			if !slices.Contains(allSchemes, e.scheme) || !slices.Contains(reasons, e.why) {
				t.Fatalf("error %q", err)
			}
		case *rangeError:
			if !slices.Contains(allSchemes, e.scheme) || !slices.Contains(costs, e.what) || e.min <= e.got && e.got <= e.max {
				t.Fatalf("error %q", err)
			}
		default:
			t.Fatalf("error of type %T", err)
		}
		if h != (Hash{}) || h.Verify(password) {
			t.Fatal("an error and a hash")
		}
	})
}
