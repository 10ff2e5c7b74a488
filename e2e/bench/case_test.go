package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestCasesAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range allCases() {
		if seen[c.name] {
			t.Errorf("two cases named %q", c.name)
		}
		seen[c.name] = true
		for _, target := range c.targets {
			if !slices.Contains(c.kind.measures(), target.measure) {
				t.Errorf("%s: a target for %q, which is not measured", c.name, target.measure)
			}
		}
		if !slices.Contains([]pinning{pinNone, pinSplit, pinSame}, c.pin) {
			t.Errorf("%s: pin %q", c.name, c.pin)
		}
		if wants := strings.Contains(strings.Join(append(c.a.args, c.b.args...), " "), "FILE"); wants != (c.file != nil) {
			t.Errorf("%s: FILE among the arguments: %v, a file: %v", c.name, wants, c.file != nil)
		}
		if wants := strings.Contains(strings.Join(append(c.a.args, c.b.args...), " "), "SERVER"); wants != (c.server != nil) {
			t.Errorf("%s: SERVER among the arguments: %v, a server: %v", c.name, wants, c.server != nil)
		}
		if (c.kind == kindLoad) != (c.small != nil) {
			t.Errorf("%s: kind %d with a small file: %v", c.name, c.kind, c.small != nil)
		}
	}
}

// A driver that is blocked writing while the helper is blocked writing to it would wait for ever.
func TestRequestsFitTheSocketBuffer(t *testing.T) {
	const socketBuffer, id = 32 << 10, 20
	for _, c := range allCases() {
		if c.many != nil {
			continue // like those of other cases
		}
		longest := 0
		for _, r := range c.requests {
			longest = max(longest, len(r.line)+id)
			if r.line == "" || r.code == "" || strings.ContainsAny(r.line, "\r\n") {
				t.Errorf("%s: request %+v", c.name, r)
			}
		}
		if longest == 0 || longest*max(c.a.inFlight, c.b.inFlight, 1) > socketBuffer {
			t.Errorf("%s: %d bytes in each of %d requests in flight", c.name, longest, c.a.inFlight)
		}
	}
}

func TestArgv(t *testing.T) {
	got := ourNCSA().argv(strings.NewReplacer("FILE", "/tmp/passwd"))
	if want := []string{"(basic)", "ncsa", "/tmp/passwd"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSelectCases(t *testing.T) {
	chosen, err := selectCases(allCases(), `^floor|start$`)
	if err != nil || !slices.Equal(names(chosen), []string{"floor, split", "floor, same CPU", "floor, channel-IDs", "ncsa start", "kerberos start", "ntlm start"}) {
		t.Errorf("chose %q, %v", names(chosen), err)
	}
	for _, pattern := range []string{"no such case", "("} {
		if _, err := selectCases(allCases(), pattern); err == nil {
			t.Errorf("pattern %q: no error", pattern)
		}
	}
}

func TestManyAccounts(t *testing.T) {
	accounts := manyAccounts()
	users := map[string]bool{}
	for _, a := range accounts {
		users[a.user] = true
	}
	if len(users) != manyUsers {
		t.Errorf("%d users, want %d", len(users), manyUsers)
	}
	if lines := bytes.Count(passwordFile(accounts), []byte("\n")); lines != manyUsers {
		t.Errorf("%d lines, want %d", lines, manyUsers)
	}
}

// The C helper answers a DES password of more than 8 bytes in another way, and fields must not need escaping.
func TestAccountsArePlain(t *testing.T) {
	for _, a := range desAccounts() {
		if len(a.password) > 8 {
			t.Errorf("DES password of %s has %d bytes", a.user, len(a.password))
		}
	}
	for _, accounts := range [][]account{desAccounts(), md5hexAccounts(), md5cryptAccounts(), apr1Accounts(),
		sha256Accounts(), sha512Accounts(), bcrypt5Accounts(), bcrypt10Accounts(), yescryptAccounts()} {
		for i, r := range wrong(accounts) {
			if r.line == right(accounts)[i].line || strings.Count(r.line, " ") != 1 || strings.ContainsAny(r.line, `%"#`) {
				t.Errorf("request %q", r.line)
			}
		}
	}
}
