// Package dialogue plays written sessions between Squid and a helper. A session
// is a text; each line is a step:
//
//	-> LINE        Squid sends LINE
//	<- LINE        the helper answers exactly LINE
//	<~ REGEXP      the helper answers a line that REGEXP matches whole
//	=> LINE        Squid sends LINE again and again until the next step is met
//	cp FROM TO     the administrator replaces file TO by a copy of FROM
//	rm FILE        … removes FILE
//	chmod MODE FILE
//	signal NAME    somebody sends the helper HUP or TERM
//	exit           the helper ends by itself, with status 0
//
// In a LINE, {ntlm USER PASSWORD} stands for the message with which an NTLM client
// answers the last challenge; USER may be DOMAIN\NAME.
//
// Empty lines and lines that begin with "#" are comments. When the steps are
// through, Squid closes the connection: the helper then ends with status 0 and
// has said nothing more.
package dialogue

import (
	"fmt"
	"regexp"
	"strings"
)

// Session is a parsed session.
type Session struct{ steps []step }

type step struct {
	line int // in the text
	verb string
	arg  string
	want *regexp.Regexp // of "<-" and "<~"
}

// Parse reads a session.
func Parse(text string) (Session, error) {
	var s Session
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		st, err := parseStep(line)
		if err != nil {
			return Session{}, fmt.Errorf("line %d: %w", n, err)
		}
		st.line = n
		s.steps = append(s.steps, st)
	}
	return s, nil
}

func parseStep(line string) (step, error) {
	verb, arg, _ := strings.Cut(line, " ")
	s := step{verb: verb, arg: arg}
	var err error
	switch verb {
	case "->", "=>", "cp", "rm", "chmod", "signal", "exit":
	case "<-":
		s.want, err = regexp.Compile("^" + regexp.QuoteMeta(arg) + "$")
	case "<~":
		s.want, err = regexp.Compile("^(?:" + arg + ")$")
	default:
		err = fmt.Errorf("no such step: %q", verb)
	}
	return s, err
}
