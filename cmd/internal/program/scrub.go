package program

import (
	"os"
	"strconv"
	"strings"

	"squidauth/helper/secret"
	"squidauth/protocol"
)

// Programs that ours replace take secrets on the command line, where everybody on the
// machine can read them (ps, /proc/PID/cmdline). Who translates such a command line
// takes them off it and passes a word on that stands for the secret:
//
//	func ldapAuth(own program.Call, args []string) (program.Call, error) {
//		…
//		case 'w':
//			own.Args = append(own.Args, "--bind-password", own.Secret(o.Value))
//			own.Notes = append(own.Notes, "everybody on this machine can read -w: …")
//
// The option it goes to is the one that otherwise takes FILE, env:NAME or
// credential:NAME, and its command opens what it got with Common.Secret in place of
// secret.Open:
//
//	source, err := c.Secret(bindPassword, secret.Config{…})
//
// The secret itself is then in no argument, so no error about arguments can quote it.

// argv is where the words of the command line were when the process began. On Unix
// the strings lie in the memory that the system shows to others.
var argv = append([]string(nil), os.Args...)

// Scrub returns a copy of value, which is a word of the command line or a piece cut out
// of one, and writes x over the original: in what others see of this process, and in
// every string that shares its memory, such as the rest of os.Args. A value that was
// put together from pieces is found nowhere, and only copied.
//
// Between the start of the process and the call everybody can read the value. Windows
// shows command lines to the same user and to administrators only, and Scrub leaves
// them alone. FreeBSD keeps a copy of its own of short command lines; there
// security.bsd.see_other_uids=0 hides them.
func Scrub(value string) protocol.Secret {
	kept := protocol.Secret(strings.Clone(value))
	overwrite(argv, value)
	return kept
}

// given begins the words that stand for secrets. The number of the secret follows.
const given = "given:"

// Secret scrubs a secret off the command line and returns the word that stands for it
// in Args. Common.Secret knows what it stands for.
func (c *Call) Secret(value string) string {
	c.secrets = append(c.secrets, Scrub(value))
	return given + strconv.Itoa(len(c.secrets))
}

// Adopt takes the secrets of the command line over. It is called before the flags are
// used.
func (c *Common) Adopt(call Call) { c.secrets = call.secrets }

// Secret returns the source of a secret that a word names, as secret.Open does, or that
// the word of a translated command line stands for.
func (c *Common) Secret(word string, conf secret.Config) (*secret.Source, error) {
	if number, ok := strings.CutPrefix(word, given); ok {
		if n, err := strconv.Atoi(number); err == nil && 1 <= n && n <= len(c.secrets) {
			return secret.Fixed(c.secrets[n-1]), nil
		}
	}
	return secret.Open(word, conf)
}
