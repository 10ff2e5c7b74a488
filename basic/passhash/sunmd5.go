package passhash

import (
	"crypto/md5"
	"strconv"
	"strings"
)

// Sun MD5 is Alec Muffett's scheme of Solaris 9, $md5$ in crypt(5). Each of
// its rounds tosses a coin on whether to hash some Shakespeare as well. The
// code is our own because go-crypt always hashes a dollar sign after the salt,
// where libxcrypt and Solaris do so only if the string has two of them there.

const (
	sunMD5BaseRounds = 4096    // done always; the string's number is added
	maxSunMD5Rounds  = 1 << 26 // a minute or two; libxcrypt generates about 2^15 to 2^17
)

// parseSunMD5 reads the whole string, since all before the digest is hashed:
//
//	$md5$salt$digest   $md5,rounds=N$salt$digest   and both with salt$$digest
//
// "rounds=N" may follow "$md5$", too: Solaris took that.
func parseSunMD5(stored string) (Hash, error) {
	const k = kindSunMD5
	h := Hash{kind: k}
	rest := stored[len("$md5$"):] // or "$md5,"
	if given, ok := strings.CutPrefix(rest, "rounds="); ok {
		n, after, ok := number(given)
		if !ok || after == "" || after[0] != '$' {
			return Hash{}, k.bad(whyRounds)
		}
		if err := k.within(whatRounds, n, 1, maxSunMD5Rounds); err != nil {
			return Hash{}, err
		}
		h.rounds, rest = n, after[1:]
	}
	end := strings.IndexByte(rest, '$')
	if end < 0 {
		return Hash{}, k.bad(whyForm)
	}
	if end > maxLongSalt || !hash64.all(rest[:end]) {
		return Hash{}, k.bad(whySalt)
	}
	h.digest = rest[end+1:]
	setting := stored[:len(stored)-len(h.digest)-1]
	if strings.HasPrefix(h.digest, "$") { // the doubled dollar sign
		setting, h.digest = stored[:len(setting)+1], h.digest[1:]
	}
	var sum [md5.Size]byte
	if !hash64.fillLittle(sum[:], h.digest) {
		return Hash{}, k.bad(whyDigest)
	}
	h.salt = setting
	return h, nil
}

func verifySunMD5(h *Hash, password []byte) bool {
	return equalMD5(h.digest, sunMD5(h.salt, h.rounds, password))
}

// sunMD5 computes the hash.
func sunMD5(setting string, extra uint32, password []byte) [md5.Size]byte {
	buf := make([]byte, 0, md5.Size+len(hamlet)+len("4294967295"))
	sum := md5.Sum(append(append(buf, password...), setting...))

	// A heads message is sum, text and round number, a tails message lacks
	// the text. The text stays in its place from round to round.
	heads := append(buf[:md5.Size], hamlet...)
	var tails [md5.Size + len("4294967295")]byte
	for i := range sunMD5BaseRounds + extra {
		msg := tails[:md5.Size]
		if muffettCoin(&sum, i) {
			msg = heads
		}
		copy(msg, sum[:])
		sum = md5.Sum(strconv.AppendUint(msg, uint64(i), 10))
	}
	return sum
}

// muffettCoin tosses the coin of a round: two bits of the sum, picked by two
// numbers of seven bits, which are picked by the sum and by the round's number.
func muffettCoin(sum *[md5.Size]byte, round uint32) bool {
	x := coinIndex(sum, 0) >> sumBit(sum, round)
	y := coinIndex(sum, 8) >> sumBit(sum, round+64)
	return sumBit(sum, x) != sumBit(sum, y)
}

// coinIndex collects eight bits of the sum, starting from byte from.
func coinIndex(sum *[md5.Size]byte, from int) (index uint32) {
	for i := range 8 {
		a, b := sum[(from+i)%md5.Size], sum[(from+i+3)%md5.Size]
		v := sum[(a>>(b%5))%md5.Size] >> (b >> (a % 8) & 1)
		index |= sumBit(sum, uint32(v)) << i
	}
	return index
}

// sumBit returns bit n, modulo 128, of the sum.
func sumBit(sum *[md5.Size]byte, n uint32) uint32 {
	return uint32(sum[n/8%md5.Size]>>(n%8)) & 1
}
