package getpwnam

import (
	"context"
	"errors"
	"log/slog"

	"squidauth/basic"
	"squidauth/helper/watch"
)

// files are the passwd and the shadow file, or the one file of the BSDs.
type files struct {
	passwd *watch.File[table]
	shadow *watch.File[table] // nil: passwd holds the hashes
}

func openFiles(opt Options) *files {
	if opt.MasterFile != "" {
		return &files{passwd: opt.open(opt.MasterFile, "master.passwd file", masterLine)}
	}
	return &files{
		passwd: opt.open(opt.PasswdFile, "passwd file", passwdLine),
		shadow: opt.open(opt.ShadowFile, "shadow file", shadowLine),
	}
}

func (opt Options) open(path, kind string, read lineReader) *watch.File[table] {
	return watch.Open(watch.Config[table]{
		Path: path, Kind: kind, Make: "every system has one", Permit: "leave the file as it is, and add Squid's user to its group (Debian: usermod -aG shadow proxy)",
		Parse: tableOf(read), Adopted: adopted(opt.Log, kind, path), Log: opt.Log, Now: opt.Now,
	})
}

// adopted logs what is to be said of a file, once.
func adopted(log *slog.Logger, kind, path string) func(old, t *table, again bool) {
	return func(old, t *table, again bool) {
		if old != nil && old.key == t.key && !again {
			return
		}
		log.Debug(kind+" read", "file", path, "users", len(t.users), "usable", len(t.hashes))
		t.notes.Log(log, kind, path)
	}
}

// find looks a user up. Who has no hash gets a decoy. A shadow file that cannot be read
// is a failure for all, since it would be one for those who are in it.
func (f *files) find(ctx context.Context, user string) (finding, *failure) {
	p, err := f.passwd.Current(ctx)
	if p == nil {
		return finding{}, &failure{basic.NoPasswordFile, err}
	}
	a, known := p.users[user]
	s := p
	if f.shadow != nil {
		var t *table
		if t, err = f.shadow.Current(ctx); t != nil {
			s = t
		} else if p.refers {
			return finding{}, &failure{basic.NoPasswordFile, err}
		}
	}
	found := finding{known: known, hash: s.decoy(user)}
	if known {
		found.use(merge(a, s, user))
	}
	return found, nil
}

// merge puts what the shadow file says of a user in the place of a. The line of passwd
// says that there is such a user, and may lock the account.
func merge(a account, shadow *table, user string) account {
	if a.state == locked {
		return a
	}
	if s, ok := shadow.users[user]; ok {
		return s
	}
	return a
}

func (f *files) reload(ctx context.Context) error {
	err := f.passwd.Reload(ctx)
	if f.shadow != nil {
		err = errors.Join(err, f.shadow.Reload(ctx))
	}
	return err
}

// version is another when the content of a file is.
func (f *files) version(ctx context.Context) string {
	var keys []byte
	for _, file := range []*watch.File[table]{f.passwd, f.shadow} {
		if file == nil {
			continue
		}
		if t, _ := file.Current(ctx); t != nil {
			keys = append(keys, t.key[:]...)
		}
	}
	return string(keys)
}
