package negotiate

import (
	"context"
	"fmt"
	"log/slog"

	"squidauth/helper/watch"
	"squidauth/negotiate/kerberos"
)

// Keytab is a keytab file. It is read again when it changes. It may be used from
// several goroutines.
type Keytab struct{ file *watch.File[kerberos.Keyring] }

// OpenKeytab returns the Keytab at path. It never fails: a file that cannot be
// used is logged, and may be usable by the time a ticket comes.
func OpenKeytab(path string, log *slog.Logger) *Keytab {
	return &Keytab{watch.Open(watch.Config[kerberos.Keyring]{
		Path: path,
		Kind: "keytab",
		Make: "make it with ktpass, msktutil, adcli or samba-tool",
		Parse: func(content []byte) (*kerberos.Keyring, error) {
			keys, err := kerberos.ParseKeytab(content)
			if err != nil {
				return nil, fmt.Errorf("cannot be used: %w", err)
			}
			return keys, nil
		},
		Adopted: func(old, keys *kerberos.Keyring, again bool) {
			log.Debug("keytab read", "file", path, "keys", keys.Describe())
			if note := keys.Weak(); note != "" && (old == nil || again) {
				log.Warn("keytab", "file", path, "note", note)
			}
		},
		Log: log,
	})}
}

// Keys returns the keys in force.
func (k *Keytab) Keys(ctx context.Context) (*kerberos.Keyring, error) { return k.file.Current(ctx) }

// Reload reads the file again. The error says why it cannot be used.
func (k *Keytab) Reload(ctx context.Context) error { return k.file.Reload(ctx) }
