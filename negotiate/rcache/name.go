package rcache

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// defaultFolder is where MIT's library puts the file by default.
const defaultFolder = "/var/tmp"

// Lookup returns the value of an environment variable and whether it is set, as
// os.LookupEnv does.
type Lookup func(name string) (value string, set bool)

// DefaultPath returns the file of MIT's replay cache type "dfl": krb5_EUID.rcache2
// in the folder KRB5RCACHEDIR, else TMPDIR, else /var/tmp. As in MIT's library a
// variable that is set to nothing counts as set.
func DefaultPath(lookup Lookup) string {
	folder := defaultFolder
	for _, name := range []string{"KRB5RCACHEDIR", "TMPDIR"} {
		if value, set := lookup(name); set {
			folder = value
			break
		}
	}
	return fmt.Sprintf("%s/krb5_%d.rcache2", folder, os.Geteuid())
}

// Open returns the cache that an option asks for:
//
//	file         the file that DefaultPath says
//	file:PATH    another file
//	memory       a Memory of MaxMemory entries
//	none         no cache
//	(empty)      what the environment says
//
// The environment is read by MIT's rules. KRB5RCACHENAME is "dfl:", "file2:PATH" or
// "none:". If it is not set, KRB5RCACHETYPE is one of these types. If neither is,
// it is "dfl:". Who reads default_rcache_name from krb5.conf, which MIT's library
// asks before it settles for that, can let lookup return it for KRB5RCACHENAME.
func Open(option string, lookup Lookup, lifetime time.Duration) (Cache, error) {
	p, err := placeOf(option, lookup)
	switch {
	case err != nil:
		return nil, err
	case p.kind == inMemory:
		return asCache(NewMemory(lifetime, MaxMemory))
	case p.kind == nowhere:
		return None{}, nil
	}
	return asCache(OpenFile(p.path, lifetime))
}

// place is where a cache is kept.
type place struct {
	kind kind
	path string // of a file
}

type kind byte

const (
	inFile kind = iota + 1
	inMemory
	nowhere
)

// placeOf reads an option and, if that is empty, the environment.
func placeOf(option string, lookup Lookup) (place, error) {
	kind, path, named := strings.Cut(option, ":")
	switch {
	case option == "":
		return placeNamed(lookup)
	case option == "file":
		return place{inFile, DefaultPath(lookup)}, nil
	case kind == "file" && named && path != "":
		return place{inFile, path}, nil
	case option == "memory":
		return place{kind: inMemory}, nil
	case option == "none":
		return place{kind: nowhere}, nil
	}
	return place{}, fmt.Errorf("replay cache %q: want file, file:PATH, memory or none", option)
}

// placeNamed is what the environment names.
func placeNamed(lookup Lookup) (place, error) {
	source := "KRB5RCACHENAME"
	name, set := lookup(source)
	if !set {
		source, name = "KRB5RCACHETYPE", "dfl:"
		if value, set := lookup(source); set {
			name = value + ":"
		}
	}
	kind, path, found := strings.Cut(name, ":")
	switch {
	case found && kind == "dfl":
		return place{inFile, DefaultPath(lookup)}, nil
	case found && kind == "file2" && path != "":
		return place{inFile, path}, nil
	case found && kind == "file2":
		return place{}, fmt.Errorf("replay cache: %s asks for file2 and names no file: set KRB5RCACHENAME=file2:PATH", source)
	case found && kind == "none":
		return place{kind: nowhere}, nil
	}
	return place{}, fmt.Errorf("replay cache: %s is %q, which is none of dfl:, file2:PATH and none: as it must be", source, name)
}

// asCache keeps a nil pointer out of the interface.
func asCache[T Cache](c T, err error) (Cache, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}
