package netlogon

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"squidauth/helper/watch"
	"squidauth/ntlm/ntlmssp"
)

// maxSecrets is how many passwords of a machine are tried: while one replaces
// another, domain controllers may know either. Each costs a failed attempt.
const maxSecrets = 2

// hashPrefix marks an NT hash in hexadecimal. Without it, 32 digits are a password,
// as some generate it.
const hashPrefix = "nthash:"

var (
	errNoSecret   = errors.New("is empty: write the machine account's password into it")
	errManySecret = fmt.Errorf("has more than %d lines: the password of now, and the one before", maxSecrets)
	errNotText    = errors.New("is neither UTF-8 text nor a keytab")
	errHash       = errors.New("has an NT hash that is not 32 hexadecimal digits")
)

// SecretFile is a file with the password of a machine account: text with the
// password in the first line and, if that was changed, the one before in the second,
// or "nthash:" and an NT hash in place of one; or a keytab with the account's key for
// rc4-hmac, which is the same hash. It is read again when it changes, and what was
// in it before is tried once more after that. It may be used from several goroutines.
type SecretFile struct {
	path   string
	log    *slog.Logger
	file   *watch.File[secrets]
	before atomic.Pointer[secrets] // what the file held before it changed
}

// secrets are the NT hashes of passwords, the newest first. They are immutable.
type secrets struct{ hashes []ntlmssp.Key }

// OpenSecret returns the SecretFile at path, for the account if it is a keytab. It
// never fails: a file that cannot be used is logged, and may be usable by the time
// it is needed.
func OpenSecret(path, account string, log *slog.Logger) *SecretFile {
	s := &SecretFile{path: path, log: log}
	s.file = watch.Open(watch.Config[secrets]{
		Path:    path,
		Kind:    "machine account's secret",
		Make:    "write the password of the machine account " + account + " into it",
		Parse:   func(content []byte) (*secrets, error) { return parseSecrets(content, account) },
		Adopted: s.adopted,
		Log:     log,
	})
	return s
}

// adopted keeps what the file held before, and says once of each content who else
// can read or change it. The group may read: the proxy need not own the file.
func (s *SecretFile) adopted(old, now *secrets, again bool) {
	same := old != nil && slices.Equal(old.hashes, now.hashes)
	if old != nil && !same {
		s.before.Store(old)
	}
	if same && !again {
		return
	}
	if info, err := os.Stat(s.path); err == nil && info.Mode().Perm()&0o026 != 0 && runtime.GOOS != "windows" {
		s.log.Warn("machine account's secret: others on this machine can read or change it", "file", s.path, "cure", "chmod g-w,o= "+s.path)
	}
}

// Reload reads the file again. The error says why it cannot be used.
func (s *SecretFile) Reload(ctx context.Context) error { return s.file.Reload(ctx) }

// current returns the hashes to try, in this order.
func (s *SecretFile) current(ctx context.Context) (secrets, error) {
	now, err := s.file.Current(ctx)
	if err != nil {
		return secrets{}, err
	}
	hashes := slices.Clone(now.hashes)
	if before := s.before.Load(); before != nil {
		for _, h := range before.hashes {
			if !slices.Contains(hashes, h) && len(hashes) < maxSecrets {
				hashes = append(hashes, h)
			}
		}
	}
	return secrets{hashes}, nil
}

// fingerprint tells secrets from others, and is too short to guess them by.
func (s secrets) fingerprint() uint32 {
	h := sha256.New()
	for _, hash := range s.hashes {
		h.Write(hash[:])
	}
	return binary.BigEndian.Uint32(h.Sum(nil))
}

// parseSecrets reads the content of a file. Its error completes "the file …".
func parseSecrets(content []byte, account string) (*secrets, error) {
	if isKeytab(content) {
		hashes, err := keytabHashes(content, account)
		if err != nil {
			return nil, err
		}
		return &secrets{hashes[:min(len(hashes), maxSecrets)]}, nil
	}
	if !utf8.Valid(content) || bytes.IndexByte(content, 0) >= 0 {
		return nil, errNotText
	}
	var s secrets
	for line := range strings.Lines(string(content)) {
		password := strings.TrimRight(line, "\r\n")
		if password == "" {
			continue
		}
		hash, err := parseSecret(password)
		if err != nil {
			return nil, err
		}
		if s.hashes = append(s.hashes, hash); len(s.hashes) > maxSecrets {
			return nil, errManySecret
		}
	}
	if len(s.hashes) == 0 {
		return nil, errNoSecret
	}
	return &s, nil
}

func parseSecret(line string) (ntlmssp.Key, error) {
	digits, isHash := strings.CutPrefix(line, hashPrefix)
	if !isHash {
		return ntlmssp.NTOWFv1(line), nil
	}
	hash, err := hex.DecodeString(digits)
	if err != nil || len(hash) != len(ntlmssp.Key{}) {
		return ntlmssp.Key{}, errHash
	}
	return ntlmssp.Key(hash), nil
}
