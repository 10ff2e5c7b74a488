// Freebsd prints a package for FreeBSD's pkg(8), as a tar archive without compression, of
// what is in a folder: the two manifests, and the files by their whole paths. pkg itself is
// not needed for that, and is not asked.
//
//	freebsd [options] ROOT >PACKAGE
//
// It also writes into the folder of -meta what "pkg create -m META -r ROOT" takes.
package main

import (
	"archive/tar"
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// prefix is where the packages of FreeBSD belong.
const prefix = "/usr/local"

func main() {
	var b builder
	version := flag.String("version", "0", "of the package, in the form of Debian's")
	flag.StringVar(&b.maintainer, "maintainer", "", "whom users turn to")
	flag.StringVar(&b.arch, "arch", "amd64", "Go's word for the architecture")
	seconds := flag.Int64("time", 0, "of all files, in seconds since 1970")
	meta := flag.String("meta", "", "folder for the manifests and the list of files")
	flag.Parse()
	b.version, b.time = packageVersion(*version), time.Unix(*seconds, 0)
	if err := b.build(os.Stdout, flag.Arg(0), *meta); err != nil {
		fmt.Fprintln(os.Stderr, "freebsd:", err)
		os.Exit(1)
	}
}

// packageVersion writes a version in the characters of pkg-version(8), where "-", "_" and
// "," stand between other things.
func packageVersion(s string) string {
	return strings.NewReplacer("~", ".", "+", ".", "-", ".", "_", ".", ",", ".").Replace(s)
}

// A builder makes one package.
type builder struct {
	version, maintainer, arch string
	time                      time.Time
}

func (b *builder) build(w io.Writer, root, meta string) error {
	entries, err := scan(root)
	if err != nil {
		return err
	}
	m, err := b.manifest(entries)
	if err != nil {
		return err
	}
	parts := []part{{"+COMPACT_MANIFEST", m.compact().encode()}, {"+MANIFEST", m.encode()}}
	if meta != "" {
		if err := writeMeta(meta, append(parts, part{"plist", plist(entries)})); err != nil {
			return err
		}
	}
	out := bufio.NewWriter(w)
	if err := b.archive(out, parts, entries); err != nil {
		return err
	}
	return out.Flush()
}

// A part of the package is about it rather than of it.
type part struct {
	name    string
	content []byte
}

func writeMeta(dir string, parts []part) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, p := range parts {
		if err := os.WriteFile(filepath.Join(dir, p.name), p.content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// An entry is a file or a symbolic link of the package, or a folder of its own.
type entry struct {
	source string // where it is now
	path   string // where it will be
	info   fs.FileInfo
	target string // of a link
}

// shared are folders, below the prefix, that other packages have files in as well.
var shared = []string{"", "/libexec", "/share", "/share/man", "/share/man/man8", "/share/doc", "/share/bash-completion", "/share/bash-completion/completions"}

// scan lists what is in the folder root, in the order of names.
func scan(root string) (entries []entry, err error) {
	return entries, filepath.WalkDir(root, func(source string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		path := strings.TrimPrefix(source, filepath.Clean(root))
		below, inside := strings.CutPrefix(path, prefix)
		switch {
		case d.IsDir() && (!inside || slices.Contains(shared, below)):
			return nil
		case !inside:
			return fmt.Errorf("%s is not below %s", path, prefix)
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		e := entry{source: source, path: path, info: info}
		switch info.Mode().Type() {
		case fs.ModeSymlink:
			e.target, err = os.Readlink(source)
		case 0, fs.ModeDir:
		default:
			err = errors.New(path + " is no file, link or folder")
		}
		entries = append(entries, e)
		return err
	})
}

// archive writes the package: what is about it first, by which pkg knows what will come.
func (b *builder) archive(w io.Writer, parts []part, entries []entry) error {
	out := tar.NewWriter(w)
	for _, p := range parts {
		h := b.header(p.name, 0o644, int64(len(p.content)))
		if err := out.WriteHeader(h); err != nil {
			return err
		}
		if _, err := out.Write(p.content); err != nil {
			return err
		}
	}
	for _, e := range entries {
		if err := b.add(out, e); err != nil {
			return fmt.Errorf("%s: %w", e.path, err)
		}
	}
	return out.Close()
}

func (b *builder) add(out *tar.Writer, e entry) error {
	h := b.header(e.path, int64(e.info.Mode().Perm()), 0)
	switch {
	case e.info.IsDir():
		h.Typeflag, h.Name = tar.TypeDir, e.path+"/"
	case e.target != "":
		h.Typeflag, h.Linkname = tar.TypeSymlink, e.target
	default:
		h.Size = e.info.Size()
	}
	if err := out.WriteHeader(h); err != nil || h.Typeflag != tar.TypeReg {
		return err
	}
	f, err := os.Open(e.source)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(out, f)
	return err
}

func (b *builder) header(name string, mode, size int64) *tar.Header {
	return &tar.Header{
		Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: size, ModTime: b.time,
		Uname: "root", Gname: "wheel", Format: tar.FormatUSTAR,
	}
}
