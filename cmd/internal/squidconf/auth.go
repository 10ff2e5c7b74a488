package squidconf

import (
	"slices"
	"strconv"
	"strings"
)

// Scheme is what the auth_param lines of one scheme say.
type Scheme struct {
	Name     string      // "basic", "ntlm", "negotiate", "digest"
	Programs []Directive // auth_param NAME program; the last counts
	Children Directive   // the last; the zero Directive: none
	Settings map[string]Directive
}

// Command returns the helper's words: its path and its arguments.
func (s *Scheme) Command() []string { return s.Programs[len(s.Programs)-1].Args[2:] }

// Position returns where the program that counts is named.
func (s *Scheme) Position() string { return s.Programs[len(s.Programs)-1].Position() }

// Max returns the number of children; 0: squid.conf does not say.
func (s *Scheme) Max() int {
	if len(s.Children.Args) < 3 {
		return 0
	}
	n, _ := strconv.Atoi(s.Children.Args[2]) // 0 where it is no number
	return n
}

// Option returns a NAME=value of the children line; empty: it is not there. Squid 2.7 to
// 3.1 had concurrency on a line of its own.
func (s *Scheme) Option(name string) string {
	for _, word := range s.Children.Args {
		if value, found := strings.CutPrefix(word, name+"="); found {
			return value
		}
	}
	if d, found := s.Settings[name]; found && len(d.Args) > 2 {
		return d.Args[2]
	}
	return ""
}

// Concurrency returns concurrency=, 0 where there is none.
func (s *Scheme) Concurrency() int {
	n, _ := strconv.Atoi(s.Option("concurrency"))
	return n
}

// KeyExtras returns how many words key_extras adds to each request.
func (s *Scheme) KeyExtras() int {
	d, found := s.Settings["key_extras"]
	if !found || len(d.Args) < 3 {
		return 0
	}
	return len(strings.Fields(strings.Join(d.Args[2:], " ")))
}

// Schemes returns the schemes that have a program, in the order in which Squid offers
// them: that of their first lines.
func (f *File) Schemes() (list []*Scheme) {
	known := map[string]*Scheme{}
	for _, d := range f.All("auth_param") {
		if len(d.Args) < 2 {
			continue
		}
		name, setting := strings.ToLower(d.Args[0]), strings.ToLower(d.Args[1])
		s := known[name]
		if s == nil {
			s = &Scheme{Name: name, Settings: map[string]Directive{}}
			known[name] = s
			list = append(list, s)
		}
		switch {
		case setting == "program" && len(d.Args) > 2:
			s.Programs = append(s.Programs, d)
		case setting == "children":
			s.Children = d
		default:
			s.Settings[setting] = d
		}
	}
	return slices.DeleteFunc(list, func(s *Scheme) bool { return len(s.Programs) == 0 })
}
