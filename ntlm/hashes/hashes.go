// Package hashes verifies NTLM logons against a file of NT hashes, for proxies
// outside of any domain. The file has lines "user:NTHASH", or is one of Samba's.
//
// An NT hash is as good as the password it was made of: whoever reads the file can
// log in as anybody in it.
package hashes

import (
	"context"
	"crypto/hmac"
	"log/slog"
	"os"
	"runtime"
	"time"

	"squidauth/helper/identity"
	"squidauth/helper/watch"
	"squidauth/ntlm"
	"squidauth/ntlm/ntlmssp"
)

// Options of a Verifier. The zero value of each field but Log is usable.
type Options struct {
	// Domain is the NetBIOS name that users are reported with. Clients may claim
	// any domain: a name in the file is one user.
	Domain string

	Log *slog.Logger
	Now func() time.Time // the clock; nil means time.Now
}

// Verifier is a file of NT hashes. It is read again when it changes. It may be used
// from several goroutines.
type Verifier struct {
	file   *watch.File[table]
	path   string
	domain string
	log    *slog.Logger
}

var (
	_ ntlm.Verifier = (*Verifier)(nil)
	_ ntlm.Readier  = (*Verifier)(nil)
)

// Open returns the Verifier of the file at path. It never fails: a file that cannot
// be used is logged, and may be usable by the time it is asked for.
func Open(path string, opt Options) *Verifier {
	v := &Verifier{path: path, domain: opt.Domain, log: opt.Log}
	v.file = watch.Open(watch.Config[table]{
		Path: path, Kind: "hash file", Make: "create it with 'ntlm hash add FILE USER'",
		Parse: parse, Adopted: v.adopted, Log: opt.Log, Now: opt.Now,
	})
	return v
}

// adopted logs what is to be said of a file, once.
func (v *Verifier) adopted(old, t *table, again bool) {
	if old != nil && old.sum == t.sum && !again {
		return
	}
	v.log.Debug("hash file read", "file", v.path, "users", len(t.accounts))
	if info, err := os.Stat(v.path); err == nil && info.Mode().Perm()&0o026 != 0 && runtime.GOOS != "windows" {
		v.log.Warn("hash file: others on this machine can read or change it, and log in as anybody in it", "file", v.path, "cure", "chmod g-w,o= "+v.path)
	}
	t.notes.Log(v.log, "hash file", v.path)
}

// Reload reads the file again, whether it seems to have changed or not. The error
// says why it cannot be used.
func (v *Verifier) Reload(ctx context.Context) error { return v.file.Reload(ctx) }

// Ready implements ntlm.Readier.
func (v *Verifier) Ready(ctx context.Context) error {
	_, err := v.file.Current(ctx)
	return err
}

// Verify implements ntlm.Verifier. It costs the same whether there is such a user
// or not. Why an account may not log in, only its password tells.
func (v *Verifier) Verify(ctx context.Context, l *ntlm.Logon) ntlm.Verdict {
	t, err := v.file.Current(ctx)
	if t == nil {
		return ntlm.Undecided(ntlm.NoHashFile, err)
	}
	a, known := t.find(l.User)
	base, match := check(a.hash, l)
	switch {
	case !known:
		return ntlm.No(ntlm.NoSuchUser, nil)
	case a.bar == noPassword:
		return ntlm.No(ntlm.LogonRefused, errNoPassword)
	case !match:
		return ntlm.No(ntlm.WrongPassword, nil)
	case a.bar != none:
		return ntlm.No(a.bar.reason(), nil)
	}
	return ntlm.Yes(&ntlm.Account{
		Account:        identity.Account{Name: a.name, Domain: v.domain},
		SessionBaseKey: base,
	})
}

// check says whether a response was made with the hash, and with which session key.
func check(hash ntlmssp.Key, l *ntlm.Logon) (base ntlmssp.Key, ok bool) {
	const v1Size, proofSize = 24, 16
	switch nt, lm := l.NTResponse, l.LMResponse; {
	case len(nt) > v1Size:
		return checkV2(hash, l, nt[:proofSize], func(key ntlmssp.Key) ntlmssp.Key { return key.NTProof(l.Challenge, nt[proofSize:]) })
	case len(nt) == v1Size:
		want := hash.NTLMv1(l.Challenge)
		return hash.SessionBaseKeyV1(), hmac.Equal(want[:], nt)
	case len(nt) == 0 && len(lm) == v1Size: // never LM, whose hash is not in the table
		client := [8]byte(lm[proofSize:])
		return checkV2(hash, l, lm[:proofSize], func(key ntlmssp.Key) ntlmssp.Key {
			response := key.LMv2(l.Challenge, client)
			return ntlmssp.Key(response[:])
		})
	}
	return ntlmssp.Key{}, false
}

// checkV2 tries the domain as the client sent it, as others spell it, and without
// one, as the clients outside of any domain do.
func checkV2(hash ntlmssp.Key, l *ntlm.Logon, proof []byte, prove func(ntlmssp.Key) ntlmssp.Key) (base ntlmssp.Key, ok bool) {
	for _, domain := range []string{l.Domain, ntlmssp.Upper(l.Domain), ""} {
		key := hash.NTOWFv2(l.User, domain)
		if want := prove(key); hmac.Equal(want[:], proof) {
			return key.SessionBaseKeyV2(want), true
		}
	}
	return ntlmssp.Key{}, false
}
