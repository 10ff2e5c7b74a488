// Sbom prints what programs were built of, as Go notes it in them: a bill of materials in
// the JSON of CycloneDX 1.5.
package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

type bill struct {
	Format      string      `json:"bomFormat"`
	SpecVersion string      `json:"specVersion"`
	Version     int         `json:"version"`
	Metadata    metadata    `json:"metadata"`
	Components  []component `json:"components"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Type       string      `json:"type"`
	Name       string      `json:"name"`
	Version    string      `json:"version"`
	PURL       string      `json:"purl,omitempty"`
	Hashes     []hash      `json:"hashes,omitempty"`
	Components []component `json:"components,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

func main() {
	version := flag.String("version", "devel", "of the programs")
	flag.Parse()
	if err := write(os.Stdout, *version, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

// write prints the bill of all programs together. It is the same for the same programs.
func write(w io.Writer, version string, programs []string) error {
	whole := component{Type: "application", Name: "squidauth", Version: version}
	parts := map[string]component{}
	for _, path := range programs {
		program, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		digest := sha256.Sum256(program)
		whole.Components = append(whole.Components, component{
			Type: "file", Name: filepath.Base(path), Version: version, Hashes: []hash{{"SHA-256", hex.EncodeToString(digest[:])}},
		})
		info, err := buildinfo.Read(bytes.NewReader(program))
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		list(parts, info)
	}
	b := bill{
		Format: "CycloneDX", SpecVersion: "1.5", Version: 1, Metadata: metadata{whole},
		Components: slices.SortedFunc(maps.Values(parts), func(x, y component) int { return cmp.Compare(x.Name, y.Name) }),
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(b)
}

// list adds what a program is built of to the parts, which are named as Go names them.
func list(parts map[string]component, info *buildinfo.BuildInfo) {
	parts["std"] = component{Type: "library", Name: "std", Version: info.GoVersion, PURL: "pkg:golang/std@" + strings.TrimPrefix(info.GoVersion, "go")}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		parts[m.Path] = component{Type: "library", Name: m.Path, Version: m.Version, PURL: "pkg:golang/" + m.Path + "@" + m.Version, Hashes: sum(m.Sum)}
	}
}

// sum reads the h1: form of go.sum, a SHA-256 over the module's files.
func sum(h1 string) []hash {
	b, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(h1, "h1:"))
	if err != nil || len(b) == 0 {
		return nil
	}
	return []hash{{"SHA-256", hex.EncodeToString(b)}}
}
