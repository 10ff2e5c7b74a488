// Package passhash verifies passwords against the stored forms that crypt(3),
// htpasswd and LDAP servers write.
//
// Parse recognises the form and checks all of it, so that a bad line in a
// password file is reported when the file is read and not when its user logs
// in. Verify then computes one hash and compares it in constant time.
//
// The measure of right and wrong is libxcrypt: a stored crypt(3) string
// verifies here exactly when crypt(password, stored) of libxcrypt 4.4 gives
// that string again, within the cost limits that each scheme's file names.
// The formats are those of crypt(5), of Apache's htpasswd(1), of RFC 2307
// ({SHA}, {SSHA}) and of the PHC string format (argon2).
package passhash

import "bytes"

// A Scheme names a way of storing passwords.
type Scheme string

// The schemes that Parse accepts.
const (
	DES         Scheme = "des"         // traditional crypt(3), 13 characters
	BSDi        Scheme = "bsdi"        // extended DES, "_" and 19 characters
	MD5Crypt    Scheme = "md5crypt"    // $1$
	APR1        Scheme = "apr1"        // $apr1$, htpasswd -m
	SHA256Crypt Scheme = "sha256crypt" // $5$
	SHA512Crypt Scheme = "sha512crypt" // $6$
	Bcrypt      Scheme = "bcrypt"      // $2a$, $2b$, $2y$
	Yescrypt    Scheme = "yescrypt"    // $y$
	Scrypt      Scheme = "scrypt"      // $7$
	SunMD5      Scheme = "sunmd5"      // $md5$
	SHA1Crypt   Scheme = "sha1crypt"   // $sha1$
	NT          Scheme = "nt"          // $3$
	MD5Hex      Scheme = "md5hex"      // 32 lower-case hexadecimal digits
	Argon2      Scheme = "argon2"      // $argon2d$, $argon2i$, $argon2id$
	SHA1        Scheme = "sha1"        // {SHA}
	SSHA        Scheme = "ssha"        // {SSHA}
)

// maxPassword is the longest password, in bytes, that the salted crypt(3)
// schemes look at. libxcrypt refuses 512 bytes and more
// (CRYPT_MAX_PASSPHRASE_SIZE), so no stored hash can stand for one; and the
// SHA-crypt schemes hash the password some 10,000 times and more, which
// without a bound would let a stranger buy seconds of our time with one long
// password.
const maxPassword = 511

// maxLongSalt bounds, in characters, the salts that have no bound of their own
// in libxcrypt but its buffer of 384 bytes for the whole string. Writers use 8
// to 86.
const maxLongSalt = 256

// A kind is a form of stored string; several kinds may share a Scheme.
type kind uint8

// The zero kind verifies nothing, so that a Hash nobody parsed lets nobody in.
const (
	kindNone kind = iota
	kindDES
	kindBSDi
	kindMD5Crypt
	kindAPR1
	kindSHA256Crypt
	kindSHA512Crypt
	kindBcrypt
	kindBcrypt2a
	kindYescrypt
	kindScrypt
	kindSunMD5
	kindSHA1Crypt
	kindNT
	kindMD5Hex
	kindArgon2d
	kindArgon2i
	kindArgon2id
	kindSHA1
	kindSSHA
)

// A method says how the hashes of one kind are verified.
type method struct {
	scheme      Scheme
	verify      func(h *Hash, password []byte) bool
	significant int  // as Hash.Significant
	crypt       bool // takes C strings of at most maxPassword bytes
}

// methods is indexed by kind and never written.
var methods = [...]method{
	kindDES:         {DES, verifyDES, 8, true},
	kindBSDi:        {BSDi, verifyBSDi, 0, true},
	kindMD5Crypt:    {MD5Crypt, verifyMD5Crypt, 0, true},
	kindAPR1:        {APR1, verifyMD5Crypt, 0, true},
	kindSHA256Crypt: {SHA256Crypt, verifySHACrypt, 0, true},
	kindSHA512Crypt: {SHA512Crypt, verifySHACrypt, 0, true},
	kindBcrypt:      {Bcrypt, verifyBcrypt, bcryptKeySize, true},
	kindBcrypt2a:    {Bcrypt, verifyBcrypt, bcryptKeySize, true},
	kindYescrypt:    {Yescrypt, verifyYescrypt, 0, true},
	kindScrypt:      {Scrypt, verifyScrypt, 0, true},
	kindSunMD5:      {SunMD5, verifySunMD5, 0, true},
	kindSHA1Crypt:   {SHA1Crypt, verifySHA1Crypt, 0, true},
	kindNT:          {NT, verifyNT, 0, true},
	kindMD5Hex:      {MD5Hex, verifyMD5Hex, 0, false},
	kindArgon2d:     {Argon2, verifyArgon2, 0, false},
	kindArgon2i:     {Argon2, verifyArgon2, 0, false},
	kindArgon2id:    {Argon2, verifyArgon2, 0, false},
	kindSHA1:        {SHA1, verifySHA1, 0, false},
	kindSSHA:        {SSHA, verifySSHA, 0, false},
}

// A Hash is a stored password that Parse has checked. The zero value verifies
// nothing. A Hash is read-only: any number of goroutines may use it at once.
// It refers to the string given to Parse and keeps that alive.
type Hash struct {
	kind   kind
	log2   uint8  // bcrypt, yescrypt, scrypt: cost as a power of two
	lanes  uint8  // scrypt, argon2: parallelism p
	rounds uint32 // iterations; argon2: passes t
	block  uint32 // yescrypt, scrypt: block size r; argon2: memory m in KiB
	salt   string // as stored; sunmd5: all of the setting
	digest string // as stored
}

// Scheme reports which scheme the hash is of, "" for the zero Hash.
func (h Hash) Scheme() Scheme { return methods[h.kind].scheme }

// Significant reports how many leading bytes of the password count: 8 for DES
// and 72 for bcrypt, which ignore the rest, and 0 where all do.
func (h Hash) Significant() int { return methods[h.kind].significant }

// Verify reports whether password is the one the hash was made from. It
// computes one hash, whatever the answer, and compares in constant time.
//
// The crypt(3) schemes take C strings: a password with a NUL byte is none that
// could have been stored, and counts as wrong, as does one longer than
// libxcrypt takes (511 bytes).
func (h Hash) Verify(password []byte) bool {
	m := &methods[h.kind]
	if m.verify == nil {
		return false
	}
	if m.crypt && (len(password) > maxPassword || bytes.IndexByte(password, 0) >= 0) {
		return false
	}
	return m.verify(&h, password)
}
