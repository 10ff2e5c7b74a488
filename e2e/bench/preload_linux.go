package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// bufferedInput gives a C program back the buffer of its standard input: some of Squid's helpers switch it off, and read
// each line byte by byte.
const bufferedInput = `
#include <stdio.h>

void setbuf(FILE *f, char *buf)
{
	if (f == stdin)
		setvbuf(f, NULL, _IOFBF, 1 << 16);
	else
		setvbuf(f, buf, buf ? _IOFBF : _IONBF, BUFSIZ);
}
`

// preload returns the library that the command is to be started with, or nothing.
func (b *bench) preload(c command) (string, error) {
	if !c.buffered {
		return "", nil
	}
	source, library := filepath.Join(b.dir, "buffered.c"), filepath.Join(b.dir, "buffered.so")
	if err := os.WriteFile(source, []byte(bufferedInput), 0o600); err != nil {
		return "", err
	}
	if out, err := exec.Command("cc", "-O2", "-shared", "-fPIC", "-o", library, source).CombinedOutput(); err != nil {
		return "", fmt.Errorf("a C compiler is needed: %w\n%s", err, out)
	}
	return library, nil
}
