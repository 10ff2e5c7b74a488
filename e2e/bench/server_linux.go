package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"squidauth/e2e"
)

// serve starts the case's server on any CPUs, and returns its address and what ends it.
func (b *bench) serve(s *server) (address string, stop func(), err error) {
	if s == nil {
		return "", func() {}, nil
	}
	if err := bind(b.launcher.cpus.all); err != nil {
		return "", nil, err
	}
	dir, err := os.MkdirTemp(b.dir, "slapd")
	if err != nil {
		return "", nil, err
	}
	slapd, err := e2e.NewSlapd(dir, e2e.SlapdConfig{Quiet: true})
	if err != nil {
		return "", nil, err
	}
	if s.delay == 0 {
		return slapd.Address(), slapd.Close, nil
	}
	address, closeRelay, err := startRelay(slapd.Address(), s.delay)
	if err != nil {
		slapd.Close()
		return "", nil, err
	}
	return address, func() { closeRelay(); slapd.Close() }, nil
}

// relayServer has the driver play a relay, in a process of its own, since measuring never yields. It ends with its input.
const relayServer = "relay-server"

func startRelay(target string, delay time.Duration) (address string, stop func(), err error) {
	cmd := exec.Command("/proc/self/exe", relayServer, target, delay.String())
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		in.Close()
		_ = cmd.Wait() // how it ends is its affair
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("relay: %w", err)
	}
	return strings.TrimSpace(line), stop, nil
}

func relay(args []string) {
	delay, err := time.ParseDuration(args[1])
	if err != nil {
		complain(err)
		return
	}
	r, err := e2e.NewRelay(args[0], delay)
	if err != nil {
		complain(err)
		return
	}
	fmt.Println(r.Address())
	_, _ = io.Copy(io.Discard, os.Stdin) // until the driver is gone
}
