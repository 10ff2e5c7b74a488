// Package checkup is the command doctor of all programs: it reads squid.conf and the
// helper's own options, and examines what the helper will need at run time, as the user
// that it will run as.
package checkup

import (
	"cmp"
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
	// it is called by. An error says why that can be no helper. An Examiner that is an
	// io.Closer is closed after use.
	Open func(args []string) (doctor.Examiner, Settings, error)
}

// Settings are what squid.conf must say alike.
type Settings struct {
	Concurrency, KeyExtras int
	Legacy                 bool // dialect
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
			&cli.BoolFlag{Name: wordsFlag, Destination: &c.fromStdin, Hidden: true},
		},
		Action: func(ctx *cli.Context) error {
			args, err := c.words(ctx.Args().Slice())
			if err != nil {
				return err
			}
			*status, err = c.run(ctx.Context, args, os.Stdout)
			return err
		},
	}
}

type consultation struct {
	patient                 Patient
	conf, version, user, as string
	json, fromStdin         bool
	oldWords                bool // Squid knows the words of --dialect legacy only
	report                  doctor.Report
}

func (c *consultation) run(ctx context.Context, args []string, out io.Writer) (status int, err error) {
	switch {
	case c.fromStdin: // as the user that we are by now
		err = c.helper(ctx, append([]string{c.as}, args...), nil)
	case len(args) > 0:
		if c.user == "" {
			c.chooseUser(c.squidsUser(ctx))
		}
		err = c.helper(ctx, append([]string{c.as}, args...), nil)
	default:
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

var errNoLine = errors.New("it has no auth_param line of this program's scheme: give the helper's own options behind --")

// squidConf examines the file and the helpers of this program in it.
func (c *consultation) squidConf(ctx context.Context) error {
	conf, err := squidconf.Read(c.conf)
	if err != nil {
		return err
	}
	examineConf(conf, &c.report)
	banner := askSquid(ctx)
	c.examineVersion(cmp.Or(c.version, banner), conf)
	c.chooseUser(cmp.Or(conf.Last("cache_effective_user"), defaultUser(banner)))
	for _, s := range conf.Schemes() {
		examineProgram(s, &c.report)
		switch {
		case s.Name != c.patient.Scheme:
			continue
		case !isThis(s.Command()[0]):
			c.report.Add(doctor.Finding{
				Severity: doctor.Note, Code: "other-program", Where: s.Position(), What: "the program is another file than the one that examines it: its options are not examined",
				Cure: "if it is one of ours: " + own(s.Command()[0]) + " doctor --squid-conf " + c.conf,
			})
			continue
		}
		if err := c.helper(ctx, s.Command(), s); err != nil {
			c.report.Add(doctor.Finding{
				Severity: doctor.Fault, Code: "command-line", Where: s.Position(), What: err.Error(),
				Why: "the helper ends at once, and Squid with it", Cure: "mend the line; '" + c.patient.Name + " --help' tells more",
			})
		}
	}
	if !slices.ContainsFunc(conf.Schemes(), func(s *squidconf.Scheme) bool { return s.Name == c.patient.Scheme }) {
		return fmt.Errorf("%s: %w", c.conf, errNoLine)
	}
	return nil
}

// squidsUser returns the user that Squid runs helpers as that are not in squid.conf yet;
// empty: that is not known. There may be no squid.conf yet either.
func (c *consultation) squidsUser(ctx context.Context) string {
	named := ""
	if conf, err := squidconf.Read(c.conf); err == nil {
		named = conf.Last("cache_effective_user")
	}
	return cmp.Or(named, defaultUser(askSquid(ctx)))
}

// chooseUser takes the user that Squid runs as, unless another was named.
func (c *consultation) chooseUser(squids string) {
	if c.user != "" {
		return
	}
	if c.user = squids; c.user == "" && os.Geteuid() == 0 {
		c.report.Add(doctor.Finding{
			Severity: doctor.Note, Code: "squid-user", What: "as which user Squid runs is not known: files are examined as root, who can read all", Cure: "--user proxy",
		})
	}
}

// own returns the path of a program by its own name: called by the name of another program
// ours has no commands.
func own(path string) string {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		return resolved
	}
	return path
}

// isThis reports whether a program is this very file, by whatever name.
func isThis(program string) bool {
	self, err := os.Executable()
	if err != nil {
		return false
	}
	mine, err1 := os.Stat(self)
	its, err2 := os.Stat(program)
	return err1 == nil && err2 == nil && os.SameFile(mine, its)
}

// helper examines a helper with that command line; s is where squid.conf starts it, nil:
// nowhere. An error says why there can be no such helper.
func (c *consultation) helper(ctx context.Context, args []string, s *squidconf.Scheme) error {
	args = append([]string{filepath.Base(args[0])}, args[1:]...)
	words := copied(args) // Open writes over secrets that stand among our own arguments
	patient, settings, err := c.open(ctx, args)
	if err != nil || patient == nil {
		return err
	}
	if s != nil {
		compare(s, settings, &c.report)
		if c.oldWords {
			compareDialect(s, settings, &c.report)
		}
		defer c.report.Drop(func(f doctor.Finding) bool { return refuted(f, s) })
	}
	as, err := otherUser(c.user)
	if err == nil && as == nil {
		if self, _ := doctor.Self(); isAnother(c.user, self, os.Geteuid()) {
			c.report.Add(doctor.Finding{
				Severity: doctor.Warning, Code: "squid-user", Where: "user " + c.user, What: "this is user " + self + ", who cannot examine as another",
				Why: "files are found to be readable, or not, that are not so to Squid", Cure: "run it as root",
			})
		}
		if c.examine(ctx, patient) { // else who closes it would have to wait as well
			discharge(patient)
		}
		return nil
	}
	discharge(patient)
	if err == nil {
		err = c.elsewhere(ctx, words, as)
	}
	if err != nil {
		c.report.Add(doctor.Finding{
			Severity: doctor.Fault, Code: "squid-user", Where: "user " + c.user, What: err.Error(),
			Why: "what the helper needs could not be examined as the user that Squid runs it as", Cure: "cache_effective_user in squid.conf, or --user",
		})
	}
	return nil
}

// isAnother reports whether a process of the user self examines for another user, whom it
// cannot become. Without a name of either nobody can tell.
func isAnother(wanted, self string, euid int) bool {
	return euid > 0 && wanted != "" && wanted != self
}

// open opens a helper, which reads its files. The Examiner is nil where that does not end:
// that is a finding.
func (c *consultation) open(ctx context.Context, args []string) (doctor.Examiner, Settings, error) {
	type opened struct {
		patient  doctor.Examiner
		settings Settings
		err      error
	}
	done := make(chan opened, 1)
	go func() {
		patient, settings, err := c.patient.Open(args)
		done <- opened{patient, settings, err}
	}()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case o := <-done:
		return o.patient, o.settings, o.err
	case <-ctx.Done():
		c.report.Add(unfinished)
		return nil, Settings{}, nil
	}
}

