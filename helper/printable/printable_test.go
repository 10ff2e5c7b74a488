package printable

import "testing"

func TestText(t *testing.T) {
	for s, want := range map[string]string{
		"":                 "",
		"jürgen (日本)":      "jürgen (日本)",
		"a\nb\r\tc\x00":    "a?b??c?",
		"\x1b[2J":          "?[2J",
		"\xff\xfe x":       "? x",
		"\u202eevil\u200b": "?evil?",
	} {
		if got := Text(s); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}
