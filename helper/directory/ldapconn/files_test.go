package ldapconn

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseSecret(t *testing.T) {
	for content, want := range map[string]string{
		"secret": "secret", "secret\n": "secret", "secret\r\n": "secret", " se cret \n": " se cret ", "pä%ss\\\"€": "pä%ss\\\"€",
		strings.Repeat("x", maxSecret): strings.Repeat("x", maxSecret),
	} {
		if s, err := parseSecret([]byte(content)); err != nil || s.text != want {
			t.Errorf("%q: %v, %v", content, s, err)
		}
	}
	for _, content := range []string{"", "\n", "\r\n", "one\ntwo\n", "secret\n\n", "\x00", "se\tcret", strings.Repeat("x", maxSecret+1)} {
		if s, err := parseSecret([]byte(content)); err == nil || s != nil || strings.Contains(err.Error(), "cret") {
			t.Errorf("%q: %v, %v", content, s, err)
		}
	}
}

func TestSecretIsNotPrinted(t *testing.T) {
	s, err := parseSecret([]byte(password))
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, value := range []any{s, *s, []Secret{*s}} {
			if text := fmt.Sprintf(verb, value); strings.Contains(text, password) {
				t.Errorf("%s of %T prints %s", verb, value, text)
			}
		}
	}
}

func TestParseCA(t *testing.T) {
	for _, content := range []string{"", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		if pool, err := parseCA([]byte(content)); err == nil || pool != nil {
			t.Errorf("%q: %v", content, pool)
		}
	}
}
