package sasl

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"squidauth/helper/watch"
)

// Settings are what a configuration file of libsasl says of use here.
type Settings struct {
	socket string // empty: the default
}

// configDirs are the folders that libsasl was built to look in, by distribution.
var configDirs = []string{"/etc/sasl2", "/etc/sasl", "/usr/local/lib/sasl2", "/usr/lib64/sasl2", "/usr/lib/*/sasl2", "/usr/lib/sasl2"}

// FindConfig returns the path of the configuration file of the application with the
// name, as libsasl looks for it: in the folders of the environment variable
// SASL_CONF_PATH, or in those that are usual. If there is none, it is the first path
// where it could be.
func FindConfig(application string) string {
	dirs := configDirs
	if list := os.Getenv("SASL_CONF_PATH"); list != "" {
		dirs = filepath.SplitList(list)
	}
	for _, dir := range dirs {
		if found, _ := filepath.Glob(filepath.Join(dir, application+".conf")); len(found) > 0 {
			return found[0]
		}
	}
	return filepath.Join(dirs[0], application+".conf")
}

// OpenConfig returns a configuration file of libsasl.
func OpenConfig(path string, log *slog.Logger) *watch.File[Settings] {
	return watch.Open(watch.Config[Settings]{
		Path: path, Kind: "configuration file of SASL", Make: `write "pwcheck_method: saslauthd" into it`,
		Parse: parseConfig, Log: log,
	})
}

// parseConfig reads the lines "key: value". Its errors complete "the file …".
func parseConfig(content []byte) (*Settings, error) {
	values := make(map[string]string)
	lines := bufio.NewScanner(bytes.NewReader(content))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, found := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		if !found || key == "" || value == "" || strings.Trim(strings.ToLower(key), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return nil, fmt.Errorf("has a line %d that is not \"key: value\"", n)
		}
		key = strings.ToLower(key)
		values[key] = cmp.Or(values[key], value) // the first counts
	}
	if lines.Err() != nil {
		return nil, errors.New("has a line that is too long")
	}
	switch method := values["pwcheck_method"]; {
	case method == "":
		return nil, errors.New("has no pwcheck_method, which means auxprop, as a rule the file /etc/sasldb2: this program asks saslauthd only, which can read that file (saslauthd -a sasldb); then say pwcheck_method: saslauthd")
	case !strings.EqualFold(method, "saslauthd"):
		return nil, fmt.Errorf("says pwcheck_method: %.60s, but this program asks saslauthd only", method)
	}
	return &Settings{socket: values["saslauthd_path"]}, nil
}