// unfinished is the finding that something did not end that minds no context.
var unfinished = doctor.Finding{
	Severity: doctor.Fault, Code: "unfinished", What: fmt.Sprintf("the examination did not end within %v", patience),
	Why: "a disk hangs, and logins will too", Cure: "see whether the disks with the helper's files answer",
}

// copied returns words that share no memory with others.
func copied(words []string) (own []string) {
	for _, w := range words {
		own = append(own, strings.Clone(w))
	}
	return own
}

// discharge closes what was opened to be examined.
func discharge(patient doctor.Examiner) {
	if closer, ok := patient.(io.Closer); ok {
		_ = closer.Close() // it is not used any more
	}
}

// grace is what an examination that minds its context takes to end.
const grace = 2 * time.Second

// examine gives up waiting when the time is over: a disk that hangs minds no context. It
// reports whether the examination is over.
func (c *consultation) examine(ctx context.Context, patient doctor.Examiner) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		patient.Examine(ctx, &c.report)
	}()
	select {
	case <-done:
		return true
	case <-ctx.Done():
	}
	select {
	case <-done:
		return true
	case <-time.After(grace):
		c.report.Add(unfinished)
		return false
	}
}

// elsewhere has a process of the user that Squid runs as examine a helper. The helper's
// words go to it where others cannot see them: there may be a password among them.
func (c *consultation) elsewhere(ctx context.Context, args []string, as *credential) error {
	ctx, cancel := context.WithTimeout(ctx, patience+2*grace)
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self, "doctor", "--json", "--as", args[0], "--"+wordsFlag)
	cmd.Args[0] = c.patient.Name
	cmd.Stdin = strings.NewReader(strings.Join(args[1:], "\x00"))
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

// wordsFlag is for elsewhere.
const wordsFlag = "words-from-stdin"

// maxWords bounds a command line in bytes.
const maxWords = 1 << 20

// words are the helper's options and arguments.
func (c *consultation) words(args []string) ([]string, error) {
	if !c.fromStdin {
		return args, nil
	}
	text, err := io.ReadAll(io.LimitReader(os.Stdin, maxWords))
	if err != nil || len(text) == 0 {
		return nil, err
	}
	return strings.Split(string(text), "\x00"), nil
}

// lastWords are what a process said on standard error before it failed.
func lastWords(exit *exec.ExitError) string {
	if exit == nil || len(exit.Stderr) == 0 {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(exit.Stderr)), "\n")
	return ": " + lines[len(lines)-1]
}
