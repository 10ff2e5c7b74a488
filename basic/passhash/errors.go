package passhash

import "strconv"

// The errors of this package are built from the constants below and, for a
// cost out of range, from that one number. None can hold any part of what was
// stored, which might be a password in clear: not even an unknown "$id$",
// since a password may well start with a dollar sign.

// A refusal is why Parse did not accept a stored string, in words for the
// operator.
type refusal string

// Error returns the refusal's words.
func (r refusal) Error() string { return string(r) }

const (
	errEmpty    refusal = "empty: not accepted"
	errLocked   refusal = "locked (starts with ! or *): no password can match"
	errPlain    refusal = "looks like a plain-text password: not accepted"
	errUpperHex refusal = "MD5 in upper-case hexadecimal: not accepted, lower-case is"
	errUnknown  refusal = "unknown hash type"
	errBraces   refusal = "unknown hash type in braces: only {SHA} and {SSHA} are accepted"
	errGost     refusal = "unknown hash type $gy$ (gost-yescrypt): not supported"
	errBcrypt2x refusal = "hash type $2x$ (bcrypt with the sign extension bug): not accepted"
	errBcrypt2  refusal = "hash type $2$ (bcrypt before its first correction): not accepted"
	errPHPass   refusal = "unknown hash type $P$ or $H$ (phpass): not supported"
	errPBKDF2   refusal = "unknown hash type $pbkdf2$ or $pbkdf2-…$: not supported"
)

// A formError says what is wrong with a string of a scheme that we know.
type formError struct {
	scheme Scheme
	why    refusal
}

const (
	whyForm    refusal = "malformed"
	whySalt    refusal = "salt too long, too short or with characters that are not allowed"
	whyDigest  refusal = "digest of the wrong length or with characters that are not allowed"
	whyRounds  refusal = "rounds are not a plain decimal number"
	whyFlavor  refusal = "only the default flavour ($y$j…, without p, t, g or ROM) is supported"
	whyVersion refusal = "only version 19 (v=19) is supported"
	whyMemory  refusal = "needs more than 1 GiB of memory"
	whyLanes   refusal = "memory below 8 KiB for each lane"
	whyTime    refusal = "time and memory together are out of range"
)

// Error names the scheme and what is wrong.
func (e *formError) Error() string { return string(e.scheme) + " hash: " + string(e.why) }

// A rangeError says that a cost parameter is out of its range.
type rangeError struct {
	scheme        Scheme
	what          refusal
	got, min, max uint32
}

const (
	whatCost   refusal = "cost"
	whatRounds refusal = "rounds"
	whatN      refusal = "log2 of N"
	whatR      refusal = "block size r"
	whatP      refusal = "parallelism p"
	whatT      refusal = "passes t"
	whatM      refusal = "memory m in KiB"
)

// Error names the scheme, the parameter, its value and its range.
func (e *rangeError) Error() string {
	return string(e.scheme) + " " + string(e.what) + " " + utoa(e.got) +
		" out of range (" + utoa(e.min) + " to " + utoa(e.max) + ")"
}

func utoa(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

// bad makes the error for a malformed hash of kind k.
func (k kind) bad(why refusal) error { return &formError{methods[k].scheme, why} }

// within returns nil if lo <= n <= hi, and the error that says so if not.
func (k kind) within(what refusal, n, lo, hi uint32) error {
	if lo <= n && n <= hi {
		return nil
	}
	return &rangeError{methods[k].scheme, what, n, lo, hi}
}
