package machine

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	// maxFile bounds a file in bytes: a keytab has 100 a key.
	maxFile = 1 << 20

	// newMode is that of a file that was not there before. Squid's helpers read it as
	// the group of its folder.
	newMode = 0o640

	draftSuffix = ".new"
)

// disk is the file system. Tests have one that breaks.
type disk interface {
	read(path string) ([]byte, error)
	write(path string, content []byte) error
	remove(path string) error
	try(path string) error
	lock(path string) (io.Closer, error)
}

// files is the real disk.
type files struct{}

// read returns the content of a regular file. It is nil if there is none.
func (files) read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return nil, err
	case len(content) > maxFile:
		return nil, fmt.Errorf("%s is larger than %d bytes", path, maxFile)
	case content == nil:
		content = []byte{}
	}
	return content, nil
}

// write puts a file with the content in the place of the one at path, with its owner,
// group and mode, but not readable or writable for others. It is on the disk when it
// takes its name; who reads the file sees the old one or the new one. A draft that
// somebody left is removed: the lock keeps out whoever else could be writing.
func (files) write(path string, content []byte) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // and not in the place of the link
	}
	draft := path + draftSuffix
	if err := os.Remove(draft); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err = fill(f, path, content); err == nil {
		err = os.Rename(draft, path)
	}
	if err != nil {
		os.Remove(draft)
		return err
	}
	return syncDir(filepath.Dir(path))
}

// fill writes the draft of the file at path, and closes it.
func fill(f *os.File, path string, content []byte) error {
	_, err := f.Write(content)
	if err == nil {
		err = adopt(f, path)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// remove leaves no file at path.
func (files) remove(path string) error {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// try finds out whether a file can be written, before anything depends on it.
func (files) try(path string) error {
	draft := path + draftSuffix
	if err := os.Remove(draft); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", path, err)
	}
	return errors.Join(f.Close(), os.Remove(draft))
}
