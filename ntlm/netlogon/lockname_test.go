package netlogon

import (
	"strings"
	"testing"
)

func TestLockName(t *testing.T) {
	for _, c := range [][3]string{
		{"PROXY$", "DC1.example.test", "netlogon-proxy__dc1.example.test.lock"},
		{"P$", "../../etc", "netlogon-p__.._.._etc.lock"},
		{"P$", "fe80::1%eth0", "netlogon-p__fe80__1_eth0.lock"},
		{"P$", strings.Repeat("x", 300), "netlogon-p__" + strings.Repeat("x", 197) + ".lock"},
	} {
		if got := lockName(c[0], c[1]); got != c[2] {
			t.Errorf("%s", got)
		}
	}
}
