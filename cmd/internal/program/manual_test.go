package program

import (
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

func sample() *cli.App {
	return &cli.App{
		Name: "basic", Usage: "check passwords", Version: "1.0", Description: "A line.\n.and another \\ one",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "url", Usage: "ask the server at `URL`", Value: "ldap://"},
			&cli.BoolFlag{Name: "debug", Aliases: []string{"d"}, Usage: "log more"},
			&cli.BoolFlag{Name: "secret", Hidden: true},
		},
		Commands: []*cli.Command{
			{Name: "try", Usage: "log in", ArgsUsage: "[ARG…]", Flags: []cli.Flag{&cli.IntFlag{Name: "load", Usage: "`N` times"}}},
			{Name: "hidden", Hidden: true},
		},
	}
}

func TestManual(t *testing.T) {
	const want = `.TH SQUIDAUTH\-BASIC 8 "" "1.0" squidauth
.SH NAME
squidauth\-basic \- check passwords
.SH SYNOPSIS
.B basic
[options] [command] [arguments]
.SH DESCRIPTION
.nf
A line.
\&.and another \e one
.fi
.SH OPTIONS
.TP
.B \-\-url URL
ask the server at URL (default: "ldap://")
.TP
.B \-\-debug, \-d
log more
.SH COMMANDS
.SS basic try [ARG...]
log in.
.TP
.B \-\-load N
N times (default: 0)
`
	var b strings.Builder
	writeManual(&b, sample())
	if got := b.String(); !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s", got)
	}
}

func TestCompletion(t *testing.T) {
	var b strings.Builder
	writeCompletion(&b, sample())
	for _, want := range []string{`words="--url --debug -d try"`, `try) words="--load" ;;`, "complete -o default -F _squidauth_basic basic"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
}
