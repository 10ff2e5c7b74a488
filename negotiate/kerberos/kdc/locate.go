package kdc

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// Lookup is os.LookupEnv.
type Lookup func(string) (string, bool)

// cachePath returns the file of the user's credential cache, where MIT's library
// looks for it: KRB5CCNAME, else default_ccache_name of krb5.conf, else a file of
// that user in /tmp.
func cachePath(lookup Lookup, conf *config, uid int) (string, error) {
	name, origin := conf.defaultCache, "krb5.conf's default_ccache_name"
	if v, set := lookup("KRB5CCNAME"); set && v != "" {
		name, origin = v, "KRB5CCNAME"
	}
	id := fmt.Sprint(uid)
	if name == "" {
		return "/tmp/krb5cc_" + id, nil
	}
	kind, path, typed := strings.Cut(name, ":")
	if !typed || len(kind) == 1 || strings.ContainsAny(kind, `/\`) { // the drive of a path in Windows, or a path
		kind, path = "FILE", name
	}
	path = strings.NewReplacer("%{uid}", id, "%{euid}", id, "%{USERID}", id).Replace(path)
	switch {
	case !strings.EqualFold(kind, "FILE"):
		return "", fmt.Errorf("the user's tickets are in a cache of kind %s, as %s says, and only files can be read: "+adviceFile, kind, origin)
	case strings.Contains(path, "%{"):
		return "", fmt.Errorf("%s is %q, which this program cannot expand: "+adviceFile, origin, path)
	}
	return path, nil
}

const adviceFile = "export KRB5CCNAME=FILE:/tmp/krb5cc_test, then kinit"

// maxFile bounds what is read of a cache or configuration. They are some KB.
const maxFile = 1 << 20

var (
	errNoFile   = errors.New("it is not a file")
	errLongFile = errors.New("it is larger than 1 MB")
)

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // a pipe would have us wait for ever
		return nil, errNoFile
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(content) > maxFile {
		err = errLongFile
	}
	return content, err
}
