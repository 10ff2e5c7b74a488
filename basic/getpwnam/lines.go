package getpwnam

import (
	"errors"
	"strconv"
	"strings"
)

// Numbers of fields in a line.
const (
	passwdFields = 7  // name, password, uid, gid, comment, home, shell: passwd(5)
	shadowFields = 9  // name, password, last change, least, most, warning, inactive, expiry, reserved: shadow(5)
	masterFields = 10 // name, password, uid, gid, class, change, expiry, comment, home, shell: master.passwd(5)
)

const day = 24 * 60 * 60

var (
	errFields = errors.New("line skipped: it has too few or too many fields")
	errName   = errors.New("line skipped: there is no user name")
	errNumber = errors.New("line skipped: a field that should be a number is none")
	errCompat = errors.New("line skipped: lines that begin with + or - bring in NIS, which 'basic nis' asks")
)

// A lineReader makes a name and an account of a line. The note is for the
// administrator; the error says why there is no account.
type lineReader func(line string) (name string, a account, note string, err error)

// passwdLine reads a line of /etc/passwd.
func passwdLine(line string) (string, account, string, error) {
	f, err := split(line, passwdFields)
	if err != nil {
		return "", account{}, "", err
	}
	if _, err := numbers(f[2:4], false); err != nil {
		return "", account{}, "", err
	}
	if f[1] == "x" {
		return f[0], account{state: elsewhere}, "", nil
	}
	a, note := stored(f[1])
	return f[0], a, note, nil
}

// shadowLine reads a line of /etc/shadow, whose times are days since 1970.
func shadowLine(line string) (string, account, string, error) {
	f, err := split(line, shadowFields)
	if err != nil {
		return "", account{}, "", err
	}
	n, err := numbers(f[2:8], true)
	if err != nil {
		return "", account{}, "", err
	}
	a, note := stored(f[1])
	a.terms = shadowTerms(n[0], n[2], n[4], n[5])
	return f[0], a, note, nil
}

// shadowTerms are those of pam_unix; none of the numbers given as -1 counts. A last
// change on day 0 is how an administrator demands one.
func shadowTerms(changed, most, inactive, expiry int64) terms {
	t := endless
	if expiry >= 0 {
		t.account = expiry * day
	}
	switch {
	case changed == 0:
		t.mustChange = 0
	case changed > 0 && most >= 0:
		t.mustChange = (changed + most + 1) * day
		if inactive >= 0 {
			t.password = (changed + most + inactive + 1) * day
		}
	}
	return t
}

// masterLine reads a line of master.passwd, whose times are in seconds; 0 is never.
func masterLine(line string) (string, account, string, error) {
	f, err := split(line, masterFields)
	if err != nil {
		return "", account{}, "", err
	}
	if _, err := numbers(f[2:4], false); err != nil {
		return "", account{}, "", err
	}
	n, err := numbers(f[5:7], true)
	if err != nil {
		return "", account{}, "", err
	}
	a, note := stored(f[1])
	a.terms = endless
	if n[0] > 0 {
		a.terms.mustChange = n[0]
	}
	if n[1] > 0 {
		a.terms.account = n[1]
	}
	return f[0], a, note, nil
}

// split cuts a line into exactly n fields: of a line that was cut off its end an
// account would come to life again that had expired.
func split(line string, n int) ([]string, error) {
	if line[0] == '+' || line[0] == '-' {
		return nil, errCompat
	}
	fields := strings.Split(line, ":")
	switch {
	case len(fields) != n:
		return nil, errFields
	case fields[0] == "":
		return nil, errName
	}
	return fields, nil
}

// numbers reads decimal numbers. An empty field, where that may be, is -1. So is a
// negative one, which usermod writes for "never". The bound keeps sums within 64 bits.
func numbers(fields []string, mayBeEmpty bool) ([]int64, error) {
	list := make([]int64, len(fields))
	for i, f := range fields {
		n, err := strconv.ParseInt(f, 10, 64)
		switch {
		case f == "" && mayBeEmpty:
			n = -1
		case err != nil || n >= 1<<40 || n < 0 && !mayBeEmpty:
			return nil, errNumber
		}
		list[i] = max(n, -1)
	}
	return list, nil
}
