package program

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"
)

// manualCommands print the manual page and the shell's completions, which are made of
// what --help is made of. They are for who builds packages.
func manualCommands(app *cli.App) []*cli.Command {
	stdout := func(write func(io.Writer, *cli.App)) cli.ActionFunc {
		return func(*cli.Context) error {
			out := bufio.NewWriter(os.Stdout)
			write(out, app)
			return out.Flush()
		}
	}
	return []*cli.Command{
		{Name: "manual", Hidden: true, Usage: "print the manual page", Action: stdout(writeManual)},
		{Name: "completion", Hidden: true, Usage: "print the completions for bash", Action: stdout(writeCompletion)},
	}
}

// writeManual prints a page of section 8, in the macros of man(7).
func writeManual(w io.Writer, app *cli.App) {
	fmt.Fprintf(w, ".TH SQUIDAUTH\\-%s 8 \"\" %s squidauth\n", strings.ToUpper(app.Name), quoteRoff(app.Version))
	fmt.Fprintf(w, ".SH NAME\nsquidauth\\-%s \\- %s\n", app.Name, roff(app.Usage))
	fmt.Fprintf(w, ".SH SYNOPSIS\n.B %s\n[options] [command] [arguments]\n", app.Name)
	if app.Description != "" {
		fmt.Fprintf(w, ".SH DESCRIPTION\n.nf\n%s\n.fi\n", roff(app.Description))
	}
	fmt.Fprint(w, ".SH OPTIONS\n")
	writeFlags(w, app.Flags)
	fmt.Fprint(w, ".SH COMMANDS\n")
	for _, c := range app.Commands {
		writeManualCommand(w, app.Name, c)
	}
	fmt.Fprint(w, ".SH EXIT STATUS\n0, or 1 for a command line that cannot be meant; a helper at work ends only when Squid closes its input, or by a signal.\n")
	fmt.Fprint(w, ".SH SEE ALSO\n.BR squid (8)\n")
}

func writeManualCommand(w io.Writer, parent string, c *cli.Command) {
	if c.Hidden {
		return
	}
	fmt.Fprintf(w, ".SS %s %s %s\n%s.\n", roff(parent), c.Name, roff(c.ArgsUsage), roff(c.Usage))
	if c.Description != "" {
		fmt.Fprintf(w, ".PP\n.nf\n%s\n.fi\n", roff(c.Description))
	}
	writeFlags(w, c.Flags)
	for _, sub := range c.Subcommands {
		writeManualCommand(w, parent+" "+c.Name, sub)
	}
}

func writeFlags(w io.Writer, flags []cli.Flag) {
	for _, f := range visible(flags) {
		names := f.Names()
		for i, name := range names {
			names[i] = dashes(name)
		}
		value, usage := placeholder(f.GetUsage())
		if f.TakesValue() {
			value = " " + cmp.Or(value, "VALUE")
		} else {
			value = ""
		}
		if d := f.GetDefaultText(); d != "" && f.TakesValue() {
			usage += " (default: " + d + ")"
		}
		fmt.Fprintf(w, ".TP\n.B %s%s\n%s\n", roff(strings.Join(names, ", ")), roff(value), roff(usage))
	}
}

// visible returns the flags that --help shows.
func visible(flags []cli.Flag) (list []cli.DocGenerationFlag) {
	for _, f := range flags {
		doc, ok := f.(cli.DocGenerationFlag)
		if v, can := f.(cli.VisibleFlag); ok && (!can || v.IsVisible()) {
			list = append(list, doc)
		}
	}
	return list
}

func dashes(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// placeholder takes the quotes off the word that stands for a flag's value.
func placeholder(usage string) (word, plain string) {
	before, rest, found := strings.Cut(usage, "`")
	word, after, closed := strings.Cut(rest, "`")
	if !found || !closed {
		return "", usage
	}
	return word, before + word + after
}

// roff keeps text from being taken for instructions to troff.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "…", "...").Replace(s)
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}

func quoteRoff(s string) string { return `"` + strings.ReplaceAll(roff(s), `"`, `\(dq`) + `"` }

// writeCompletion prints a function for bash that knows the options of the program, and
// those of a command once its name stands on the line.
func writeCompletion(w io.Writer, app *cli.App) {
	function := "_squidauth_" + app.Name
	fmt.Fprintf(w, "%s() {\n\tlocal words=%q word\n", function, strings.Join(words(app.Flags, app.Commands), " "))
	fmt.Fprint(w, "\tfor word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n\t\tcase $word in\n")
	for _, c := range app.Commands {
		if !c.Hidden {
			fmt.Fprintf(w, "\t\t%s) words=%q ;;\n", c.Name, strings.Join(words(c.Flags, c.Subcommands), " "))
		}
	}
	fmt.Fprint(w, "\t\tesac\n\tdone\n\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$2\")\n}\n")
	fmt.Fprintf(w, "complete -o default -F %s %s\n", function, app.Name)
}

func words(flags []cli.Flag, commands []*cli.Command) (list []string) {
	for _, f := range visible(flags) {
		for _, name := range f.Names() {
			list = append(list, dashes(name))
		}
	}
	for _, c := range commands {
		if !c.Hidden {
			list = append(list, c.Name)
		}
	}
	return list
}
