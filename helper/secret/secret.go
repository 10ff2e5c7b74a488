// Package secret reads the passwords that a helper needs itself: from files, from the
// environment, and from the credentials that systemd passes on. A command line can be
// read by everybody on the machine, so a secret has no place there.
package secret

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"squidauth/helper/doctor"
	"squidauth/helper/watch"
	"squidauth/protocol"
)

// maxSize bounds a secret in bytes.
const maxSize = 1 << 10

// Config says what a secret is for. Log is used for files only.
type Config struct {
	Kind    string // what the secret is, in the log: "password of the bind DN"
	Without string // what follows as long as there is none: "nobody can log in"
	Log     *slog.Logger
}

// Source is where a secret comes from. It may be used from several goroutines.
type Source struct {
	file  *watch.File[protocol.Secret] // nil: value it is
	value protocol.Secret
}

// Open returns the source that a word of the command line names: env:NAME is an
// environment variable, credential:NAME one of systemd's, file:PATH or any other word
// a file, which is read again when it changes. A file that cannot be read is no error:
// it may be readable by the time the secret is asked for.
func Open(word string, c Config) (*Source, error) {
	switch kind, name, _ := strings.Cut(word, ":"); {
	case word == "":
		return nil, errors.New("names no file")
	case kind == "env":
		return fromEnvironment(name)
	case kind == "credential":
		return fromCredential(name, c)
	case kind == "file":
		return fromFile(name, c), nil
	}
	return fromFile(word, c), nil
}

// Fixed returns the source of a secret that is there already.
func Fixed(value protocol.Secret) *Source { return &Source{value: value} }

// Format implements fmt.Formatter, so that no verb prints the secret.
func (Source) Format(f fmt.State, _ rune) { fmt.Fprint(f, "***") }

// Examine looks at the file, if it is one, and reports whether there is a secret. kind
// begins the codes of findings; harm is what others can do who read it.
func (s *Source) Examine(r *doctor.Report, kind, harm string) bool {
	if s.file == nil {
		return true
	}
	ok := r.File(doctor.File{Path: s.file.Path, Kind: kind, Make: "write the password into " + s.file.Path + ", on one line", Harm: harm, Forgery: harm})
	if !ok {
		return false
	}
	if err := s.file.Reload(context.Background()); err != nil {
		r.Add(doctor.Finding{
			Severity: doctor.Fault, Code: kind + "-unusable", Where: s.file.Path, What: err.Error(), Why: "the server cannot be asked",
			Cure: "write the password into the file, on one line",
		})
		return false
	}
	return true
}

// Current returns the secret. The error says where it was looked for, and what is
// wrong there.
func (s *Source) Current(ctx context.Context) (protocol.Secret, error) {
	if s.file == nil {
		return s.value, nil
	}
	value, err := s.file.Current(ctx)
	if value == nil {
		return "", err
	}
	return *value, nil
}

func fromEnvironment(name string) (*Source, error) {
	value, err := parse([]byte(os.Getenv(name)))
	if err != nil {
		return nil, fmt.Errorf("the environment variable %q %w", name, err)
	}
	return &Source{value: *value}, nil
}

// fromCredential reads $CREDENTIALS_DIRECTORY/NAME, as systemd.exec(5) has it.
func fromCredential(name string, c Config) (*Source, error) {
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	switch {
	case dir == "":
		return nil, errors.New("systemd passes no credentials on: the unit needs LoadCredential=")
	case name == "", name != filepath.Base(name), name == "..":
		return nil, fmt.Errorf("%q is no name of a credential", name)
	}
	return fromFile(filepath.Join(dir, name), c), nil
}

func fromFile(path string, c Config) *Source {
	return &Source{file: watch.Open(watch.Config[protocol.Secret]{
		Path: path, Kind: "file with the " + c.Kind, Make: "write it there, on one line",
		Without: c.Without, Parse: parse, Log: c.Log,
	})}
}

// parse takes the end of the line off, and empty lines behind it. Its errors complete
// "the file …".
func parse(content []byte) (*protocol.Secret, error) {
	content = bytes.TrimRight(content, "\r\n")
	switch {
	case len(content) == 0:
		return nil, errors.New("is empty")
	case len(content) > maxSize:
		return nil, fmt.Errorf("holds more than %d bytes", maxSize)
	case strings.ContainsFunc(string(content), unicode.IsControl):
		return nil, errors.New("holds more than one line, or control characters")
	}
	value := protocol.Secret(content)
	return &value, nil
}
