package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// File is a file that a helper reads.
type File struct {
	Path string
	Kind string // "keytab": what it is, and how the codes of its findings begin
	Make string // the command that makes one

	// Harm is what others can do who read the file; empty: nothing, everybody may.
	Harm string

	// Forgery is what others can do who write it.
	Forgery string
}

// Modes of files. A group is trusted: that is how Squid gets at a file.
const (
	othersRead  = 0o004
	othersWrite = 0o002
)

// File looks whether this process can read a file, and who else can do what with it. It
// reports whether the file can be read. Of the file it reads nothing.
func (r *Report) File(f File) bool {
	info, err := os.Stat(f.Path)
	if err == nil && !info.Mode().IsRegular() {
		r.Add(Finding{
			Severity: Fault, Code: f.Kind + "-no-file", Where: f.Path, What: "it is not a regular file: " + info.Mode().Type().String(),
			Why: "nobody can log in", Cure: f.Make,
		})
		return false
	}
	if err == nil {
		err = open(f.Path)
	}
	if err != nil {
		r.Add(f.unreadable(err))
		return false
	}
	f.examineMode(r, info.Mode().Perm())
	return true
}

// open tries to open a file, and does not wait for who writes a FIFO.
func open(path string) error {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	return file.Close()
}

func (f File) unreadable(err error) Finding {
	finding := Finding{Severity: Fault, Code: f.Kind + "-unreadable", Where: f.Path, What: err.Error(), Why: "nobody can log in"}
	user, group := Self()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		finding.Code, finding.What, finding.Cure = f.Kind+"-missing", "there is no such file", f.Make
	case !errors.Is(err, fs.ErrPermission):
	default:
		finding.What = fmt.Sprintf("user %s cannot read it", user)
		finding.Cure = fmt.Sprintf("chgrp %s %s && chmod 640 %s", group, f.Path, f.Path)
		if folder := closed(f.Path); folder != "" {
			finding.What = fmt.Sprintf("user %s cannot enter the folder %s", user, folder)
			finding.Cure = fmt.Sprintf("chgrp %s %s && chmod g+x %s", group, folder, folder)
		}
	}
	return finding
}

// closed returns the first folder on the way to a file that cannot be entered; empty:
// all can.
func closed(path string) string {
	parent := filepath.Dir(path)
	if parent != path {
		if folder := closed(parent); folder != "" {
			return folder
		}
	}
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrPermission) {
		return parent
	}
	return ""
}

func (f File) examineMode(r *Report, mode fs.FileMode) {
	_, group := Self()
	cure := fmt.Sprintf("chgrp %s %s && chmod 640 %s", group, f.Path, f.Path)
	switch {
	case runtime.GOOS == "windows": // which has no such modes
		r.Good(f.Kind+"-file", f.Path, "it can be read")
	case mode&othersWrite != 0:
		r.Add(Finding{
			Severity: Fault, Code: f.Kind + "-writable", Where: f.Path, What: fmt.Sprintf("everybody on this machine can change it (mode %04o)", mode),
			Why: f.Forgery, Cure: cure,
		})
	case mode&othersRead != 0 && f.Harm != "":
		r.Add(Finding{
			Severity: Warning, Code: f.Kind + "-open", Where: f.Path, What: fmt.Sprintf("everybody on this machine can read it (mode %04o)", mode),
			Why: f.Harm, Cure: cure,
		})
	default:
		r.Good(f.Kind+"-file", f.Path, "it can be read, and by whom it should")
	}
}
