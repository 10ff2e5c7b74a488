package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// root makes a folder to be packed.
func root(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	libexec := filepath.Join(dir, "usr/local/libexec/squidauth")
	for _, err := range []error{
		os.MkdirAll(filepath.Join(libexec, "drop-in"), 0o755),
		os.WriteFile(filepath.Join(libexec, "basic"), []byte("program"), 0o755),
		os.Symlink("../basic", filepath.Join(libexec, "drop-in/basic_ncsa_auth")),
		os.WriteFile(filepath.Join(libexec, "100%41"), nil, 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestBuild(t *testing.T) {
	b := builder{version: packageVersion("1.2~rc1+dirty"), maintainer: "root@example.test", arch: "arm64", time: time.Unix(1e9, 0)}
	meta := filepath.Join(t.TempDir(), "meta")
	var first, second bytes.Buffer
	dir := root(t)
	if err := b.build(&first, dir, meta); err != nil {
		t.Fatal(err)
	}
	if err := b.build(&second, dir, ""); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Errorf("the same is not the same twice: %v", err)
	}

	const libexec = "/usr/local/libexec/squidauth"
	var names []string
	manifests := map[string]manifest{}
	for in := tar.NewReader(&first); ; {
		h, err := in.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
		if h.Uname != "root" || h.Gname != "wheel" || h.Uid != 0 || h.Gid != 0 || h.ModTime.Unix() != 1e9 {
			t.Errorf("%s is of %s:%s at %v", h.Name, h.Uname, h.Gname, h.ModTime)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		switch h.Name {
		case "+COMPACT_MANIFEST", "+MANIFEST":
			var m manifest
			if err := json.Unmarshal(content, &m); err != nil {
				t.Fatal(err)
			}
			manifests[h.Name] = m
		case libexec + "/basic":
			if string(content) != "program" || h.Mode != 0o755 {
				t.Errorf("basic is %q with mode %o", content, h.Mode)
			}
		case libexec + "/drop-in/basic_ncsa_auth":
			if h.Linkname != "../basic" {
				t.Errorf("the link leads to %s", h.Linkname)
			}
		}
	}
	want := "+COMPACT_MANIFEST +MANIFEST " + libexec + "/ " + libexec + "/100%41 " + libexec + "/basic " + libexec + "/drop-in/ " + libexec + "/drop-in/basic_ncsa_auth"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("the archive has\n%s, want\n%s", got, want)
	}

	full, compact := manifests["+MANIFEST"], manifests["+COMPACT_MANIFEST"]
	if full.Version != "1.2.rc1.dirty" || full.ABI != "FreeBSD:*:aarch64" || full.FlatSize != 7 {
		t.Errorf("version %s, ABI %s, size %d", full.Version, full.ABI, full.FlatSize)
	}
	if sum := full.Files[libexec+"/basic"]; sum != "1$1310ca2c8932dbd118668bd97442558a3e1f546b5e15c69699dfbd6024f548d8" { // SHA-256 of "program"
		t.Errorf("sum %s", sum)
	}
	if full.Files[libexec+"/drop-in/basic_ncsa_auth"] != "-" || full.Files[libexec+"/100%2541"] == "" || full.Directories[libexec+"/drop-in"] != "y" || full.Directories["/usr/local/libexec"] != "" {
		t.Errorf("files %v, directories %v", full.Files, full.Directories)
	}
	if full.Scripts["pre-deinstall"] != preDeinstall {
		t.Errorf("scripts %q", full.Scripts)
	}
	if compact.FlatSize != 7 || compact.Files != nil || compact.Directories != nil || compact.Scripts != nil {
		t.Errorf("the compact one is %+v", compact)
	}

	plist, err := os.ReadFile(filepath.Join(meta, "plist"))
	if want := "libexec/squidauth/100%41\nlibexec/squidauth/basic\nlibexec/squidauth/drop-in/basic_ncsa_auth\n@dir libexec/squidauth\n@dir libexec/squidauth/drop-in\n"; err != nil || string(plist) != want {
		t.Errorf("plist %q, %v", plist, err)
	}
}

func TestRefused(t *testing.T) {
	outside := t.TempDir()
	if err := os.MkdirAll(filepath.Join(outside, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(outside, "etc/passwd"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]struct {
		b    builder
		root string
	}{
		"a file outside the prefix": {builder{arch: "amd64"}, outside},
		"another architecture":      {builder{arch: "vax"}, root(t)},
		"no folder":                 {builder{arch: "amd64"}, filepath.Join(outside, "none")},
	} {
		if err := try.b.build(io.Discard, try.root, ""); err == nil {
			t.Errorf("%s was packed", name)
		}
	}
}
