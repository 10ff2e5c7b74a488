package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// A manifest is what pkg-create(8) calls +MANIFEST, in JSON; without files, directories and
// scripts it is the compact one.
type manifest struct {
	Name         string            `json:"name"`
	Origin       string            `json:"origin"`
	Version      string            `json:"version"`
	Comment      string            `json:"comment"`
	Maintainer   string            `json:"maintainer"`
	WWW          string            `json:"www"`
	ABI          string            `json:"abi"`
	Arch         string            `json:"arch"`
	Prefix       string            `json:"prefix"`
	FlatSize     int64             `json:"flatsize"`
	LicenseLogic string            `json:"licenselogic"`
	Licenses     []string          `json:"licenses"`
	Description  string            `json:"desc"`
	Categories   []string          `json:"categories"`
	Files        map[string]string `json:"files,omitempty"`
	Directories  map[string]string `json:"directories,omitempty"`
	Scripts      map[string]string `json:"scripts,omitempty"`
}

const description = `Programs that take the place of Squid's own C helpers and of Samba's
ntlm_auth: Basic, NTLM and Negotiate (Kerberos), without a word of
squid.conf changed.`

// preDeinstall gives Squid its own helpers back, unless a new version follows.
const preDeinstall = `[ -n "${PKG_UPGRADE-}" ] || ` + prefix + `/share/squidauth/drop-in.sh remove ` + prefix + `/libexec/squidauth
`

// cpus are FreeBSD's words for architectures, now and in former times.
var cpus = map[string][2]string{"amd64": {"amd64", "x86:64"}, "arm64": {"aarch64", "aarch64:64"}}

// manifest describes the package.
func (b *builder) manifest(entries []entry) (*manifest, error) {
	cpu, known := cpus[b.arch]
	if !known {
		return nil, fmt.Errorf("architecture %q is not known", b.arch)
	}
	m := &manifest{
		Name: "squidauth", Origin: "www/squidauth", Version: b.version,
		Comment: "Authentication helpers for the Squid proxy", Maintainer: b.maintainer,
		WWW: "http://www.squid-cache.org/", ABI: "FreeBSD:*:" + cpu[0], Arch: "freebsd:*:" + cpu[1], Prefix: prefix,
		LicenseLogic: "single", Licenses: []string{"APACHE20"},
		Description: description, Categories: []string{"www"},
		Files: map[string]string{}, Directories: map[string]string{},
		Scripts: map[string]string{"pre-deinstall": escape(preDeinstall)},
	}
	for _, e := range entries {
		if err := m.add(e); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *manifest) add(e entry) error {
	switch {
	case e.info.IsDir():
		m.Directories[escape(e.path)] = "y"
	case e.target != "":
		m.Files[escape(e.path)] = "-"
	default:
		sum, err := fileSum(e.source)
		if err != nil {
			return err
		}
		m.Files[escape(e.path)] = sum
		m.FlatSize += e.info.Size()
	}
	return nil
}

// compact returns what tells of the package before it is unpacked.
func (m *manifest) compact() *manifest {
	c := *m
	c.Files, c.Directories, c.Scripts = nil, nil, nil
	return &c
}

// fileSum returns the file's SHA-256 with the number of that kind in front.
func fileSum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return "1$" + hex.EncodeToString(h.Sum(nil)), nil
}

// escape writes what pkg reads as a URL does.
func escape(s string) string { return strings.ReplaceAll(s, "%", "%25") }

func (m *manifest) encode() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(m); err != nil {
		panic(err) // strings always can be
	}
	return b.Bytes()
}

// plist lists files in the form of pkg-plist: below the prefix, folders last.
func plist(entries []entry) []byte {
	var files, folders strings.Builder
	for _, e := range entries {
		path := strings.TrimPrefix(e.path, prefix+"/")
		if e.info.IsDir() {
			folders.WriteString("@dir " + path + "\n")
		} else {
			files.WriteString(path + "\n")
		}
	}
	return []byte(files.String() + folders.String())
}
