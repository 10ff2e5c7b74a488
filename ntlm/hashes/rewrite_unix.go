//go:build unix

package hashes

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// adopt gives the draft the owner and the mode of the file that it replaces. The
// mode comes last: while the draft has another group, that must not read it.
func adopt(f *os.File, info fs.FileInfo) error {
	if old, ok := info.Sys().(*syscall.Stat_t); ok {
		if err := f.Chown(int(old.Uid), int(old.Gid)); err != nil {
			return err
		}
	}
	return f.Chmod(info.Mode().Perm())
}

// syncDir makes the new name last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
