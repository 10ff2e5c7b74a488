package mechanism

import (
	"fmt"
	"os"
	"strings"
	"unicode"

	"squidauth/ntlm"
)

// maxNetBIOS is the length in bytes of the longest NetBIOS name.
const maxNetBIOS = 15

// checkNetBIOS says what is wrong with the name that a flag gives, if it is given.
func checkNetBIOS(flag, name string) error {
	if len(name) > maxNetBIOS || strings.ContainsAny(name, `\/:*?"<>|. `) || strings.ContainsFunc(name, unicode.IsControl) {
		return fmt.Errorf(`%s %q is not a NetBIOS name, such as EXAMPLE: it has at most %d characters, and neither blanks nor any of \/:*?"<>|. in it`, flag, name, maxNetBIOS)
	}
	return nil
}

// target says how clients are told that this machine is called. A domain controller
// compares that with the machine account.
func (c *NTLM) target() ntlm.Target {
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	computer := c.computer
	if c.domain.machineAccount != "" {
		computer = strings.TrimSuffix(c.domain.machineAccount, "$")
	}
	return targetOf(host, computer, c.domain.Name, c.domain.Realm)
}

// targetOf completes what is configured by what the machine is called.
func targetOf(host, computer, domain, realm string) ntlm.Target {
	label, suffix, qualified := strings.Cut(strings.ToLower(host), ".")
	t := ntlm.Target{Computer: computer, Domain: strings.ToUpper(domain), DNSDomain: strings.ToLower(realm)}
	if t.Computer == "" {
		t.Computer = strings.ToUpper(label[:min(len(label), maxNetBIOS)])
	}
	if qualified {
		t.DNSComputer = label + "." + suffix
		if t.DNSDomain == "" {
			t.DNSDomain = suffix
		}
	} else if t.DNSDomain != "" && label != "" {
		t.DNSComputer = label + "." + t.DNSDomain
	}
	return t
}
