package passhash

import "sync"

// The permutations of FIPS 46-3 in its own notation: for each bit of the
// output the number of the input bit, counted from 1 at the left.

// initialPermutation is IP.
var initialPermutation = [...]byte{
	58, 50, 42, 34, 26, 18, 10, 2, 60, 52, 44, 36, 28, 20, 12, 4,
	62, 54, 46, 38, 30, 22, 14, 6, 64, 56, 48, 40, 32, 24, 16, 8,
	57, 49, 41, 33, 25, 17, 9, 1, 59, 51, 43, 35, 27, 19, 11, 3,
	61, 53, 45, 37, 29, 21, 13, 5, 63, 55, 47, 39, 31, 23, 15, 7,
}

// finalPermutation is IP's inverse.
var finalPermutation = [...]byte{
	40, 8, 48, 16, 56, 24, 64, 32, 39, 7, 47, 15, 55, 23, 63, 31,
	38, 6, 46, 14, 54, 22, 62, 30, 37, 5, 45, 13, 53, 21, 61, 29,
	36, 4, 44, 12, 52, 20, 60, 28, 35, 3, 43, 11, 51, 19, 59, 27,
	34, 2, 42, 10, 50, 18, 58, 26, 33, 1, 41, 9, 49, 17, 57, 25,
}

// boxPermutation is P, which follows the S-boxes.
var boxPermutation = [...]byte{
	16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10,
	2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25,
}

// permutedChoice1 is PC-1, of the key.
var permutedChoice1 = [...]byte{
	57, 49, 41, 33, 25, 17, 9, 1, 58, 50, 42, 34, 26, 18,
	10, 2, 59, 51, 43, 35, 27, 19, 11, 3, 60, 52, 44, 36,
	63, 55, 47, 39, 31, 23, 15, 7, 62, 54, 46, 38, 30, 22,
	14, 6, 61, 53, 45, 37, 29, 21, 13, 5, 28, 20, 12, 4,
}

// permutedChoice2 is PC-2, of the two halves of the rotated key.
var permutedChoice2 = [...]byte{
	14, 17, 11, 24, 1, 5, 3, 28, 15, 6, 21, 10, 23, 19, 12, 4,
	26, 8, 16, 7, 27, 20, 13, 2, 41, 52, 31, 37, 47, 55, 30, 40,
	51, 45, 33, 48, 44, 49, 39, 56, 34, 53, 46, 42, 50, 36, 29, 32,
}

// substitution holds S1 to S8, a line each: four rows of sixteen columns, in
// hexadecimal.
const substitution = "" +
	"e4d12fb83a6c59070f74e2d1a6cb953841e8d62bfc973a50fc8249175b3ea06d" +
	"f18e6b34972dc05a3d47f28ec01a69b50e7ba4d158c6932fd8a13f42b67c05e9" +
	"a09e63f51dc7b428d709346a285ecbf1d6498f30b12c5ae71ad069874fe3b52c" +
	"7de3069a1285bc4fd8b56f03472c1ae9a690cb7df13e52843f06a1d8945bc72e" +
	"2c417ab6853fd0e9eb2c47d150fa3986421bad78f9c5630eb8c71e2d6f09a453" +
	"c1af92680d34e75baf427c9561de0b389ef528c3704a1db6432c95fabe17608d" +
	"4b2ef08d3c975a61d0b7491ae35c2f8614bdc37eaf6805926bd814a7950fe23c" +
	"d2846fb1a93e50c71fd8a374c56b0e927b419ce206adf35821e74a8dfc90356b"

// permute applies a permutation to a number of width bits.
func permute(in uint64, width int, table []byte) (out uint64) {
	for _, from := range table {
		out = out<<1 | in>>(width-int(from))&1
	}
	return out
}

// expandedBit returns the place in the expanded form of bit i, from 0, of the
// 48 that E makes: groups of six, the even ones in the upper word, the odd ones
// in the lower, each at the top of a byte.
func expandedBit(i int) int {
	group := i / 6
	return 63 - 32*(group%2) - 8*(group/2) - i%6
}

// desTables is what DES looks up instead of permuting: 20 KiB.
type desTables struct {
	boxes   [8][64]uint64  // six bits into S-box i, through P and E, expanded
	choice1 [8][128]uint64 // the seven bits of key byte i through PC-1
	choice2 [8][128]uint64 // seven bits of the rotated key through PC-2, expanded
}

// The tables are made for the first password of the kind, about 40 µs, and not
// at start: most processes never need them.
var (
	desOnce sync.Once
	desMade *desTables
)

// sharedDESTables returns the tables, which nobody writes any more.
func sharedDESTables() *desTables {
	desOnce.Do(func() { desMade = newDESTables() })
	return desMade
}

// newDESTables makes the tables.
func newDESTables() *desTables {
	t := new(desTables)
	for box := range t.boxes {
		for in := range t.boxes[box] {
			// FIPS 46-3: the outer two bits are the row, the inner four the column.
			row, column := in>>5<<1|in&1, in>>1&15
			nib := uint64(nibble(substitution[box*64+row*16+column]))
			out := permute(nib<<(28-4*box), 32, boxPermutation[:])
			t.boxes[box][in] = expand(uint32(out))
		}
	}
	for i := range t.choice1 {
		fillLinear(&t.choice1[i], func(in uint64) uint64 {
			return permute(in<<(57-8*i), 64, permutedChoice1[:])
		})
		fillLinear(&t.choice2[i], func(in uint64) uint64 {
			return spread(permute(in<<(49-7*i), 56, permutedChoice2[:]))
		})
	}
	return t
}

// fillLinear tabulates a function that moves single bits, so that it has to be
// computed for these only.
func fillLinear(table *[128]uint64, f func(in uint64) uint64) {
	for in := 1; in < len(table); in++ {
		bit := in & -in
		if in == bit {
			table[in] = f(uint64(in))
		} else {
			table[in] = table[bit] | table[in^bit]
		}
	}
}

// spread puts the 48 bits of a round key where the expanded form has them.
func spread(key uint64) (out uint64) {
	for i := range 48 {
		out |= key >> (47 - i) & 1 << expandedBit(i)
	}
	return out
}
