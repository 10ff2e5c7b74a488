//go:build unix

package e2e_test

import (
	"encoding/base64"
	"os"
	"strconv"
	"strings"
	"testing"

	"squidauth/e2e"
	"squidauth/ntlm/ntlmssp"
	"squidauth/ntlm/ntlmssp/ntlmtest"
)

// TestNCSADropIn gives the same lines to Squid's own helper and to ours, with the same
// file.
func TestNCSADropIn(t *testing.T) {
	t.Parallel()
	crypt := func(name, setting string) e2e.User { return e2e.CryptUser(t, name, name+"s-secret", setting) }
	file := e2e.PasswordFile(t, []e2e.User{
		crypt("six", "$6$rounds=1000$salt$"), crypt("five", "$5$rounds=1000$salt$"), crypt("one", "$1$salt$"), crypt("yes", "$y$j75$salt$"),
		crypt("bf", "$2b$04$abcdefghijklmnopqrstuu"), crypt("des", "ab"), e2e.CryptUser(t, "short", "secret", "ab"), crypt("bsdi", "_J9..rasm"),
		e2e.APR1User("apr", "aprs-secret", "salt"), e2e.MD5User("hex", "hexs-secret"), e2e.SHAUser("sha", "shas-secret"),
		e2e.MD5User("two words", "x y"), {Name: "plain", Hash: "plains-secret"}, {Name: "locked", Hash: "!"}, {Name: "none"},
	})
	same := []string{
		"two%20words x%20y", "plain plains-secret", "locked x", "mallory x", "none x", "none ", "short secret", "short secretx", "SIX sixs-secret", "six sixs-secret%20",
		"%73ix sixs-secret", "six", "", "six ", " sixs-secret",
	}
	for _, name := range []string{"six", "five", "one", "yes", "bf", "apr", "hex"} {
		same = append(same, name+" "+name+"s-secret", name+" x", name+" "+name+"s-secretx")
	}
	compareHelpers(t, nil, "basic_ncsa_auth", []string{file}, append(same, "des dess-secret", "des dess-sec", "des desx"), []difference{
		{"sha shas-secret", "ERR Wrong password", "OK", "it does not know {SHA}, which htpasswd -s writes"},
		{"bsdi bsdis-secret", "ERR Password too long. Only 8 characters accepted.", "OK", "it takes BSDi's hashes for DES, which knows 8 characters"},
		{"six sixs-secret\r", "ERR Wrong password", "OK", "no password ends so"},
	})
}

// TestNTLMFakeDropIn gives the same lines to Squid's own helper and to ours. Challenges
// are random.
func TestNTLMFakeDropIn(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(cFakeNTLMPath); err != nil {
		e2e.Lacking(t, "Squid's own helper is not installed: %v", err)
	}
	kk := func(domain, user string) string {
		messages := ours(domain, e2e.NTUser(user, "x"))
		challenge := ntlmssp.Challenge{Flags: ntlmtest.DefaultFlags &^ ntlmssp.NegotiateOEM, ServerChallenge: [8]byte{1, 2, 3, 4, 5, 6, 7, 8}}
		token, err := messages(challenge.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		return "KK " + base64.StdEncoding.EncodeToString(token)
	}
	const type1 = "YR TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAGAbEdAAAADw=="
	for _, options := range []string{"", "-S", "-d"} {
		theirs := e2e.StartPeer(t, e2e.PeerConfig{Command: append([]string{cFakeNTLMPath}, strings.Fields(options)...), Foreign: true})
		ours := e2e.StartPeer(t, e2e.PeerConfig{Command: append([]string{programs.As(t, "ntlm", "ntlm_fake_auth")}, strings.Fields(options)...)})
		blank := kk("Example", "two words")
		for _, line := range []string{type1, "YR", "YR AAAA", kk("EXAMPLE", "Alice"), kk("", "bob"), blank, "KK "} {
			a, b := theirs.Ask(t, line), ours.Ask(t, line)
			if line == blank { // ours quotes it: Squid takes the first word for the name otherwise
				name := strings.TrimPrefix(a, "AF ")
				a = "AF " + strconv.Quote(name)
			}
			if strings.HasPrefix(a, "TT ") && strings.HasPrefix(b, "TT ") {
				continue
			}
			if strings.TrimRight(a, " ") != strings.TrimRight(b, " ") {
				t.Errorf("%s %.20q: theirs says %q, ours %q", options, line, a, b)
			}
		}
	}
}
