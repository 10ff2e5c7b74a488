//go:build unix

package e2e

import (
	"crypto/md5"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A User is a line of a password file and the password that goes with it.
type User struct {
	// Name is in lower case, as Squid makes it so before the helper sees it.
	Name     string
	Password string
	// Hash is what the file holds after the name and a colon.
	Hash string
}

// MD5User returns a user whose hash is the plain MD5 sum in hex.
func MD5User(name, password string) User {
	sum := md5.Sum([]byte(password))
	return User{name, password, hex.EncodeToString(sum[:])}
}

// SHAUser returns a user whose hash is {SHA}, as "htpasswd -s" writes it.
func SHAUser(name, password string) User {
	sum := sha1.Sum([]byte(password))
	return User{name, password, "{SHA}" + base64.StdEncoding.EncodeToString(sum[:])}
}

// BcryptUser returns a user whose hash htpasswd made with bcrypt: a slow hash,
// which keeps a request in the helper for a while. Twice the time for every
// step of cost; 10 takes some 50 to 80 ms.
func BcryptUser(t testing.TB, name, password string, cost int) User {
	t.Helper()
	cmd := exec.Command(Need(t, "htpasswd"), "-niB", "-C", strconv.Itoa(cost), "x")
	cmd.Stdin = strings.NewReader(password)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("htpasswd: %v", err)
	}
	_, hash, _ := strings.Cut(strings.TrimSpace(string(out)), ":")
	return User{name, password, hash}
}

// PasswordFile writes the users to a new password file, which user proxy can
// read, and returns its path.
func PasswordFile(t testing.TB, users []User) string {
	t.Helper()
	path := filepath.Join(Dir(t), "passwd")
	WritePasswords(t, path, users)
	return path
}

// WritePasswords writes the users over what is in the file: it is empty for a
// moment, as with an editor or with htpasswd, which both write in place.
func WritePasswords(t testing.TB, path string, users []User) {
	t.Helper()
	var file strings.Builder
	for _, u := range users {
		file.WriteString(u.Name + ":" + u.Hash + "\n")
	}
	if err := os.WriteFile(path, []byte(file.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// ReplacePasswords puts a new file with the users in the place of the old one,
// so that a reader finds the one or the other and never something in between.
func ReplacePasswords(t testing.TB, path string, users []User) {
	t.Helper()
	WritePasswords(t, path+".new", users)
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// Secrets returns the passwords of the users.
func Secrets(users []User) []string {
	var secrets []string
	for _, u := range users {
		secrets = append(secrets, u.Password)
	}
	return secrets
}
