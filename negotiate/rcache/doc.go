// Package rcache is the replay cache of the Kerberos acceptor: it remembers which
// authenticators were presented, so that each is good for one request only
// (RFC 4120 section 3.2.3).
//
// There are three kinds. File shares its memory with all processes of one user,
// MIT's programs among them; it is what a proxy with several helper processes
// needs. Memory knows only what its own process saw: with n processes an
// authenticator passes up to n times. None knows nothing.
//
// # How long
//
// The lifetime that a cache is opened with is how long an authenticator can stay
// valid from when it is presented: twice the clock skew that the acceptor allows,
// because its time may lie one skew in the future and it is then good for one
// skew more. With the usual skew of 5 minutes that is 10 minutes. The now that is
// given to Seen must be the time by which the authenticator was found valid.
//
// # What a File promises
//
// If Seen has answered "not seen" for a tag, then for the lifetime no Seen on that
// file answers "not seen" for it again, in no process, provided that the record
// stayed whole: neither it nor the seed at the start of the file was changed by
// a stranger, and no record in front of it was overwritten with zeros. Hence
//
//   - a file cut short forgets nothing that lies wholly in what was kept. Who had
//     it open gets one error, the next time, instead of an answer;
//   - a file that was removed or replaced forgets nothing if a process still has
//     it open: that process takes the records along into the new file, the next
//     time that it is asked;
//   - random damage forgets only the damaged records, with two exceptions: a
//     damaged seed loses all (who had the file open gets one error), and a time of
//     four zero bytes hides what was stored behind it;
//   - an MIT program with a smaller clockskew on the same file forgets earlier;
//   - the clock must not be put forward and back again. A clock put back alone
//     makes entries live longer;
//   - nothing is flushed to the disk: a machine that crashes may forget.
//
// What cannot be read, written or locked is an error, never "not seen". Growth is
// bounded as in MIT's library: the file never exceeds 2 GiB, and a tag for which
// it has no free slot within that is refused with an error.
package rcache

import (
	"fmt"
	"time"
)

// Cache remembers authenticators. Implementations are safe for concurrent use.
type Cache interface {
	// Seen remembers a tag of TagLen bytes and says whether it was known
	// already, in one atomic step. With an error, seen is true, so that who
	// overlooks the error lets nobody in.
	Seen(tag []byte, now time.Time) (seen bool, err error)
}

// TagLen is the length in bytes of the tags that stand for authenticators.
const TagLen = 12

// Tag returns the tag of an authenticator: the last checksumLen bytes of its
// ciphertext, cut or filled with zeros to TagLen. checksumLen is the length of
// the checksum of the ciphertext's encryption type (RFC 3961). MIT takes the end
// of the ciphertext for every type, also for RC4, whose checksum is in front. If
// the ciphertext is shorter than the checksum there is no tag: Tag returns nil,
// which Seen refuses.
func Tag(ciphertext []byte, checksumLen int) []byte {
	if checksumLen <= 0 || len(ciphertext) < checksumLen {
		return nil
	}
	tag := make([]byte, TagLen)
	copy(tag, ciphertext[len(ciphertext)-checksumLen:])
	return tag
}

// None is the cache that remembers nothing: replays pass.
type None struct{}

var _ Cache = None{}

// Seen returns false.
func (None) Seen([]byte, time.Time) (bool, error) { return false, nil }

// key is a tag as a value.
type key [TagLen]byte

func makeKey(tag []byte) (key, error) {
	if len(tag) != TagLen {
		return key{}, fmt.Errorf("a tag has %d bytes, not %d", TagLen, len(tag))
	}
	return key(tag), nil
}
