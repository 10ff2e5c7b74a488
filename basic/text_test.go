package basic

import "testing"

func TestText(t *testing.T) {
	for sent, want := range map[string]string{
		"":                     "",
		"plain":                "plain",
		"Grüße €":              "Grüße €",
		"Gr\xfc\xdfe":          "Grüße",
		"\x80 \x9f \x81":       "€ Ÿ \u0081",
		"Gr\u00fc\xdf":         "GrÃ¼ß", // neither the one nor the other
		"\xff\xfe":             "ÿþ",
		"\U0001f600 and \x00 ": "\U0001f600 and \x00 ",
	} {
		if got := Text(sent); got != want {
			t.Errorf("%q: got %q, want %q", sent, got, want)
		}
	}
}
