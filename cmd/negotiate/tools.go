package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"squidauth/helper/printable"
	"squidauth/helper/watch"
	"squidauth/negotiate/kerberos/initiator"
)

// tools are the commands with which an administrator tries out a keytab. Request
// lines and findings go to standard output, all else to standard error.
type tools struct {
	keytab *string // what --keytab before the command says
	status int     // the exit status, unless the command line is impossible
}

// Exit statuses of the tools.
const (
	exitTrouble = 1 // no token could be made, or nothing found out
	exitNo      = 2 // of check: browsers cannot log in with this keytab
)

func (t *tools) commands() []*cli.Command {
	return []*cli.Command{t.mintCommand(), t.clientCommand(), t.checkCommand()}
}

// fail ends a command for a reason that is not its command line.
func (t *tools) fail(err error) error {
	say(os.Stderr, "negotiate: %v", err)
	t.status = exitTrouble
	return nil
}

// say writes a line. What names hold that were read from a file or the network
// cannot do anything to a terminal.
func say(w io.Writer, format string, args ...any) {
	fmt.Fprintln(w, printable.Text(fmt.Sprintf(format, args...)))
}

func keytabFlag(file *string) cli.Flag {
	return &cli.StringFlag{Name: "keytab", Destination: file, Usage: "`FILE` with the service's keys (default: as the helper's)"}
}

func styleFlags(s *initiator.Style) []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "raw", Destination: &s.Raw, Usage: "Kerberos without SPNEGO around it"},
		&cli.BoolFlag{Name: "mutual", Destination: &s.Mutual, Usage: "ask the helper to authenticate itself as well"},
	}
}

// maxKeytab bounds what is read of a keytab. A key takes some 100 bytes.
const maxKeytab = 1 << 20

// readKeytab reads the file, or that of the helper if there is no name.
func (t *tools) readKeytab(file *string) (content []byte, keys []initiator.ServiceKey, err error) {
	if *file == "" {
		*file = *t.keytab
	}
	content, err = watch.ReadRegular(*file, maxKeytab)
	if err != nil {
		return nil, nil, fmt.Errorf("the keytab cannot be read: %w", err)
	}
	keys, err = initiator.ParseKeytab(content)
	if err != nil {
		return nil, nil, fmt.Errorf("the keytab %s cannot be used: %w", *file, err)
	}
	return content, keys, nil
}

// maxTokens bounds the tokens of one call: some 2 KB each.
const maxTokens = 1_000_000

// count reads the number of tokens, which may be missing.
func count(arg string) (int, error) {
	if arg == "" {
		return 1, nil
	}
	n, err := strconv.Atoi(arg)
	if err != nil || n < 1 || n > maxTokens {
		return 0, fmt.Errorf("the number of tokens %q is not between 1 and %d", arg, maxTokens)
	}
	return n, nil
}

// host returns the name of a proxy as clients spell it in a principal.
func host(arg string) (string, error) {
	name := strings.ToLower(strings.TrimSuffix(arg, "."))
	if name == "" || strings.ContainsAny(name, "/@: ") {
		return "", fmt.Errorf("%q is not the name of a proxy, such as proxy.example.org", arg)
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return "", fmt.Errorf("%s is an address, and there are tickets for names only", arg)
	}
	return name, nil
}

// writeRequests writes n requests as Squid sends them.
func writeRequests(c initiator.Credential, s initiator.Style, n int) error {
	out := bufio.NewWriter(os.Stdout)
	for range n {
		token, err := c.Token(time.Now(), s)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "YR %s\n", base64.StdEncoding.EncodeToString(token))
	}
	return out.Flush()
}
