package radius

import (
	"strings"
	"testing"
)

func TestParseFile(t *testing.T) {
	for name, c := range map[string]struct {
		content string
		want    File // zero: an error
	}{
		"manual":             {"# comment\nserver radius.example.org\nsecret xyzzy\n", File{Server: "radius.example.org", Secret: "xyzzy"}},
		"all":                {"server a\nsecret b\nidentifier c\nservice d\ntimeout 5\n", File{"a", "b", "c", "d", "5"}},
		"port is service":    {"server a\nsecret b\nservice d\nport 1645\n", File{Server: "a", Secret: "b", Port: "1645"}},
		"last one counts":    {"server a\nserver b\nsecret c\nsecret d\n", File{Server: "b", Secret: "d"}},
		"no newline":         {"server a\nsecret b", File{Server: "a", Secret: "b"}},
		"CR LF":              {"server a\r\nsecret b\r\n", File{Server: "a", Secret: "b"}},
		"blanks":             {"server \t a  more\nsecret\tb#c\n", File{Server: "a", Secret: "b#c"}},
		"no blank":           {"servera\nsecret=b\n", File{Server: "a", Secret: "=b"}},
		"prefix":             {"serverhost a\nsecret b\n", File{Server: "host", Secret: "b"}},
		"empty value stays":  {"server a\nserver\nsecret b\nsecret  \n", File{Server: "a", Secret: "b"}},
		"not in column 0":    {"server a\nsecret b\n server c\n", File{Server: "a", Secret: "b"}},
		"upper case":         {"server a\nsecret b\nSERVER c\n", File{Server: "a", Secret: "b"}},
		"number with more":   {"server a\nsecret b\ntimeout 7s\n", File{Server: "a", Secret: "b", Tries: "7"}},
		"no number":          {"server a\nsecret b\ntimeout 7\ntimeout x\n", File{Server: "a", Secret: "b", Tries: "7"}},
		"quotes are bytes":   {"server a\nsecret \"b c\"\n", File{Server: "a", Secret: `"b`}},
		"NUL ends a line":    {"server a\nsecret b\x00c d\n", File{Server: "a", Secret: "b"}},
		"long line":          {"server a\nsecret b\n#" + strings.Repeat("x", 252) + "server c\n", File{Server: "c", Secret: "b"}},
		"not so long a line": {"server a\nsecret b\n#" + strings.Repeat("x", 251) + "server c\n", File{Server: "a", Secret: "b"}},
		"no secret":          {"server a\n", File{}},
		"no server":          {"secret b\n", File{}},
		"empty":              {"", File{}},
	} {
		got, err := ParseFile([]byte(c.content))
		if got != c.want || (err == nil) != (c.want != File{}) {
			t.Errorf("%s: %q, %v, want %q", name, fields(got), err, fields(c.want))
		}
	}
}

func fields(f File) []string {
	return []string{f.Server, string(f.Secret), f.Identifier, f.Port, f.Tries}
}

func TestLeadingNumber(t *testing.T) {
	for word, want := range map[string]int{
		"": 0, "x": 0, "7": 7, "7s": 7, " 7": 7, "-3": -3, "+4": 4, "-": 0, "007": 7,
		"99999999999": 1<<31 - 1, "-99999999999": -1 << 31,
	} {
		if got := LeadingNumber(word); got != want {
			t.Errorf("%q: %d, want %d", word, got, want)
		}
	}
}

// FuzzFile compares with a reader that goes byte by byte, as fgets and sscanf do.
func FuzzFile(f *testing.F) {
	f.Add([]byte("# comment\nserver radius.example.org\nsecret xyzzy\nidentifier squid\nport 1645\ntimeout 5\n"))
	f.Add([]byte("servera\r\nsecret\vb\nservice\x00x\n" + strings.Repeat("port ", 60)))
	f.Fuzz(func(t *testing.T, content []byte) {
		got, err := ParseFile(content)
		want, ok := scanFile(content)
		if got != want || (err == nil) != ok {
			t.Fatalf("got %q, %v, want %q", fields(got), err, fields(want))
		}
		for _, word := range fields(got) {
			if strings.ContainsAny(word, fileBlank+"\x00") || len(word) > maxFileLine {
				t.Fatalf("%q", word)
			}
		}
	})
}

func scanFile(content []byte) (f File, ok bool) {
	seen := map[string]bool{}
	for at := 0; at < len(content); {
		var line string // as a string of C
		ended := false
		for n := 0; n < 253 && at < len(content); n++ {
			c := content[at]
			at++
			if c == 0 {
				ended = true
			}
			if !ended {
				line += string([]byte{c})
			}
			if c == '\n' {
				break
			}
		}
		for word, to := range map[string]*string{
			"server": &f.Server, "secret": (*string)(&f.Secret), "identifier": &f.Identifier,
			"service": &f.Port, "port": &f.Port, "timeout": &f.Tries,
		} {
			if !strings.HasPrefix(line, word) {
				continue
			}
			seen[word] = true
			i := len(word)
			for i < len(line) && isBlank(line[i]) {
				i++
			}
			begin := i
			for i < len(line) && !isBlank(line[i]) && (word != "timeout" || isDigit(line[i]) || i == begin && (line[i] == '-' || line[i] == '+')) {
				i++
			}
			if value := line[begin:i]; value != "" && (word != "timeout" || isDigit(value[len(value)-1])) {
				*to = value
			}
		}
	}
	if !seen["server"] || !seen["secret"] {
		return File{}, false
	}
	return f, true
}

func isBlank(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
