package passhash

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"runtime"
)

// ErrOverloaded is why a Queue did not verify a password.
var ErrOverloaded = errors.New("no processor was free to check the password in time: the hashes are too costly for so many logins")

// Queue computes hashes, as many at once as there are processors: more would not be
// faster, and some take much memory. It may be used from several goroutines.
type Queue struct{ tokens chan struct{} }

// NewQueue returns a Queue for the processors of this process.
func NewQueue() *Queue { return &Queue{make(chan struct{}, runtime.GOMAXPROCS(0))} }

// Verify is Hash.Verify when its turn has come. If ctx is done before that the error
// is ErrOverloaded.
func (q *Queue) Verify(ctx context.Context, h Hash, password []byte) (bool, error) {
	select {
	case q.tokens <- struct{}{}:
	case <-ctx.Done():
		return false, ErrOverloaded
	}
	defer func() { <-q.tokens }()
	if ctx.Err() != nil { // both were ready
		return false, ErrOverloaded
	}
	return h.Verify(password), nil
}

// Decoy picks one of the hashes for a user who has none. Who verifies it all the same
// hides who exists from those who measure time. The choice is the same in every process
// that has the same hashes and key, and cannot be foreseen without the key.
func Decoy(hashes []Hash, key [sha256.Size]byte, user string) Hash {
	if len(hashes) == 0 {
		return Hash{}
	}
	sum := sha256.Sum256(append(key[:], user...))
	return hashes[binary.LittleEndian.Uint64(sum[:])%uint64(len(hashes))]
}

// IsCrypt reports whether the C library's crypt(3) knows the scheme, so that the hash
// can be one of the system's accounts. It does not know what htpasswd and LDAP servers
// have invented.
func (h Hash) IsCrypt() bool { return methods[h.kind].crypt && h.kind != kindAPR1 }
