package hashes

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"squidauth/ntlm/ntlmssp"
)

// Bounds of what can be added: Windows takes no longer ones.
const (
	maxUser     = 256 // characters
	maxPassword = 256
)

// Why a change is not made.
var (
	ErrNoSuchUser = errors.New("there is no such user in the file")

	errSamba    = errors.New("the file is Samba's: change it with smbpasswd or pdbedit")
	errUser     = errors.New(`a user name has 1 to 256 characters, no colon, no control characters, no backslash, and does not begin with "#" or a blank`)
	errGuest    = errors.New("guest never may log in")
	errPassword = errors.New("a password has 1 to 256 characters, in UTF-8")
)

// Set gives a user a password, in the file at path, which is created if it does not
// exist. Helpers see the old file or the new one, never anything in between.
func Set(path, user, password string) (created bool, err error) {
	if err := checkUser(user); err != nil {
		return false, err
	}
	if n := utf8.RuneCountInString(password); n < 1 || n > maxPassword || !utf8.ValidString(password) {
		return false, errPassword
	}
	hash := ntlmssp.NTOWFv1(password)
	digits := strings.ToUpper(hex.EncodeToString(hash[:]))
	return rewrite(path, func(content string) (string, error) { return setLine(content, user, digits) })
}

// Remove takes a user out of the file.
func Remove(path, user string) error {
	_, err := rewrite(path, func(content string) (string, error) { return removeLine(content, user) })
	return err
}

func checkUser(user string) error {
	switch n := utf8.RuneCountInString(user); {
	case n < 1, n > maxUser, !utf8.ValidString(user), isComment(user),
		strings.ContainsAny(user, `:\`), strings.ContainsFunc(user, unicode.IsControl):
		return errUser
	case strings.EqualFold(user, "guest"):
		return errGuest
	}
	return nil
}

// setLine changes the hash of the user's line, and nothing behind it, or appends
// one. Further lines of the user are dropped.
func setLine(content, user, digits string) (string, error) {
	out, rest, err := withoutUser(content, user)
	if err != nil {
		return "", err
	}
	if content != "" && !strings.HasSuffix(content, "\n") {
		out += "\n"
	}
	return out + user + ":" + digits + rest + "\n", nil
}

// removeLine leaves a comment in place of the last user: the helpers take an empty
// file for an accident, and go on with the old one.
func removeLine(content, user string) (string, error) {
	out, _, err := withoutUser(content, user)
	switch {
	case err != nil:
		return "", err
	case out == content:
		return "", ErrNoSuchUser
	case strings.TrimSpace(out) == "":
		out = "# no users\n"
	}
	if _, err := parse([]byte(out)); err != nil {
		return "", fmt.Errorf("nothing was changed, as without that user the file %w", err)
	}
	return out, nil
}

// withoutUser returns the other lines, and what the last line of the user has behind
// the hash.
func withoutUser(content, user string) (others, rest string, err error) {
	var out strings.Builder
	for line := range strings.Lines(content) {
		text := strings.TrimRight(strings.TrimPrefix(line, byteOrderMark), "\r\n")
		if isComment(text) {
			out.WriteString(line)
			continue
		}
		a, kind, err := parseLine(text)
		switch {
		case kind == sambaForm:
			return "", "", errSamba
		case err != nil || ntlmssp.Upper(a.name) != ntlmssp.Upper(user):
			out.WriteString(line)
		default:
			rest = text[len(a.name)+1+hex.EncodedLen(len(a.hash)):]
		}
	}
	return out.String(), rest, nil
}
