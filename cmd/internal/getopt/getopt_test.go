package getopt

import (
	"fmt"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	tests := []struct{ line, want string }{
		{"", "[] []"},
		{"-d -r", "[-d= -r=] []"},
		{"-dr", "[-d= -r=] []"},
		{"-drs HTTP/x", "[-d= -r= -s=HTTP/x] []"},
		{"-sHTTP/x -i", "[-s=HTTP/x -i=] []"},
		{"-s -d", "[-s=-d] []"},
		{"a -d b -- -r", "[-d=] [a b -r]"},
		{"- -d", "[-d=] [-]"},
		{"-k=x", "[-k==x] []"},
		{"-x", "no such option: -x"},
		{"-:", "no such option: -:"},
		{"-d -s", "option -s needs a value"},
		{"-ds", "option -s needs a value"},
	}
	for _, c := range tests {
		options, operands, err := Parse(strings.Fields(c.line), "dirs:k:c:t:")
		var words []string
		for _, o := range options {
			words = append(words, fmt.Sprintf("-%c=%s", o.Letter, o.Value))
		}
		got := fmt.Sprint(words, operands)
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%q: got %s, want %s", c.line, got, c.want)
		}
	}
}
