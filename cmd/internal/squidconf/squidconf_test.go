package squidconf

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestSplit: what a helper gets of a line, and which lines Squid refuses, was seen with
// Squid 5.7.
func TestSplit(t *testing.T) {
	for line, want := range map[string]string{
		"":                      "",
		"  # comment":           "",
		"a b\tc":                "a|b|c",
		"a # b":                 "a",
		"a#b c":                 "a#b|c",
		`a "b c" 'd "e'`:        `a|b c|d "e`,
		`a "" b`:                "a||b",
		`a "unfinished b`:       "a|unfinished b: a quote is not closed",
		`-f "(&(uid=%s)(x=y))"`: "-f|(&(uid=%s)(x=y))",
		`-f (uid=%s)`:           "-f|(uid=%s)",
		`-f uid(x)`:             "-f|uid(x): a bracket stands in a word without quotes: put quotes around the whole word",
		`-f"x y" it's a\nb`:     `-f"x|y"|it's|a\nb`,
		`"q\"r" "t\tu" "\\"`:    "q\"r|t\tu|\\",
		`"EXAMPLE\domain" x`:    `EXAMPLEdomain|x: within quotes \d means nothing: write \\d`,
		`"a"b`:                  "a|b: something stands behind a closing quote without a blank",
		`"a"#b`:                 "a",
		`"a\`:                   `a\: a quote is not closed`,
	} {
		words, err := Split(line)
		got := strings.Join(words, "|")
		if err != nil {
			got += ": " + err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

const conf = `# a comment
auth_param negotiate program /usr/lib/squid/negotiate_kerberos_auth -s HTTP/p \
   -k /etc/squid/HTTP.keytab
auth_param negotiate children 20 startup=0 idle=1
include %s/conf.d/*.conf
auth_param Basic key_extras "%%>a %%{User-Agent}>h"
if ${process_number} = 1
cache_effective_user proxy
endif
http_access allow all`

const included = `auth_param basic program /usr/lib/squid/basic_ncsa_auth /old
auth_param basic program /usr/lib/squid/basic_ncsa_auth /etc/squid/passwd
auth_param basic children 5 concurrency=10
auth_param digest children 5
`

func write(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "conf.d"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"squid.conf": fmt.Sprintf(conf, dir), "conf.d/auth.conf": included} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRead(t *testing.T) {
	dir := write(t)
	f, err := Read(filepath.Join(dir, "squid.conf"))
	if err != nil {
		t.Fatal(err)
	}
	if f.Last("cache_effective_user") != "proxy" || !f.Conditions || f.Last("http_access") != "allow" || f.Last("nothing") != "" {
		t.Errorf("%+v", f)
	}
	schemes := f.Schemes()
	if len(schemes) != 2 || schemes[0].Name != "negotiate" || schemes[1].Name != "basic" {
		t.Fatalf("%+v", schemes)
	}
	n, b := schemes[0], schemes[1]
	if want := []string{"/usr/lib/squid/negotiate_kerberos_auth", "-s", "HTTP/p", "-k", "/etc/squid/HTTP.keytab"}; !slices.Equal(n.Command(), want) {
		t.Errorf("%q", n.Command())
	}
	if n.Position() != filepath.Join(dir, "squid.conf")+":2" || n.Max() != 20 || n.Concurrency() != 0 || n.Option("startup") != "0" || n.KeyExtras() != 0 {
		t.Errorf("%+v", n)
	}
	if b.Position() != filepath.Join(dir, "conf.d/auth.conf")+":2" || len(b.Programs) != 2 || b.Max() != 5 || b.Concurrency() != 10 || b.KeyExtras() != 2 {
		t.Errorf("%+v, %d key_extras", b, b.KeyExtras())
	}
}

// TestLines: what lines there are, as Squid 5.7 says with -k parse.
func TestLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "squid.conf")
	for content, want := range map[string]string{
		"# a folder such as C:\\\nhttp_access allow all\n": "2 http_access allow all",
		"a b\\\n# c\\\n\n \t# d\n  e\nf\n":                 "1 a be|6 f",
		"a \\\r\n  b\r\nc\r\n":                             "1 a b|3 c",
		"a \\ \nb":                                         "1 a \\|2 b",
		"a \rb\n":                                          "1 a",
		"a\nb \\\n":                                        "1 a",
		"a \\\n\\\nb\n":                                    "1 a b",
	} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range f.Directives {
			got = append(got, strings.Join(append([]string{fmt.Sprint(d.Line), d.Name}, d.Args...), " "))
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%q: %q, want %q", content, got, want)
		}
	}
}

// TestHuge: the time that a large file takes grows with its size, and not with the square of
// it, which would be minutes here.
func TestHuge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "squid.conf")
	for _, line := range []string{"a\\\n", "auth_param basic program /a\n"} {
		content := strings.Repeat(line, 2_000_000/len(line)) + "\nend\n"
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		f.Schemes()
		if last := f.Directives[len(f.Directives)-1]; !strings.HasSuffix(last.Name, "end") {
			t.Errorf("%q: the end is lost: %.20q", line, last.Name)
		}
	}
}

// TestInclude: with which lines Squid 5.7 does not start, and which files it reads.
func TestInclude(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"a.conf": "a1\n", ".b.conf": "b1\n", ".c": "c1\n", "squid.conf": "process\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "squid.conf")
	for content, want := range map[string]string{
		"include DIR/a.*":                      "a1",
		"include DIR/*.conf":                   "a1 process",
		"include DIR/.c DIR/a.conf":            "c1 a1",
		"include DIR/none.d/*.conf":            "missing 1 DIR/none.d/*.conf",
		"include DIR/a.conf DIR/none":          "a1 missing 1 DIR/none",
		"x\nif false\ninclude DIR/none\nendif": "x missing 3 DIR/none, perhaps",
		"if 1 = 1\nif 1 = 1\nendif\nelse\nx\nendif\nendif\ny\ninclude DIR/none": "x? y missing 9 DIR/none",
		"include DIR/${process_name}.conf":                                      "process macros",
	} {
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(content, "DIR", dir)), 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range f.Directives {
			got = append(got, d.Name+map[bool]string{true: "?"}[d.Conditional])
		}
		for _, d := range f.Missing {
			got = append(got, fmt.Sprint("missing ", d.Line, " ", strings.ReplaceAll(d.Args[0], dir, "DIR"))+map[bool]string{true: ", perhaps"}[d.Conditional])
		}
		if f.Macros {
			got = append(got, "macros")
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %q", content, got, want)
		}
	}
}

func TestReadTrouble(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "squid.conf")
	if _, err := Read(path); err == nil {
		t.Error("no error without a file")
	}
	if err := os.WriteFile(path, []byte("include "+path+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), "too deeply") {
		t.Errorf("a file that includes itself: %v", err)
	}
}

// FuzzSplit: no word holds what separates words but within quotes, and nothing is
// made up.
func FuzzSplit(f *testing.F) {
	f.Add(`auth_param basic program "/a b" -f '(x=%s)' # comment`)
	f.Fuzz(func(t *testing.T, line string) {
		line = strings.ToValidUTF8(line, "")
		words, err := Split(line)
		if plain := !strings.ContainsAny(line, `"'#`); plain && !slices.Equal(words, strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(blanks, r) })) {
			t.Errorf("%q: %q, %v", line, words, err)
		}
		total := 0
		for _, w := range words {
			total += len(w)
		}
		if total > len(line) {
			t.Errorf("%q: %q", line, words)
		}
	})
}
