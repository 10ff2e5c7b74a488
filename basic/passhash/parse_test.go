package passhash

import (
	"strings"
	"testing"
)

const (
	tail22 = "yVb889XkWT8EVhwmj9sEK/"
	tail43 = "5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"
	tail86 = "svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"
	tail53 = "CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
	tail28 = "nOIod2kvH6otLgz5kATW0WkyF1q9"
	phc    = "$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
)

// TestRefused gives what Parse must not accept, and the words that it has for
// it. Where libxcrypt is named, crypt(3) of 4.4.33 computes "*0" or another
// string from the form, so that it can not match.
func TestRefused(t *testing.T) {
	for _, test := range []struct{ stored, want string }{
		// Not a hash at all.
		{"", "empty"},
		{"!", "locked"},
		{"*", "locked"},
		{"!$6$s$" + tail86, "locked"},
		{"x", "plain-text"},
		{"secret", "plain-text"},
		{"$ecret", "plain-text"},
		{"$ecret$", "unknown hash type"},
		{"thirteen char", "plain-text"},
		{"thirteencharz", "plain-text"}, // spare bits of the last character
		{"abxxB7HlIeckUU", "plain-text"},
		{"_J9..abcd", "plain-text"},
		{"_J9..abcd!!!!!!!!!!!", "plain-text"},
		{"_J9..abcdzzzzzzzzzzz", "bsdi hash: digest"},
		{"900150983CD24FB0D6963F7D28E17F72", "upper-case"},
		{"900150983cd24fb0d6963f7d28e17fzz", "plain-text"},
		{"a9993e364706816aba3e25717850c26c9cd0d89d", "plain-text"}, // hex SHA-1

		// Schemes that we do not take.
		{"$gy$j9T$abcd$" + tail43, "unknown hash type $gy$"},
		{"$2x$05$" + tail53, "$2x$"},
		{"$2$05$" + tail53, "$2$"},
		{"$P$Babcdefgh", "phpass"},
		{"$pbkdf2-sha256$29000$abc$def", "pbkdf2"},
		{"$8$abc", "unknown hash type"},
		{"{MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==", "braces"},
		{"{SHA", "braces"},
		{"{}", "braces"},

		// $1$ and $apr1$.
		{"$1$", "md5crypt hash: malformed"},
		{"$1$" + tail22, "md5crypt hash: malformed"},
		{"$1$123456789$" + tail22, "md5crypt hash: salt"}, // libxcrypt: cut to 8
		{"$apr1$123456789$" + tail22, "apr1 hash: salt"},
		{"$1$a$" + tail22[1:], "md5crypt hash: digest"},
		{"$1$a$" + tail22 + ".", "md5crypt hash: digest"},
		{"$1$a$" + tail22[:21] + "z", "md5crypt hash: digest"}, // spare bits
		{"$1$a$" + tail22[:21] + "!", "md5crypt hash: digest"},

		// $5$ and $6$.
		{"$5$", "sha256crypt hash: malformed"},
		{"$5$12345678901234567$" + tail43, "sha256crypt hash: salt"}, // libxcrypt: cut to 16
		{"$6$a!b$" + tail86, "sha512crypt hash: salt"},               // libxcrypt
		{"$6$a\xe9$" + tail86, "sha512crypt hash: salt"},             // libxcrypt
		{"$6$a b$" + tail86, "sha512crypt hash: salt"},               // libxcrypt
		{"$5$s$" + tail86, "sha256crypt hash: digest"},
		{"$6$s$" + tail43, "sha512crypt hash: digest"},
		{"$5$rounds=999$s$" + tail43, "sha256crypt rounds 999 out of range (1000 to 999999999)"}, // libxcrypt
		{"$6$rounds=1000000000$s$" + tail86, "sha512crypt rounds 1000000000 out of range"},       // libxcrypt
		{"$5$rounds=99999999999$s$" + tail43, "sha256crypt hash: rounds"},                        // libxcrypt
		{"$5$rounds=4294967296$s$" + tail43, "sha256crypt hash: rounds"},                         // libxcrypt
		{"$5$rounds=05000$s$" + tail43, "sha256crypt hash: rounds"},                              // libxcrypt
		{"$5$rounds=+5000$s$" + tail43, "sha256crypt hash: rounds"},                              // libxcrypt
		{"$5$rounds=$s$" + tail43, "sha256crypt hash: rounds"},                                   // libxcrypt
		{"$5$rounds=5000", "sha256crypt hash: rounds"},
		{"$5$rounds=5000$", "sha256crypt hash: malformed"},

		// Bcrypt.
		{"$2b$99$" + tail53, "bcrypt cost 99 out of range (4 to 20)"},
		{"$2a$03$" + tail53, "bcrypt cost 3 out of range"}, // libxcrypt
		{"$2y$21$" + tail53, "bcrypt cost 21 out of range"},
		{"$2y$5$" + tail53, "bcrypt hash: malformed"},
		{"$2y$x5$" + tail53, "bcrypt hash: malformed"},
		{"$2y$05$" + tail53[1:], "bcrypt hash: malformed"},
		{"$2y$05$" + tail53 + ".", "bcrypt hash: malformed"},
		{"$2y$05x" + tail53, "bcrypt hash: malformed"},
		{"$2y$05$" + strings.Replace(tail53, ".E", "/E", 1), "bcrypt hash: salt"}, // libxcrypt: writes another
		{"$2y$05$" + tail53[:52] + "X", "bcrypt hash: digest"},                    // spare bits
		{"$2y$05$" + tail53[:30] + "$" + tail53[31:], "bcrypt hash: digest"},

		// Yescrypt.
		{"$y$", "yescrypt hash: malformed"},
		{"$y$j9T", "yescrypt hash: malformed"},
		{"$y$j9T$" + tail43, "yescrypt hash: malformed"},
		{"$y$j9!$abcd$" + tail43, "yescrypt hash: malformed"},
		{"$y$.9T$abcd$" + tail43, "yescrypt hash: only the default"},
		{"$y$j9T.$abcd$" + tail43, "yescrypt hash: only the default"},
		{"$y$j.T$abcd$" + tail43, "yescrypt log2 of N 1 out of range"}, // libxcrypt
		{"$y$jzT$abcd$" + tail43, "yescrypt log2 of N 64 out of range"},
		{"$y$j9z$abcd$" + tail43, "yescrypt block size r 64 out of range"},
		{"$y$jGT$abcd$" + tail43, "yescrypt hash: needs more than 1 GiB"},
		{"$y$j9T$abc$" + tail43, "yescrypt hash: salt"}, // libxcrypt
		{"$y$j9T$" + strings.Repeat("a", 88) + "$" + tail43, "yescrypt hash: salt"},
		{"$y$j9T$abcd$" + tail43[:42] + "z", "yescrypt hash: digest"},
		{"$y$j9T$abcd$" + tail43 + "$", "yescrypt hash: digest"},

		// Scrypt.
		{"$7$", "scrypt hash: malformed"},
		{"$7$C6..../....salt", "scrypt hash: malformed"},
		{"$7$C6..!./....salt$" + tail43, "scrypt hash: malformed"},
		{"$7$/6..../....salt$" + tail43, "scrypt log2 of N 1 out of range"}, // libxcrypt
		{"$7$z6..../....salt$" + tail43, "scrypt log2 of N 63 out of range"},
		{"$7$C...../....salt$" + tail43, "scrypt block size r 0 out of range"},
		{"$7$C6.........salt$" + tail43, "scrypt parallelism p 0 out of range"}, // libxcrypt
		{"$7$C6....zzzzzsalt$" + tail43, "scrypt parallelism p 1073741823 out of range"},
		{"$7$Czzzzz/....salt$" + tail43, "scrypt block size r 1073741823 out of range"},
		{"$7$J6..../....salt$" + tail43, "scrypt hash: needs more than 1 GiB"},
		{"$7$C6..../....sa!t$" + tail43, "scrypt hash: salt"}, // libxcrypt
		{"$7$C6..../....salt$" + tail43[1:], "scrypt hash: digest"},

		// Sun MD5.
		{"$md5$", "sunmd5 hash: malformed"},
		{"$md5,rounds=0$abcd$$" + tail22, "sunmd5 rounds 0 out of range"}, // libxcrypt
		{"$md5,rounds=05$abcd$$" + tail22, "sunmd5 hash: rounds"},         // libxcrypt
		{"$md5,rounds=67108865$abcd$$" + tail22, "sunmd5 rounds 67108865 out of range"},
		{"$md5,rounds=5", "plain-text"},
		{"$md5$ab-d$$" + tail22, "sunmd5 hash: salt"}, // libxcrypt
		{"$md5$abcd$$$" + tail22, "sunmd5 hash: digest"},
		{"$md5$abcd$" + tail22 + "$", "sunmd5 hash: digest"},

		// SHA1-crypt.
		{"$sha1$10", "sha1crypt hash: rounds"},
		{"$sha1$01$abcd$" + tail28, "sha1crypt hash: rounds"}, // libxcrypt: writes 1
		{"$sha1$268435457$abcd$" + tail28, "sha1crypt rounds 268435457 out of range"},
		{"$sha1$10$$" + tail28, "sha1crypt hash: salt"}, // libxcrypt
		{"$sha1$10$a-b$" + tail28, "sha1crypt hash: salt"},
		{"$sha1$10$" + tail28, "sha1crypt hash: malformed"},
		{"$sha1$10$a$" + tail28[1:], "sha1crypt hash: digest"},

		// NT.
		{"$3$8846f7eaee8fb117ad06bdd830b7586c", "nt hash: digest"},
		{"$3$$8846F7EAEE8FB117AD06BDD830B7586C", "nt hash: digest"}, // libxcrypt: lower case
		{"$3$$8846f7", "nt hash: digest"},

		// {SHA} and {SSHA}.
		{"{SHA}qZk+NkcGgWq6PiVxeFDCbJzQ2J0", "sha1 hash: digest"},
		{"{SHA}qZk+NkcGgWq6PiVxeFDCbJzQ2J1=", "sha1 hash: digest"}, // spare bits
		{"{SHA}qZk+NkcGgWq6PiVxeFDCbJzQ2J==", "sha1 hash: digest"},
		{"{SHA}qZk+NkcGgWq6PiVxeFDCbJzQ====", "sha1 hash: digest"},
		{"{SHA}plain text", "sha1 hash: digest"},
		{"{SSHA}qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "ssha hash: digest"}, // no salt
		{"{SSHA}" + strings.Repeat("AAAA", 29), "ssha hash: digest"},

		// Argon2.
		{"$argon2id$", "argon2 hash: only version 19"},
		{"$argon2id$v=16$m=64,t=1,p=1" + phc, "argon2 hash: only version 19"},
		{"$argon2id$m=64,t=1,p=1" + phc, "argon2 hash: only version 19"},
		{"$argon2id$v=19$m=64,t=1" + phc, "argon2 hash: malformed"},
		{"$argon2id$v=19$m=64,t=1,p=1,data=AAAA" + phc, "argon2 hash: malformed"},
		{"$argon2id$v=19$m=064,t=1,p=1" + phc, "argon2 hash: malformed"},
		{"$argon2id$v=19$m=64,t=1,p=1", "argon2 hash: malformed"},
		{"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ", "argon2 hash: malformed"},
		{"$argon2id$v=19$m=4,t=1,p=1" + phc, "argon2 memory m in KiB 4 out of range"},
		{"$argon2id$v=19$m=1048577,t=1,p=1" + phc, "argon2 memory m in KiB 1048577 out of range"},
		{"$argon2id$v=19$m=64,t=0,p=1" + phc, "argon2 passes t 0 out of range"},
		{"$argon2id$v=19$m=64,t=1048577,p=1" + phc, "argon2 passes t 1048577 out of range"},
		{"$argon2id$v=19$m=64,t=1,p=0" + phc, "argon2 parallelism p 0 out of range"},
		{"$argon2id$v=19$m=64,t=1,p=256" + phc, "argon2 parallelism p 256 out of range"},
		{"$argon2id$v=19$m=64,t=1,p=9" + phc, "argon2 hash: memory below"},
		{"$argon2id$v=19$m=1048576,t=33,p=1" + phc, "argon2 hash: time and memory"},
		{"$argon2id$v=19$m=64,t=1,p=1$c2FsdA" + phc[12:], "argon2 hash: salt"},
		{"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ=" + phc[12:], "argon2 hash: salt"},
		{"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$c2FsdA", "argon2 hash: digest"},
	} {
		h, err := Parse(test.stored)
		if err == nil {
			t.Errorf("Parse(%q) accepts a %s hash, want %q", test.stored, h.Scheme(), test.want)
			continue
		}
		if !strings.Contains(err.Error(), test.want) {
			t.Errorf("Parse(%q): %q, want %q", test.stored, err, test.want)
		}
		if h != (Hash{}) {
			t.Errorf("Parse(%q) returns an error and a hash", test.stored)
		}
	}
}

// TestLimits gives the dearest forms that Parse accepts, without verifying.
func TestLimits(t *testing.T) {
	for _, stored := range []string{
		"$5$rounds=999999999$s$" + tail43,
		"$6$rounds=999999999$$" + tail86,
		"$2y$20$" + tail53,
		"$y$jFT$abcd$" + tail43,                              // 1 GiB
		"$y$jK.$" + strings.Repeat("z", 84) + "z/$" + tail43, // log2 23, r 1
		"$7$I6..../....$" + tail43,                           // libsodium's "sensitive"
		"$7$C6....U....$" + tail43,                           // p 32
		"$md5,rounds=67108864$abcd$$" + tail22,
		"$sha1$268435456$" + strings.Repeat("a", maxLongSalt) + "$" + tail28,
		"$argon2id$v=19$m=1048576,t=32,p=128" + phc,
		"$argon2d$v=19$m=8,t=1048576,p=1" + phc,
		"_zzzz....abxxB7HlIec",
	} {
		if _, err := Parse(stored); err != nil {
			t.Errorf("Parse(%q): %v", stored, err)
		}
	}
}

// TestParseAllocates nothing, so that a file of many users loads fast.
func TestParseAllocates(t *testing.T) {
	for _, v := range loadVectors(t) {
		if n := testing.AllocsPerRun(3, func() { _, _ = Parse(v.stored) }); n != 0 {
			t.Errorf("Parse(%q) allocates %v times", v.stored, n)
		}
	}
}

// TestErrorsTellNothing checks that no byte of what was stored but a cost and
// a known id is in an error, on strings made to be tempting.
func TestErrorsTellNothing(t *testing.T) {
	const secret = "Zq7Xw9Kv"
	for _, form := range []string{"S", "$S", "$S$", "$S$S$S", "{S}S", "{SHA}S", "!S", "*S", "_S", "$1$S", "$1$S$S",
		"$apr1$S$S", "$5$S", "$5$rounds=S$S$S", "$6$S$S", "$2b$S", "$2b$04$S", "$2x$S", "$gy$S", "$2$S", "$P$S",
		"$pbkdf2$S", "$y$S", "$y$j9T$S$S", "$7$S", "$7$C6..../....S$S", "$md5$S", "$md5$S$S", "$md5,S$S$S",
		"$md5,rounds=S$S", "$sha1$S", "$sha1$1$S$S", "$3$S", "$3$$S", "$argon2id$S", "$argon2id$v=19$S",
		"$argon2i$v=19$m=64,t=1,p=1$S$S", "$argon2d$v=19$m=64,t=1,p=S$S$S"} {
		stored := strings.ReplaceAll(form, "S", secret)
		_, err := Parse(stored)
		if err == nil {
			t.Errorf("Parse(%q) accepts it", stored)
			continue
		}
		for i := range len(secret) - 2 {
			if part := secret[i : i+3]; strings.Contains(err.Error(), part) {
				t.Errorf("Parse(%q): %q tells %q", stored, err, part)
			}
		}
	}
}
