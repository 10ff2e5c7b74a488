package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"golang.org/x/term"
)

// maxPasswordLine bounds what is read of a line with a password, in bytes.
const maxPasswordLine = 4096

var (
	errDiffer     = errors.New("the passwords differ: nothing was changed")
	errNoPassword = errors.New("there was no password to read")
)

// askPassword asks a person at a terminal twice, without showing what is typed. From
// anything else it reads one line.
func askPassword(in *os.File, out io.Writer) (string, error) {
	fd := int(in.Fd())
	if !term.IsTerminal(fd) {
		return readPassword(in)
	}
	defer restoreOnInterrupt(fd)()
	var answers [2]string
	for i, question := range []string{"Password: ", "Once more: "} {
		fmt.Fprint(out, question)
		b, err := term.ReadPassword(fd)
		fmt.Fprintln(out)
		if err != nil {
			return "", err
		}
		answers[i] = string(b)
	}
	if answers[0] != answers[1] {
		return "", errDiffer
	}
	return answers[0], nil
}

func readPassword(in io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(in, maxPasswordLine)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
	if line == "" {
		return "", errNoPassword
	}
	return line, nil
}

// restoreOnInterrupt gives the terminal its echo back when somebody ends the program
// at the prompt. The function that it returns ends that.
func restoreOnInterrupt(fd int) (done func()) {
	state, err := term.GetState(fd)
	if err != nil {
		return func() {}
	}
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	go func() {
		for range interrupts {
			term.Restore(fd, state)
			os.Exit(130)
		}
	}()
	return func() {
		signal.Stop(interrupts)
		close(interrupts)
	}
}
