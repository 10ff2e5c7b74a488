package getpwnam

import (
	"slices"
	"strings"
)

// fileSources are the sources that say nothing of passwords that the files do not
// say: systemd and mymachines make up users that nobody logs in as.
var fileSources = []string{"files", "compat", "db", "systemd", "mymachines", "altfiles", "usrfiles"}

// NSSHasMore says whether the name service switch, by its configuration, has users who
// are not in the files: nsswitch.conf(5), "passwd: SOURCE [STATUS=ACTION] SOURCE …".
func NSSHasMore(conf string) bool {
	for line := range strings.Lines(conf) {
		line, _, _ = strings.Cut(line, "#")
		database, sources, _ := strings.Cut(line, ":")
		if strings.TrimSpace(database) != "passwd" {
			continue
		}
		for _, source := range strings.Fields(withoutActions(sources)) {
			if !slices.Contains(fileSources, source) {
				return true
			}
		}
	}
	return false
}

// withoutActions puts blanks in the place of what stands in brackets.
func withoutActions(s string) string {
	for {
		before, rest, found := strings.Cut(s, "[")
		if !found {
			return s
		}
		_, after, _ := strings.Cut(rest, "]")
		s = before + " " + after
	}
}
