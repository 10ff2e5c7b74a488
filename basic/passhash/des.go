package passhash

import (
	"crypto/subtle"
	"encoding/binary"
	"math/bits"
)

// Traditional crypt(3) encrypts a block of zeros 25 times by DES (FIPS 46-3),
// with the password as key and a twist by the salt; BSDi's variant has a count
// and more salt in the string and folds long passwords into the key: crypt(5),
// "descrypt" and "bsdicrypt". crypto/des can not be twisted and no library has
// either, so the cipher is ours; destables.go makes its tables.
//
// Half blocks are kept expanded, as the 48 bits that DES's E makes of 32. E, P
// and the S-boxes are all in the tables, so a round is the salt's swap, the
// key, and eight look-ups. The six bits that go into S-box 1 are bits 63 to
// 58, those for S-boxes 3, 5 and 7 follow in the high bits of the next bytes,
// and those for 2, 4, 6 and 8 in the lower word likewise. In this order the
// upper word is the half block rotated right by one bit, and the lower word is
// that rotated left by four; the spare bits stay and do no harm.

const (
	desLen      = 13 // characters: 2 of salt, 11 of digest
	desSaltLen  = 2
	desRounds   = 25
	bsdiLen     = 20 // characters: "_", 4 of count, 4 of salt, 11 of digest
	bsdiField   = 4
	desBlock    = 8
	desKeySteps = 16
)

// parseDES reads the traditional form. The caller has checked the length.
func parseDES(stored string) (Hash, error) {
	salt, digest := stored[:desSaltLen], stored[desSaltLen:]
	if !hash64.all(salt) || !desDigest(digest) {
		return Hash{}, errPlain
	}
	return Hash{kind: kindDES, rounds: desRounds, salt: salt, digest: digest}, nil
}

// parseBSDi reads "_", the count, the salt and the digest. The count has 24
// bits, some seconds at most, so it needs no bound.
func parseBSDi(stored string) (Hash, error) {
	if len(stored) != bsdiLen || !hash64.all(stored[1:]) {
		return Hash{}, errPlain
	}
	count, rest := stored[1:1+bsdiField], stored[1+bsdiField:]
	if !desDigest(rest[bsdiField:]) {
		return Hash{}, kindBSDi.bad(whyDigest)
	}
	n, _ := digits30(count)
	return Hash{kind: kindBSDi, rounds: max(n, 1), salt: rest[:bsdiField], digest: rest[bsdiField:]}, nil
}

// desDigest reports whether s is a block as crypt(3) writes it.
func desDigest(s string) bool {
	var block [desBlock]byte
	return hash64.fillBig(block[:], s)
}

// verifyDES uses the low seven bits of the first eight bytes.
func verifyDES(h *Hash, password []byte) bool {
	var key [desBlock]byte
	foldKey(&key, password)
	return verifyBlock(h, &key)
}

// verifyBSDi folds the password's blocks of eight into one key: encrypt what
// there is under itself, then add the next eight bytes.
func verifyBSDi(h *Hash, password []byte) bool {
	var key [desBlock]byte
	rest := foldKey(&key, password)
	for len(rest) > 0 {
		c := newDESCipher(&key, 0)
		key = c.encrypt(key, 1)
		rest = foldKey(&key, rest)
	}
	return verifyBlock(h, &key)
}

// foldKey adds the next eight bytes of the password to the key, shifted to
// where DES has its seven key bits, and returns the bytes after those.
func foldKey(key *[desBlock]byte, password []byte) (rest []byte) {
	n := min(len(password), desBlock)
	for i, c := range password[:n] {
		key[i] ^= c << 1
	}
	return password[n:]
}

// verifyBlock encrypts the block of zeros and compares.
func verifyBlock(h *Hash, key *[desBlock]byte) bool {
	var want [desBlock]byte
	if !hash64.fillBig(want[:], h.digest) {
		return false
	}
	salt, _ := digits30(h.salt)
	c := newDESCipher(key, salt)
	got := c.encrypt([desBlock]byte{}, h.rounds)
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// A desCipher is DES with a key and a salt.
type desCipher struct {
	tables *desTables
	keys   [desKeySteps]uint64 // expanded, spare bits zero
	salt   uint64              // in the lower place of each pair of bits that it swaps
}

// newDESCipher makes the sixteen round keys (FIPS 46-3, appendix 1).
func newDESCipher(key *[desBlock]byte, salt uint32) *desCipher {
	t := sharedDESTables()
	c := &desCipher{tables: t, salt: saltMask(salt)}
	var cd uint64 // C in bits 55 to 28, D in 27 to 0
	for i, b := range key {
		cd |= t.choice1[i][b>>1]
	}
	for step := range c.keys {
		turns := 2
		if step == 0 || step == 1 || step == 8 || step == 15 {
			turns = 1
		}
		for range turns {
			carry := cd >> 27 & (1<<28 | 1) // the top bits of both halves
			cd = cd<<1&^(1<<56|1<<28) | carry
		}
		for i := range t.choice2 {
			c.keys[step] |= t.choice2[i][cd>>(49-7*i)&0x7f]
		}
	}
	return c
}

// saltMask places the salt's bits. Bit i, if set, swaps bit i of E's output,
// counted from its first, with bit i+24; expanded those are 16 bits apart.
func saltMask(salt uint32) (mask uint64) {
	for i := range 24 {
		if salt>>i&1 != 0 {
			mask |= 1 << (expandedBit(i) - 16)
		}
	}
	return mask
}

// encrypt runs the block through DES count times.
func (c *desCipher) encrypt(block [desBlock]byte, count uint32) [desBlock]byte {
	in := permute(binary.BigEndian.Uint64(block[:]), 64, initialPermutation[:])
	l, r := c.turn(expand(uint32(in>>32)), expand(uint32(in)), count)
	out := uint64(compress(l))<<32 | uint64(compress(r))
	binary.BigEndian.PutUint64(block[:], permute(out, 64, finalPermutation[:]))
	return block
}

// turn does count times sixteen rounds on the halves of a block. The final
// permutation of each encryption and the initial one of the next undo each
// other, and only the exchange of the halves between them is left.
func (c *desCipher) turn(l, r uint64, count uint32) (uint64, uint64) {
	box, salt := &c.tables.boxes, c.salt
	for range count {
		for _, key := range &c.keys {
			swap := (r ^ r>>16) & salt
			v := r ^ swap ^ swap<<16 ^ key
			l, r = r, l^
				box[0][v>>58]^box[1][v>>26&63]^
				box[2][v>>50&63]^box[3][v>>18&63]^
				box[4][v>>42&63]^box[5][v>>10&63]^
				box[6][v>>34&63]^box[7][v>>2&63]
		}
		l, r = r, l
	}
	return l, r
}

// expand makes the expanded form of a half block.
func expand(half uint32) uint64 {
	upper := bits.RotateLeft32(half, -1)
	return uint64(upper)<<32 | uint64(bits.RotateLeft32(upper, 4))
}

// compress is expand's inverse.
func compress(expanded uint64) uint32 { return bits.RotateLeft32(uint32(expanded>>32), 1) }
