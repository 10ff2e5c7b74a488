package dialogue

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"

	"squidauth/ntlm/ntlmssp/ntlmtest"
)

// login is the place in a line where a client's answer goes.
var login = regexp.MustCompile(`\{ntlm (\S+) ([^}]*)\}`)

// ntlmClient remembers what an NTLM client must, to log in.
type ntlmClient struct{ negotiate, challenge []byte }

// sent looks for a client's first message in what Squid sends.
func (c *ntlmClient) sent(line string) {
	words := strings.Fields(line)
	if len(words) > 0 && words[0] == "YR" {
		c.negotiate = nil
		if len(words) > 1 {
			c.negotiate, _ = base64.StdEncoding.DecodeString(words[1]) // nonsense is none
		}
	}
}

// received looks for a challenge in what the helper answers.
func (c *ntlmClient) received(line string) {
	if token, ok := strings.CutPrefix(line, "TT "); ok {
		c.challenge, _ = base64.StdEncoding.DecodeString(token)
	}
}

// fill puts the answer to the last challenge in its place.
func (c *ntlmClient) fill(line string) (string, error) {
	at := login.FindStringSubmatchIndex(line)
	if at == nil {
		return line, nil
	}
	user, password := line[at[2]:at[3]], line[at[4]:at[5]]
	client := ntlmtest.Client{User: user, Password: password, Workstation: "PC-7"}
	if domain, name, found := strings.Cut(user, `\`); found {
		client.Domain, client.User = domain, name
	}
	token, err := client.Authenticate(c.negotiate, c.challenge)
	if err != nil {
		return "", fmt.Errorf("the last challenge: %w", err)
	}
	return line[:at[0]] + base64.StdEncoding.EncodeToString(token) + line[at[1]:], nil
}
