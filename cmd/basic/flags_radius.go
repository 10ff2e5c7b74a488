package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"squidauth/basic"
	"squidauth/basic/radius"
	"squidauth/helper"
	"squidauth/helper/secret"
	"squidauth/helper/watch"
	"squidauth/protocol"
)

// radiusFlags is what the flags of the backend radius say.
type radiusFlags struct {
	servers     cli.StringSlice
	port        string
	secrets     cli.StringSlice
	file        string
	fileSecret  protocol.Secret // of the file
	identifier  string
	address     string
	nasPort     int64
	portType    int64
	serviceType int64
	station     int
	wait        time.Duration
	nextAfter   time.Duration
	unsigned    bool
	annotate    cli.StringSlice
}

// notSent is the value of a number that is not to be sent.
const notSent = -1

// virtualPort is the NAS-Port-Type of what is no line (RFC 2865 section 5.41).
const virtualPort = 5

func (f *radiusFlags) flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "server", Destination: &f.servers, Usage: "ask `HOST[:PORT]`; may be given again, the best first"},
		&cli.StringFlag{Name: "port", Destination: &f.port, Value: strconv.Itoa(radius.DefaultPort), Usage: "ask at `PORT`, a number or a service, where --server has none"},
		&cli.StringSliceFlag{Name: "secret", Destination: &f.secrets, Usage: "the shared secret is in `FILE`, or in env:NAME or credential:NAME; once for all servers, or once for each"},
		&cli.StringFlag{Name: "config", Destination: &f.file, Usage: "take server, secret, identifier, port and timeout from `FILE`, in the format of basic_radius_auth"},
		&cli.StringFlag{Name: "nas-identifier", Destination: &f.identifier, Usage: "tell servers that this proxy is `NAME`"},
		&cli.StringFlag{Name: "nas-address", Destination: &f.address, Usage: "tell servers that this proxy's address is `ADDRESS` (default, without --nas-identifier: where the request comes from)"},
		&cli.Int64Flag{Name: "nas-port", Destination: &f.nasPort, Value: notSent, Usage: "send `N` as NAS-Port"},
		&cli.Int64Flag{Name: "nas-port-type", Destination: &f.portType, Value: virtualPort, Usage: "send `N` as NAS-Port-Type; -1: none"},
		&cli.Int64Flag{Name: "service-type", Destination: &f.serviceType, Value: notSent, Usage: "send `N` as Service-Type, such as 8 for Authenticate-Only"},
		&cli.IntFlag{Name: "calling-station", Destination: &f.station, Usage: "send word `N` of those that --key-extras announces as Calling-Station-Id"},
		&cli.DurationFlag{Name: "wait", Destination: &f.wait, Usage: "servers have `TIME` to answer (default: as long as --timeout lets them)"},
		&cli.DurationFlag{Name: "next-after", Destination: &f.nextAfter, Value: radius.DefaultNextAfter, Usage: "ask the next server as well when one is silent for `TIME`"},
		&cli.BoolFlag{Name: "permit-unsigned", Destination: &f.unsigned, Usage: "accept answers without Message-Authenticator from servers that never send one, which others may forge"},
		&cli.StringSliceFlag{Name: "annotate", Destination: &f.annotate, Usage: "tell Squid the `ATTRIBUTE` filter-id or class of who is accepted, as filter_id_= or class_=; may be given again"},
	}
}

func radiusCommand(c *config) *cli.Command {
	var f radiusFlags
	return &cli.Command{
		Name:  "radius",
		Usage: "have RADIUS servers check passwords",
		Flags: f.flags(),
		Action: func(ctx *cli.Context) error {
			if ctx.NArg() > 0 {
				return fmt.Errorf("radius takes no argument: %q", ctx.Args().First())
			}
			return c.serveWaiting("radius", func(opt helper.Options) (basic.Backend, error) {
				settings, err := f.settings(c, opt)
				if err != nil {
					return nil, err
				}
				return radius.New(settings)
			})
		},
	}
}

