package db

import (
	"errors"
	"fmt"
	"strings"
)

// A Table says where users and passwords stand.
type Table struct {
	Name     string // SCHEMA.NAME is possible
	User     string // the column of names
	Password string // the column of stored passwords

	// Condition is SQL of the administrator's, which a user's row must fulfil; it
	// is taken as it is. Empty and "1" are none.
	Condition string
}

// maxIdentifier bounds a name in bytes. All databases have a limit below it.
const maxIdentifier = 256

var errCondition = errors.New("--cond holds a NUL byte")

// statement returns the query for one user in a database's SQL. The condition is put
// into parentheses, so that OR in it cannot reach the rows of others, and on a line of
// its own, so that a comment in it ends there.
func (t Table) statement(d dialect) (string, error) {
	var quoted [3]string
	for i, name := range []struct{ option, value string }{
		{"--passwdcol", t.Password}, {"--table", t.Name}, {"--usercol", t.User},
	} {
		var err error
		if quoted[i], err = d.identifier(name.value); err != nil {
			return "", fmt.Errorf("%s %q %w", name.option, name.value, err)
		}
	}
	text := fmt.Sprintf("SELECT %s FROM %s WHERE %s = %s", quoted[0], quoted[1], quoted[2], d.placeholder)
	switch {
	case strings.Contains(t.Condition, "\x00"):
		return "", errCondition
	case t.Condition != "" && t.Condition != "1":
		text += " AND (" + t.Condition + "\n)"
	}
	return text, nil
}

// A dialect is how a database writes names and parameters.
type dialect struct {
	quote       byte // never one that may also stand around a string
	foldsCase   bool // names without quotes are in lower case
	placeholder string
}

var (
	errIdentifier = errors.New("is no name: letters, digits, _, $ and - may be in it, others between quotes, and a dot between two names; for anything else make a view")
	errLongName   = fmt.Errorf("is longer than %d bytes", maxIdentifier)
)

// identifier quotes a name, or several with dots between them. Each may already stand
// between the quotes of any database.
func (d dialect) identifier(name string) (string, error) {
	if len(name) > maxIdentifier {
		return "", errLongName
	}
	var out []byte
	for first := true; first || name != ""; first = false {
		if !first {
			if name[0] != '.' {
				return "", errIdentifier
			}
			name = name[1:]
			out = append(out, '.')
		}
		part, rest, quoted := cutIdentifier(name)
		if part == "" {
			return "", errIdentifier
		}
		if d.foldsCase && !quoted {
			part = lowerASCII(part)
		}
		out = append(append(append(out, d.quote), part...), d.quote)
		name = rest
	}
	return string(out), nil
}

// closing has the sign that ends a quoted name by the one that begins it.
var closing = map[byte]string{'"': `"`, '`': "`", '[': "]"}

// cutIdentifier cuts the first name off. What is between quotes may be anything but a
// quote of any kind.
func cutIdentifier(s string) (part, rest string, quoted bool) {
	if s == "" {
		return "", "", false
	}
	if end, ok := closing[s[0]]; ok {
		part, rest, ok = strings.Cut(s[1:], end)
		if !ok || strings.ContainsAny(part, "\"`[]'\\\x00") {
			return "", "", true
		}
		return part, rest, true
	}
	n := 0
	for n < len(s) && isBare(s[n]) {
		n++
	}
	return s[:n], s[n:], false
}

func isBare(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '$' || c == '-' || c >= 0x80
}

func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
