package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"squidauth/basic/radius"
	"squidauth/cmd/internal/getopt"
	"squidauth/cmd/internal/program"
)

// What basic_radius_auth does and says without being told.
const (
	radiusTries   = 10 // a second each
	radiusService = "radius"
	radiusNASPort = 111
)

const (
	noteRadiusSecret = "-w: everybody on this machine can read the shared secret on the command line; put it into a file, and say --secret=FILE before the other options, or -f FILE"
	noteRadiusTries  = "-t wants a number of seconds that is more than 0: it is taken for 10"
)

// radiusAuth translates the command line of basic_radius_auth, which ignores what it
// does not know. Servers that are too old to sign go on working, and are warned of.
func radiusAuth(call program.Call, args []string) (program.Call, error) {
	long, rest := program.CutLong(args)
	options, _, complaints := getopt.ParseTolerant(rest, "dh:p:f:w:i:t:")
	for _, c := range complaints {
		call.Notes = append(call.Notes, c.Error()+": ignored")
	}
	common, own := splitRadius(long)
	call.Args = append(append(call.Args, "--plain-messages"), common...)
	backend := []string{
		"radius", "--permit-unsigned", "--port", cPort(radiusService),
		"--nas-port", strconv.Itoa(radiusNASPort), "--nas-port-type", "0",
	}
	tries, server, secret := radiusTries, "", ""
	for _, o := range options {
		switch o.Letter {
		case 'd': // which its source has, and its command line lacks
			call.Args = append(call.Args, "--debug")
		case 'h':
			server = o.Value
		case 'p':
			backend = append(backend, "--port", cPort(o.Value))
		case 'f':
			backend = append(backend, "--config", o.Value)
		case 'i':
			backend = append(backend, "--nas-identifier", o.Value)
		case 'w':
			secret = call.Secret(o.Value)
			call.Notes = append(call.Notes, noteRadiusSecret)
		case 't':
			tries = radius.LeadingNumber(o.Value)
		}
	}
	if tries < 1 {
		call.Notes = append(call.Notes, noteRadiusTries)
		tries = radiusTries
	}
	if server != "" {
		backend = append(backend, "--server", server)
	}
	if secret != "" && !slices.ContainsFunc(own, isSecretFlag) {
		backend = append(backend, "--secret", secret)
	}
	backend = append(backend, "--wait", fmt.Sprintf("%ds", tries))
	call.Args = append(append(call.Args, backend...), own...)
	return call, nil
}

// splitRadius tells the options of this program from those of the backend radius.
func splitRadius(long []string) (common, backend []string) {
	flags := new(radiusFlags).flags()
	for _, o := range long {
		name, _, _ := strings.Cut(strings.TrimPrefix(o, "--"), "=")
		isOwn := slices.ContainsFunc(flags, func(f cli.Flag) bool { return f.Names()[0] == name })
		if isOwn {
			backend = append(backend, o)
		} else {
			common = append(common, o)
		}
	}
	return common, backend
}

// cPort returns the number of a port as basic_radius_auth finds it: a service's, or the
// number that the word begins with, or the usual one.
func cPort(word string) string {
	if n, err := radius.ParsePort(word); err == nil {
		return strconv.Itoa(int(n))
	}
	if n := radius.LeadingNumber(word); n != 0 {
		return strconv.Itoa(n)
	}
	return strconv.Itoa(radius.DefaultPort)
}

func isSecretFlag(o string) bool { return strings.HasPrefix(o, "--secret=") }
