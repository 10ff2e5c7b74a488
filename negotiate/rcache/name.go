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
	kind, path, named := strings.Cut(option, ":")
	switch {
	case option == "":
		return openNamed(lookup, lifetime)
	case option == "file":
		return asCache(OpenFile(DefaultPath(lookup), lifetime))
	case kind == "file" && named && path != "":
		return asCache(OpenFile(path, lifetime))
	case option == "memory":
		return asCache(NewMemory(lifetime, MaxMemory))
	case option == "none":
		return None{}, nil
	}
	return nil, fmt.Errorf("replay cache %q: want file, file:PATH, memory or none", option)
}

// openNamed opens the cache that the environment names.
func openNamed(lookup Lookup, lifetime time.Duration) (Cache, error) {
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
		return asCache(OpenFile(DefaultPath(lookup), lifetime))
	case found && kind == "file2" && path != "":
		return asCache(OpenFile(path, lifetime))
	case found && kind == "file2":
		return nil, fmt.Errorf("replay cache: %s asks for file2 and names no file: set KRB5RCACHENAME=file2:PATH", source)
	case found && kind == "none":
		return None{}, nil
	}
	return nil, fmt.Errorf("replay cache: %s is %q, which is none of dfl:, file2:PATH and none: as it must be", source, name)
}

// asCache keeps a nil pointer out of the interface.
func asCache[T Cache](c T, err error) (Cache, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}
