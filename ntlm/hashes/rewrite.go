package hashes

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxFile bounds a file in bytes, as package watch does.
const maxFile = 64 << 20

// newMode is that of a file that was not there before.
const newMode = 0o600

// rewrite puts a changed copy in the place of the file at path. The copy has the
// mode and the owner of the file, and is on the disk when it takes its name. Its own
// name, FILE.new, keeps two from doing that at once.
func rewrite(path string, change func(string) (string, error)) (created bool, err error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // and not in the place of the link
	}
	draft := path + ".new"
	created, err = write(draft, path, change)
	if err != nil {
		return false, err
	}
	return created, syncDir(filepath.Dir(path))
}

// write makes the draft and gives it the name of the file.
func write(draft, path string, change func(string) (string, error)) (created bool, err error) {
	f, err := os.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_EXCL, newMode)
	if errors.Is(err, fs.ErrExist) {
		return false, fmt.Errorf("%w: somebody else changes the file just now, or was interrupted: then remove %s", err, draft)
	} else if err != nil {
		return false, err
	}
	content, info, err := read(path)
	if created = errors.Is(err, fs.ErrNotExist); created {
		err = nil
	}
	changed := ""
	if err == nil {
		changed, err = change(content)
	}
	err = errors.Join(err, fill(f, changed, info))
	if err == nil {
		err = os.Rename(draft, path)
	}
	if err != nil {
		os.Remove(draft)
	}
	return created, err
}

// read returns the content of a regular file.
func read(path string) (string, fs.FileInfo, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", nil, err
	case !info.Mode().IsRegular():
		return "", nil, fmt.Errorf("%s is not a regular file", path)
	case info.Size() > maxFile:
		return "", nil, fmt.Errorf("%s is larger than %d MiB", path, maxFile>>20)
	}
	content, err := os.ReadFile(path)
	return string(content), info, err
}

// fill writes the draft and closes it. info is that of the file before, if there was
// one.
func fill(f *os.File, content string, info fs.FileInfo) error {
	_, err := io.WriteString(f, content)
	if err == nil && info != nil {
		err = adopt(f, info)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
