package getpwnam

import (
	"bytes"
	"errors"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"squidauth/basic/passhash"
)

// The oracle of the fuzz tests reads files as one would by hand. It need not be fast,
// nor say what is wrong with a line.

// naive returns the fields of the line that counts for a user, nil if there is none.
func naive(content, user string, fields int, sound func([]string) bool) []string {
	for _, line := range strings.Split(content, "\n") {
		line = strings.TrimLeft(line, " \t")
		f := strings.Split(line, ":")
		if f[0] == user && user != "" && len(f) == fields && len(line) <= 8192 && !strings.ContainsAny(user[:1], "#+-") && sound(f) {
			return f
		}
	}
	return nil
}

// naiveNumber returns -1 for an empty field, as for "-1".
func naiveNumber(s string) (float64, bool) {
	if s == "" {
		return -1, true
	}
	digits := strings.TrimLeft(strings.TrimPrefix(strings.TrimPrefix(s, "+"), "-"), "0")
	if strings.Trim(s[1:], "0123456789") != "" || !strings.Contains("+-0123456789", s[:1]) || len(digits) > 18 || s == "+" || s == "-" {
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil && n < 1<<40
}

func allNumbers(fields []string, orEmpty bool) bool {
	for _, f := range fields {
		if n, ok := naiveNumber(f); !ok || n < 0 && !orEmpty {
			return false
		}
	}
	return true
}

// naiveState says what a password field is.
func naiveState(field string) state {
	h, err := passhash.Parse(field)
	switch {
	case strings.HasPrefix(field, "!"), strings.HasPrefix(field, "*"):
		return locked
	case err != nil || !h.IsCrypt():
		return unusable
	}
	return hashed
}

// mustAgree compares the table with the oracle for all users of either.
func mustAgree(t *testing.T, content []byte, read lineReader, fields int, sound func([]string) bool, same func(account, []string) bool) {
	table, err := tableOf(read)(content)
	var users []string
	for _, line := range strings.Split(string(content), "\n") {
		users = append(users, strings.Split(strings.TrimLeft(line, " \t"), ":")[0])
	}
	if err != nil {
		if table != nil {
			t.Fatal("an error and a table")
		}
		if !errors.Is(err, errEmpty) && !errors.Is(err, errUnusable) {
			t.Fatal(err)
		}
		for _, user := range users {
			if naive(string(content), user, fields, sound) != nil {
				t.Fatalf("%v, but there is %q", err, user)
			}
		}
		return
	}
	for user := range table.users {
		users = append(users, user)
	}
	for _, user := range users {
		a, known := table.users[user]
		f := naive(string(content), user, fields, sound)
		if known != (f != nil) || known && !same(a, f) {
			t.Fatalf("user %q: %v %+v, by hand %q", user, known, a, f)
		}
	}
	for _, n := range table.notes.List {
		for _, field := range bytes.FieldsFunc(content, func(r rune) bool { return r == ':' || r == '\n' }) {
			if len(field) > 40 && strings.Contains(n.Text, string(field)) {
				t.Fatalf("note %q quotes a field", n.Text)
			}
		}
	}
}

func FuzzPasswd(f *testing.F) {
	f.Add([]byte(passwd("alice", "x", "bob", des, "bob", "*")))
	f.Add([]byte("# x\n\t alice::0:0::/:\n+::::::\nbob:x:-1:0:::\nbob:x:1:1:::\n"))
	f.Add([]byte("alice:x:1:1::/:\r\n:x:1:1:::\n\x00:\xff:+1:01:::"))
	f.Fuzz(func(t *testing.T, content []byte) {
		mustAgree(t, content, passwdLine, 7,
			func(f []string) bool { return f[2] != "" && f[3] != "" && allNumbers(f[2:4], false) },
			func(a account, f []string) bool {
				return f[1] == "x" && a.state == elsewhere || f[1] != "x" && a.state == naiveState(f[1])
			})
	})
}

// FuzzShadow also computes, in days, whether and why an account is over.
func FuzzShadow(f *testing.F) {
	f.Add([]byte("alice:"+des+":19000:0:99999:7:::\nbob:!::::::19000:\n"), int64(19500))
	f.Add([]byte("alice:"+des+":0:0:9:7:1:20000:\nalice:x:::::::\n"), int64(20000))
	f.Add([]byte("alice:$6$x:-1:-5:+9:07:-1:-1:\nbob::1099511627775:0:1099511627775:0:1099511627775:1099511627776:"), int64(1))
	f.Fuzz(func(t *testing.T, content []byte, today int64) {
		if today < 0 || today > 1<<20 {
			t.Skip("in the past, or after the year 4840")
		}
		mustAgree(t, content, shadowLine, 9,
			func(f []string) bool { return allNumbers(f[2:8], true) },
			func(a account, f []string) bool {
				now := today * 86400
				n := make([]float64, 9)
				for i := 2; i < 8; i++ {
					n[i], _ = naiveNumber(f[i])
				}
				age := float64(today) - n[2]
				expired := n[7] >= 0 && float64(today) >= n[7]
				must := n[2] == 0 || n[2] > 0 && n[4] >= 0 && age > n[4]
				dead := n[2] > 0 && n[4] >= 0 && n[6] >= 0 && age > n[4]+n[6]
				return a.state == naiveState(f[1]) && (now >= a.terms.account) == expired &&
					(now >= a.terms.mustChange) == must && (now >= a.terms.password) == dead
			})
	})
}

func FuzzMaster(f *testing.F) {
	f.Add([]byte("alice:"+des+":1:1:staff:0:0:A:/:/bin/sh\n"), int64(5))
	f.Add([]byte("alice:*LOCKED*"+des+":1:1::7:3:A:/:\nbob::1:1::-1::::\nbob:x:1:1::1::::\n"), int64(5))
	f.Fuzz(func(t *testing.T, content []byte, now int64) {
		if now < 0 || now > math.MaxInt64/2 {
			t.Skip("not a time")
		}
		mustAgree(t, content, masterLine, 10,
			func(f []string) bool {
				return f[2] != "" && f[3] != "" && allNumbers(f[2:4], false) && allNumbers(f[5:7], true)
			},
			func(a account, f []string) bool {
				change, _ := naiveNumber(f[5])
				expire, _ := naiveNumber(f[6])
				return a.state == naiveState(f[1]) && (now >= a.terms.mustChange) == (change > 0 && float64(now) >= change) &&
					(now >= a.terms.account) == (expire > 0 && float64(now) >= expire)
			})
	})
}

// FuzzNSSHasMore compares with regular expressions.
func FuzzNSSHasMore(f *testing.F) {
	f.Add("passwd: files [NOTFOUND=return] systemd\n")
	f.Add("passwd: [[files]] #\n passwd:sss")
	comment, action := regexp.MustCompile(`#.*`), regexp.MustCompile(`\[[^\]\n]*(\]|\n|$)`)
	database := regexp.MustCompile(`(?m)^\s*passwd\s*:(.*)$`)
	f.Fuzz(func(t *testing.T, conf string) {
		if strings.ContainsFunc(conf, func(r rune) bool { return r > '~' || r < ' ' && r != '\n' }) {
			t.Skip("blanks that a regular expression does not know")
		}
		want := false
		for _, line := range strings.Split(conf, "\n") {
			if m := database.FindStringSubmatch(comment.ReplaceAllString(line, "")); m != nil {
				for _, source := range strings.Fields(action.ReplaceAllString(m[1], " ")) {
					want = want || !slices.Contains(fileSources, source)
				}
			}
		}
		if got := NSSHasMore(conf); got != want {
			t.Fatalf("%v, by hand %v", got, want)
		}
	})
}
