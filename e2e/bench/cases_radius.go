package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// What the RADIUS server of the bench knows. The secret is one word, and the password one block: the C helper's
// configuration file and the server know no others.
const (
	radiusSecret   = "bench-secret"
	radiusUser     = "user" // and a number
	radiusPassword = "users-pass"
)

// radiusServer is the driver's argument when it plays that server.
const radiusServer = "radius-server"

// radiusCases compare our RADIUS backend with basic_radius_auth. Ours signs, and verifies signatures, which the C helper
// does not. A server that answers at once shows what the helpers themselves take; one across a network, what waiting for
// one login after the other costs.
func radiusCases() []testCase {
	const network = 200 * time.Microsecond
	var good, bad []request // of many users: logins that are alike at the same time are one to ours
	for i := range 64 {
		user := fmt.Sprint(radiusUser, i)
		good = append(good, request{line: user + " " + radiusPassword, code: "OK"})
		bad = append(bad, request{line: user + " users-guess", code: "ERR"})
	}
	return []testCase{
		radiusCase("at once", 0, good, ratioAtLeast(measureRate, 0.8)),
		sameCPU(radiusCase("at once, same CPU", 0, good)),
		radiusCase("at once, wrong", 0, bad),
		eightInFlight(radiusCase("at once, x8", 0, good, ratioAtLeast(measureRate, 2))),
		radiusCase("network", network, good, ratioAtLeast(measureRate, 0.8)),
		eightInFlight(radiusCase("network, x8", network, good, ratioAtLeast(measureRate, 2))),
	}
}

// eightInFlight gives ours eight requests at a time; theirs knows one.
func eightInFlight(c testCase) testCase {
	c.a.args = append([]string{"--concurrency", "8"}, c.a.args...)
	c.a.inFlight, c.pin = 8, pinNone
	return c
}

// radiusCase has one request at a time, and a server that answers after a time.
func radiusCase(name string, distance time.Duration, requests []request, targets ...target) testCase {
	return testCase{
		name:     "radius " + name,
		a:        command{from: ours, program: "basic", args: []string{"--remember-refused=0", "radius", "--config", "FILE"}},
		b:        command{from: stock, program: "basic_radius_auth", args: []string{"-f", "FILE"}},
		file:     func() []byte { return startRadius(distance) },
		requests: requests,
		pin:      pinSplit,
		targets:  targets,
	}
}

// startRadius starts the server, which lives as long as the driver does, and returns the configuration file with which
// both helpers find it.
func startRadius(distance time.Duration) []byte {
	server := exec.Command("/proc/self/exe", radiusServer, distance.String())
	server.Stderr = os.Stderr
	_, inErr := server.StdinPipe() // which ends with the driver
	out, outErr := server.StdoutPipe()
	if inErr != nil || outErr != nil || server.Start() != nil {
		return nil // the helpers will say that this is no configuration
	}
	port, _ := bufio.NewReader(out).ReadString('\n')
	return fmt.Appendf(nil, "server 127.0.0.1\nport %ssecret %s\n", port, radiusSecret)
}
