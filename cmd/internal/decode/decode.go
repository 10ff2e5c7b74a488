// Package decode prints the tokens of NTLM and Negotiate for people: what a client, a
// server or a ticket says, without judging it.
package decode

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"squidauth/helper/watch"
	"squidauth/negotiate/kerberos"
	"squidauth/negotiate/spnego"
)

const description = `Reads tokens from standard input, one a line, as a log, Squid or an HTTP header has
them: bare, or behind words such as YR, TT or "Proxy-Authorization: Negotiate". Prints
what is in them:

   decode --keytab /etc/squid/HTTP.keytab < token

With the keytab of the service a ticket is opened, and its groups are shown. Who has a
token may be able to guess the user's password, or to log in with it: responses and
keys are not printed without --secrets, and tokens do not belong on a command line.`

// maxLine bounds a token in base64, and maxKeytab a keytab, in bytes.
const (
	maxLine   = 1 << 18
	maxKeytab = 1 << 20
)

// Command returns the command decode.
func Command() *cli.Command {
	var d decoder
	var keytab string
	return &cli.Command{
		Name:        "decode",
		Usage:       "print what is in tokens",
		ArgsUsage:   " ",
		Description: description,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "keytab", Destination: &keytab, Usage: "open tickets with the keys in `FILE`"},
			&cli.BoolFlag{Name: "secrets", Destination: &d.secrets, Usage: "print responses and keys too"},
		},
		Action: func(ctx *cli.Context) error {
			if ctx.NArg() > 0 {
				return errors.New("decode takes no argument: tokens are read from standard input")
			}
			if keytab != "" {
				content, err := watch.ReadRegular(keytab, maxKeytab)
				if err != nil {
					return err
				}
				if d.keys, err = kerberos.ParseKeytab(content); err != nil {
					return fmt.Errorf("the keytab %s: %w", keytab, err)
				}
			}
			d.now = time.Now()
			return d.all(os.Stdin, os.Stdout)
		},
	}
}

// decoder prints tokens.
type decoder struct {
	keys    *kerberos.Keyring // nil: tickets stay closed
	secrets bool
	now     time.Time
}

// all prints the tokens of all lines. What cannot be read is said in its place.
func (d *decoder) all(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		token, err := find(line)
		w := &writer{out: out}
		if err != nil {
			w.say("not a token: %v", err)
		} else {
			d.token(w, token)
		}
		if w.err != nil {
			return w.err
		}
	}
	return lines.Err()
}

var errNoToken = errors.New("no word of the line is base64 of a token")

// find returns the token of a line: its longest word that is base64, without a name=
// before it.
func find(line string) ([]byte, error) {
	var token []byte
	for word := range strings.FieldsSeq(line) {
		word = strings.Trim(word, `"',;`)
		for _, part := range []string{word, word[strings.IndexByte(word, '=')+1:]} {
			b, err := base64.StdEncoding.DecodeString(part)
			if err == nil && len(b) > len(token) {
				token = b
			}
		}
	}
	const shortest = 8
	if len(token) < shortest {
		return nil, errNoToken
	}
	return token, nil
}

// token prints a token of any kind.
func (d *decoder) token(w *writer, token []byte) {
	switch spnego.Classify(token) {
	case spnego.Initial:
		d.init(w, token)
	case spnego.Response:
		d.response(w, token)
	case spnego.Kerberos:
		d.kerberos(w, token)
	case spnego.NTLMSSP:
		d.ntlm(w, token)
	default:
		w.say("%d bytes of no known kind: %s", len(token), d.secret(token)) // they may be a password
	}
}

// secret is a value that is shown on request only.
func (d *decoder) secret(value []byte) string {
	switch {
	case len(value) == 0:
		return "none"
	case d.secrets:
		return hex.EncodeToString(value)
	}
	return fmt.Sprintf("*** (%d bytes)", len(value))
}
