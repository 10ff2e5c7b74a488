package negotiate

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"squidauth/helper/watch"
	"squidauth/negotiate/kerberos"
)

// Keytab is a keytab file. It is read again when it changes. It may be used from
// several goroutines.
type Keytab struct{ file *watch.File[kerberos.Keyring] }

// KeytabOptions say how a keytab is used.
type KeytabOptions struct {
	// KeepOld is how long keys stay usable that a new content of the file no
	// longer has. Zero: not at all.
	KeepOld time.Duration

	Now func() time.Time // the clock
	Log *slog.Logger
}

// OpenKeytab returns the Keytab at path. It never fails: a file that cannot be
// used is logged, and may be usable by the time a ticket comes.
func OpenKeytab(path string, opt KeytabOptions) *Keytab {
	var last *kerberos.Keyring // watch reads one at a time
	log := opt.Log
	return &Keytab{watch.Open(watch.Config[kerberos.Keyring]{
		Path: path,
		Kind: "keytab",
		Make: "make it with ktpass, msktutil, adcli or samba-tool",
		Parse: func(content []byte) (*kerberos.Keyring, error) {
			keys, err := kerberos.ParseKeytab(content)
			if err != nil {
				return nil, fmt.Errorf("cannot be used: %w", err)
			}
			if opt.KeepOld > 0 && last != nil {
				keys = keys.Keeping(last, opt.Now().Add(opt.KeepOld))
			}
			last = keys
			return keys, nil
		},
		Adopted: func(old, keys *kerberos.Keyring, again bool) {
			log.Debug("keytab read", "file", path, "keys", keys.Describe())
			if note := keys.Weak(); note != "" && (old == nil || again) {
				log.Warn("keytab", "file", path, "note", note)
			}
		},
		Log: log,
		Now: opt.Now,
	})}
}

// Path returns where the file is.
func (k *Keytab) Path() string { return k.file.Path }

// Keys returns the keys in force.
func (k *Keytab) Keys(ctx context.Context) (*kerberos.Keyring, error) { return k.file.Current(ctx) }

// Newer is Keys for a ticket that none of them fits: it looks at the file now, and
// waits for one that is being written.
func (k *Keytab) Newer(ctx context.Context) (*kerberos.Keyring, error) { return k.file.Latest(ctx) }

// Reload reads the file again. The error says why it cannot be used.
func (k *Keytab) Reload(ctx context.Context) error { return k.file.Reload(ctx) }
