package getopt

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestParseTolerant(t *testing.T) {
	const spec = "dh:p:w:"
	for _, c := range []struct{ args, want string }{
		{"-h one -p 2", "[h=one p=2] [] []"},
		{"-hone -dp2", "[h=one d= p=2] [] []"},
		{"-x -h one", "[h=one] [] [no such option: -x]"},
		{"-xdz -h one", "[d= h=one] [] [no such option: -x no such option: -z]"},
		{"-xh one", "[h=one] [] [no such option: -x]"},
		{"-d -h", "[d=] [] [option -h needs a value]"},
		{"-: -h one", "[h=one] [] [no such option: -:]"},
		{"word -d other", "[d=] [word other] []"},
		{"-d -- -h one", "[d=] [-h one] []"},
		{"--port -d", "[p=ort d=] [] [no such option: --]"},
		{"- -d", "[d=] [-] []"},
	} {
		options, operands, complaints := ParseTolerant(strings.Fields(c.args), spec)
		if got := fmt.Sprint(spell(options), operands, complaints); got != c.want {
			t.Errorf("%s: got %s, want %s", c.args, got, c.want)
		}
	}
}

func spell(options []Option) (words []string) {
	for _, o := range options {
		words = append(words, fmt.Sprintf("%c=%s", o.Letter, o.Value))
	}
	return words
}

// TestParseTolerantAgrees: where Parse has no complaint, both are the same.
func TestParseTolerantAgrees(t *testing.T) {
	for _, args := range []string{"", "-d", "-dh one", "-hone two -d -- -x", "one -p-d", "-p -d"} {
		a, b, err := Parse(strings.Fields(args), "dh:p:")
		c, d, complaints := ParseTolerant(strings.Fields(args), "dh:p:")
		if err != nil || complaints != nil || !slices.Equal(a, c) || !slices.Equal(b, d) {
			t.Errorf("%q: %v %v %v, tolerant %v %v %v", args, a, b, err, c, d, complaints)
		}
	}
}
