package netlogon

import "strings"

// lockName returns the name of the file by which processes that use an account at
// a domain controller know one another. Whatever could lead out of a folder is
// replaced; should two names become one, that costs a little time.
func lockName(account, controller string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '-', r == '.':
			return r
		}
		return '_'
	}, account+"@"+controller)
	const suffix, longest = ".lock", 200
	return "netlogon-" + name[:min(len(name), longest)] + suffix
}