// settings checks the flags and returns what they say.
func (f *radiusFlags) settings(program *config, opt helper.Options) (radius.Config, error) {
	c := radius.Config{
		Wait: f.wait, NextAfter: f.nextAfter, PermitUnsigned: f.unsigned, Log: opt.Log,
		AnnotateFilterID: slices.Contains(f.annotate.Value(), "filter-id"),
		AnnotateClass:    slices.Contains(f.annotate.Value(), "class"),
	}
	for _, word := range f.annotate.Value() {
		if word != "filter-id" && word != "class" {
			return c, fmt.Errorf("--annotate %q is none of filter-id, class", word)
		}
	}
	if f.station < 0 || f.station > program.KeyExtras {
		return c, fmt.Errorf("--calling-station %d: --key-extras announces %d words", f.station, program.KeyExtras)
	}
	if f.station > 0 {
		c.CallingStation = func(ctx context.Context) string { return extrasWord(ctx, f.station) }
	}
	if f.wait < 0 || f.nextAfter <= 0 {
		return c, errors.New("--wait and --next-after take a time, such as 5s")
	}
	if f.file != "" {
		if err := f.readFile(); err != nil {
			return c, fmt.Errorf("the configuration file %s %w", f.file, err)
		}
	}
	var err error
	if c.NAS, err = f.nas(); err != nil {
		return c, err
	}
	c.Servers, err = f.chosen(program, opt)
	return c, err
}

// extrasWord returns a word of key_extras, the first being number 1. Squid writes "-" if
// it has none.
func extrasWord(ctx context.Context, number int) string {
	words := strings.Split(basic.Extras(ctx), " ")
	if number > len(words) || words[number-1] == "-" {
		return ""
	}
	return words[number-1]
}

// maxRadiusFile bounds the configuration file in bytes.
const maxRadiusFile = 1 << 16

// readFile puts what the configuration file says in the place of what the flags say.
func (f *radiusFlags) readFile() error {
	content, err := watch.ReadRegular(f.file, maxRadiusFile)
	if err != nil {
		return fmt.Errorf("cannot be opened: %w", err)
	}
	said, err := radius.ParseFile(content)
	if err != nil {
		return err
	}
	if said.Server != "" {
		f.servers = *cli.NewStringSlice(said.Server)
	}
	if said.Secret != "" {
		f.fileSecret = said.Secret
	}
	if said.Identifier != "" {
		f.identifier = said.Identifier
	}
	if said.Port != "" {
		f.port = cPort(said.Port)
	}
	if n := radius.LeadingNumber(said.Tries); n > 0 {
		f.wait = time.Duration(n) * time.Second
	}
	return nil
}

var (
	errNoServer     = errors.New("say which RADIUS server to ask: --server HOST")
	errNoSecret     = errors.New("say where the shared secret is: --secret FILE")
	errSecretNumber = errors.New("give --secret once, or as often as --server")
)

// chosen returns the servers with their secrets.
func (f *radiusFlags) chosen(c *config, opt helper.Options) ([]radius.Server, error) {
	port, err := radius.ParsePort(f.port)
	if err != nil {
		return nil, fmt.Errorf("--port: %w", err)
	}
	words := f.servers.Value()
	if len(words) == 0 {
		return nil, errNoServer
	}
	secrets, err := f.sources(c, opt)
	switch {
	case err != nil:
		return nil, err
	case len(secrets) == 0:
		return nil, errNoSecret
	case len(secrets) > 1 && len(secrets) != len(words):
		return nil, errSecretNumber
	}
	var servers []radius.Server
	for i, word := range words {
		s, err := radius.ParseServer(word, port)
		if err != nil {
			return nil, fmt.Errorf("--server: %w", err)
		}
		s.Secret = secrets[min(i, len(secrets)-1)]
		servers = append(servers, s)
	}
	return servers, nil
}

func (f *radiusFlags) sources(c *config, opt helper.Options) ([]*secret.Source, error) {
	if f.fileSecret != "" {
		return []*secret.Source{secret.Fixed(f.fileSecret)}, nil
	}
	var all []*secret.Source
	for _, word := range f.secrets.Value() {
		s, err := c.Secret(word, secret.Config{Kind: "secret of the RADIUS server", Log: opt.Log})
		if err != nil {
			return nil, fmt.Errorf("--secret %w", err)
		}
		all = append(all, s)
	}
	return all, nil
}

func (f *radiusFlags) nas() (n radius.NAS, err error) {
	n.Identifier = f.identifier
	if f.address != "" {
		if n.Address, err = netip.ParseAddr(f.address); err != nil {
			return n, fmt.Errorf("--nas-address %q is no address", f.address)
		}
	}
	for _, number := range []struct {
		flag  string
		value int64
		to    **uint32
	}{
		{"--nas-port", f.nasPort, &n.Port},
		{"--nas-port-type", f.portType, &n.PortType},
		{"--service-type", f.serviceType, &n.ServiceType},
	} {
		switch {
		case number.value == notSent:
		case number.value < 0 || number.value > math.MaxUint32:
			return n, fmt.Errorf("%s %d is not between 0 and %d", number.flag, number.value, uint32(math.MaxUint32))
		default:
			value := uint32(number.value)
			*number.to = &value
		}
	}
	return n, nil
}
