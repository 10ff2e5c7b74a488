// Package checkup is the command doctor of all programs: it reads squid.conf and the
// helper's own options, and examines what the helper will need at run time, as the user
// that it will run as.
package checkup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"squidauth/cmd/internal/squidconf"
	"squidauth/helper/doctor"
)

// A Patient is a program that can be examined.
type Patient struct {
	Name   string // "basic"
	Scheme string // of auth_param

	// Open opens a helper with that command line, whose first word is the name that
	// it is called by. An error says why that can be no helper.
	Open func(args []string) (doctor.Examiner, Settings, error)
}

// Settings are what squid.conf must say alike.
type Settings struct {
	Concurrency, KeyExtras int
}

const description = `Without arguments the lines of squid.conf are examined, and each helper of this program
in them with its own options. With arguments, only a helper that is called with those:

   doctor
   doctor -- ncsa /etc/squid/passwd

Nothing is changed, and no login is tried. As root, a helper is examined as the user that
Squid runs it as. The exit status is 0 if no fault is found, 2 if there is one, and 1 if
there was nothing to examine.`

// patience bounds the whole examination of one helper.
const patience = 30 * time.Second

// Exit statuses.
const (
	exitTrouble = 1
	exitFault   = 2
)

// Command returns the command doctor. status is set to the exit status.
func Command(p Patient, status *int) *cli.Command {
	c := consultation{patient: p}
	return &cli.Command{
		Name:        "doctor",
		Usage:       "say what is wrong with squid.conf and with what the helper needs",
		ArgsUsage:   "[-- OPTIONS AND ARGUMENTS OF A HELPER]",
		Description: description,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "squid-conf", Destination: &c.conf, Value: "/etc/squid/squid.conf", Usage: "examine the lines of `FILE`"},
			&cli.StringFlag{Name: "squid-version", Destination: &c.version, Usage: "Squid is of `VERSION` (default: what 'squid -v' says)"},
			&cli.StringFlag{Name: "user", Destination: &c.user, Usage: "examine as `USER` (default: as root, the one of squid.conf; else who calls)"},
			&cli.StringFlag{Name: "as", Destination: &c.as, Value: p.Name, Usage: "the helper is called by `NAME`, such as that of the program whose place it takes"},
			&cli.BoolFlag{Name: "json", Destination: &c.json, Usage: "print one JSON object"},
		},
		Action: func(ctx *cli.Context) (err error) {
			*status, err = c.run(ctx.Context, ctx.Args().Slice(), os.Stdout)
			return err
		},
	}
}

type consultation struct {
	patient                 Patient
	conf, version, user, as string
	json                    bool
	report                  doctor.Report
}

func (c *consultation) run(ctx context.Context, args []string, out io.Writer) (status int, err error) {
	if len(args) > 0 {
		err = c.helper(ctx, append([]string{c.as}, args...), nil)
	} else {
		err = c.squidConf(ctx)
	}
	if err != nil {
		return exitTrouble, err
	}
	write := c.report.WriteText
	if c.json {
		write = c.report.WriteJSON
	}
	if err := write(out); err != nil {
		return exitTrouble, err
	}
	if c.report.Count(doctor.Fault) > 0 {
		return exitFault, nil
	}
	return 0, nil
}

var errNoLine = errors.New("it has no auth_param line with a helper of this program: give the helper's own options behind --")

// squidConf examines the file and the helpers of this program in it.
func (c *consultation) squidConf(ctx context.Context) error {
	conf, err := squidconf.Read(c.conf)
	if err != nil {
		return err
	}
	examineConf(conf, &c.report)
	c.examineVersion(ctx, conf)
	if c.user == "" {
		c.user = conf.Last("cache_effective_user")
	}
	found := false
	for _, s := range conf.Schemes() {
		examineProgram(s, &c.report)
		if !c.isOurs(s) {
			continue
		}
		found = true
		if err := c.helper(ctx, s.Command(), s); err != nil {
			c.report.Add(doctor.Finding{
				Severity: doctor.Fault, Code: "command-line", Where: s.Position(), What: err.Error(),
				Why: "the helper ends at once, and Squid with it", Cure: "mend the line; '" + c.patient.Name + " --help' tells more",
			})
		}
	}
	if !found && len(conf.Schemes()) == 0 {
		return fmt.Errorf("%s: %w", c.conf, errNoLine)
	}
	return nil
}

// isOurs reports whether a scheme's program is this very file, by whatever name.
func (c *consultation) isOurs(s *squidconf.Scheme) bool {
	if s.Name != c.patient.Scheme {
		return false
	}
	self, err := os.Executable()
	if err != nil {
		return false
	}
	mine, err1 := os.Stat(self)
	its, err2 := os.Stat(s.Command()[0])
	return err1 == nil && err2 == nil && os.SameFile(mine, its)
}

// helper examines a helper with that command line; s is where squid.conf starts it, nil:
// nowhere.
func (c *consultation) helper(ctx context.Context, args []string, s *squidconf.Scheme) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	name := filepath.Base(args[0])
	args = append([]string{name}, args[1:]...)
	words := copied(args) // Open writes over secrets that stand among our own arguments
	patient, settings, err := c.patient.Open(args)
	if err != nil {
		return err
	}
	if s != nil {
		compare(s, settings, &c.report)
	}
	as, err := otherUser(c.user)
	switch {
	case err != nil:
		return err
	case as != nil:
		return c.elsewhere(ctx, words, as)
	case patient != nil:
		patient.Examine(ctx, &c.report)
	}
	return nil
}

// copied returns words that share no memory with others.
func copied(words []string) (own []string) {
	for _, w := range words {
		own = append(own, strings.Clone(w))
	}
	return own
}

// elsewhere has a process of the user that Squid runs as examine a helper.
func (c *consultation) elsewhere(ctx context.Context, args []string, as *credential) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self, append([]string{"doctor", "--json", "--as", args[0], "--"}, args[1:]...)...)
	cmd.Args[0] = c.patient.Name
	cmd.WaitDelay = time.Second
	cmd.Env = environment(os.Environ(), args)
	as.set(cmd)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == exitFault) {
		return fmt.Errorf("the examination as user %s failed: %w%s", as.name, err, lastWords(exit))
	}
	var report struct{ Findings []doctor.Finding }
	if err := json.Unmarshal(out, &report); err != nil {
		return fmt.Errorf("the examination as user %s: %w", as.name, err)
	}
	c.report.Add(report.Findings...)
	return nil
}

// environment returns what a process of another user may have of our environment: what
// helpers read of it. The rest is root's, and that user could read it.
func environment(all, args []string) []string {
	own := []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	for _, word := range all {
		name, _, _ := strings.Cut(word, "=")
		isHelpers := slices.ContainsFunc([]string{"KRB5", "LDAP", "SASL_", "TMPDIR", "TZ"}, func(begin string) bool { return strings.HasPrefix(name, begin) })
		isSecret := slices.ContainsFunc(args, func(arg string) bool {
			_, named, _ := strings.Cut(arg, "env:")
			return named == name
		})
		if isHelpers || isSecret {
			own = append(own, word)
		}
	}
	return own
}

// lastWords are what a process said on standard error before it failed.
func lastWords(exit *exec.ExitError) string {
	if exit == nil || len(exit.Stderr) == 0 {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(exit.Stderr)), "\n")
	return ": " + lines[len(lines)-1]
}
