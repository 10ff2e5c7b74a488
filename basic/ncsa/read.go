package ncsa

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// maxFile bounds the password file in bytes: room for half a million users.
const maxFile = 64 << 20

// stamp tells one state of a file from another. The zero stamp is like none.
type stamp struct{ info fs.FileInfo }

func (s stamp) same(info fs.FileInfo) bool {
	return s.info != nil && s.info.Size() == info.Size() && s.info.ModTime().Equal(info.ModTime()) && os.SameFile(s.info, info)
}

// readFile returns the content of a regular file and its state. It fails when
// the file changes meanwhile.
func readFile(path string) ([]byte, stamp, error) {
	info, err := os.Stat(path) // before it is opened: opening a FIFO would hang
	if err != nil {
		return nil, stamp{}, explain(err, nil)
	}
	if !info.Mode().IsRegular() {
		return nil, stamp{}, fmt.Errorf("%s is not a regular file (%s): give the path of a password file", path, describe(info.Mode()))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, stamp{}, explain(err, info)
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		return nil, stamp{}, err
	}
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, stamp{}, err
	}
	after, err := f.Stat()
	if err != nil {
		return nil, stamp{}, err
	}
	return content, stamp{before}, judge(path, content, before, after)
}

// judge says what is wrong with a file that could be read.
func judge(path string, content []byte, before, after fs.FileInfo) error {
	switch {
	case len(content) > maxFile:
		return fmt.Errorf("%s is larger than %d MiB", path, maxFile>>20)
	case !(stamp{before}).same(after) || int64(len(content)) != after.Size():
		return fmt.Errorf("%s is being written just now: it will be read again", path)
	}
	return nil
}

// explain adds to a refused access what the administrator needs to mend it.
func explain(err error, info fs.FileInfo) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: create it with htpasswd, or correct the path in squid.conf", err)
	case !errors.Is(err, fs.ErrPermission):
		return err
	case info == nil:
		return fmt.Errorf("%w: this helper runs as uid %d, gid %d and cannot enter the folder", err, os.Geteuid(), os.Getegid())
	}
	return fmt.Errorf("%w: its mode is %#o, and this helper runs as uid %d, gid %d: give the file to that group and mode 0640", err, info.Mode().Perm(), os.Geteuid(), os.Getegid())
}

func describe(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a directory"
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}
