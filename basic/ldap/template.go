package ldap

import (
	"fmt"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// Filter is a search filter (RFC 4515) with places for values, which are escaped as
// they are filled in. ParseFilter makes one.
type Filter struct {
	text   []string // one more than there are places
	places []byte   // their letters
}

// ParseFilter reads a filter in which % and one of the letters is a place, and %% a
// percent sign. The parentheses around it may be left out.
func ParseFilter(text, letters string) (*Filter, error) {
	text = tidy(text)
	f := &Filter{}
	var plain strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			plain.WriteByte(text[i])
			continue
		}
		i++
		switch {
		case i == len(text):
			return nil, fmt.Errorf("the filter %q ends in %%", text)
		case text[i] == '%':
			plain.WriteByte('%')
		case strings.IndexByte(letters, text[i]) >= 0:
			f.text, f.places = append(f.text, plain.String()), append(f.places, text[i])
			plain.Reset()
		default:
			return nil, fmt.Errorf("the filter %q has %%%c, which stands for nothing: a percent sign is written %%%%", text, text[i])
		}
	}
	f.text = append(f.text, plain.String())
	if len(f.places) == 0 {
		return nil, fmt.Errorf("the filter %q has no %%%c, so that it finds the same for every user", text, letters[0])
	}
	if _, err := ldap.CompileFilter(f.Fill(func(byte) string { return "x" })); err != nil {
		return nil, fmt.Errorf("the filter %q cannot be read: %w", text, err)
	}
	return f, nil
}

// Fill returns the filter with the value of each place.
func (f *Filter) Fill(value func(letter byte) string) string {
	var b strings.Builder
	for i, letter := range f.places {
		b.WriteString(f.text[i])
		b.WriteString(ldap.EscapeFilter(value(letter)))
	}
	b.WriteString(f.text[len(f.places)])
	return b.String()
}

// tidy puts parentheses around a filter that has none, and takes white space out that
// OpenLDAP's library permits: behind a parenthesis, and behind the sign for and, or,
// or not.
func tidy(text string) string {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "(") {
		text = "(" + text + ")"
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		c := text[i]
		b.WriteByte(c)
		i++
		opened := c == '(' || strings.IndexByte("&|!", c) >= 0 && strings.HasSuffix(b.String()[:b.Len()-1], "(")
		for (opened || c == ')') && i < len(text) && strings.IndexByte(" \t\r\n", text[i]) >= 0 {
			i++
		}
	}
	return b.String()
}
