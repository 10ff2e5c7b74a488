package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"squidauth/basic"
	"squidauth/basic/sasl"
	"squidauth/cmd/internal/program"
	"squidauth/helper"
)

// saslFlags are the flags of the backend that asks saslauthd.
type saslFlags struct {
	socket, service, realm, config string
	splitRealm                     bool
	connections                    int
}

func saslCommand(c *config) *cli.Command {
	var f saslFlags
	return &cli.Command{
		Name:  "sasl",
		Usage: "have passwords checked by saslauthd",
		Flags: f.flags(),
		Action: func(ctx *cli.Context) error {
			if ctx.NArg() > 0 {
				return fmt.Errorf("sasl takes no arguments, but there is %q", ctx.Args().First())
			}
			return c.serveWaiting("sasl", f.open)
		},
	}
}

func (f *saslFlags) flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "socket", Destination: &f.socket, Usage: "`PATH` of saslauthd's socket (default: mux in its usual folders)"},
		&cli.StringFlag{Name: "service", Destination: &f.service, Value: "squid", Usage: "`NAME` of the service, which names the file in /etc/pam.d with saslauthd -a pam"},
		&cli.StringFlag{Name: "realm", Destination: &f.realm, Usage: "`NAME` of the realm of users, or with --split-realm of those that name none"},
		&cli.BoolFlag{Name: "split-realm", Destination: &f.splitRealm, Usage: "take what stands behind a name's last @ for the realm"},
		&cli.StringFlag{Name: "sasl-config", Destination: &f.config, Usage: "obey pwcheck_method and saslauthd_path in libsasl's configuration of the application `NAME`"},
		&cli.IntFlag{Name: "connections", Destination: &f.connections, Value: defaultConnections, Usage: "have `N` connections open at most"},
	}
}

func (f *saslFlags) open(opt helper.Options) (basic.Backend, error) {
	if f.connections < 1 || f.connections > maxConnections {
		return nil, fmt.Errorf("--connections %d is not between 1 and %d", f.connections, maxConnections)
	}
	o := sasl.Options{
		Socket: f.socket, Service: f.service, Realm: f.realm, SplitRealm: f.splitRealm,
		Connections: f.connections, Log: opt.Log,
	}
	if f.config != "" {
		o.Config = sasl.OpenConfig(sasl.FindConfig(f.config), opt.Log)
	}
	return sasl.New(o)
}

// saslAuth translates the command line of basic_sasl_auth, which looks at no argument.
// Its name is that of the service, and of the configuration file. Options of this
// program may stand there.
func saslAuth(call program.Call, args []string) (program.Call, error) {
	name := "basic_sasl_auth"
	if strings.Contains(call.Args[0], "squid_sasl_auth") {
		name = "squid_sasl_auth"
	}
	for len(args) > 0 && !strings.HasPrefix(args[0], "--") {
		call.Notes = append(call.Notes, fmt.Sprintf("the argument %q means nothing", args[0]))
		args = args[1:]
	}
	var f saslFlags
	common, own, _ := splitFlags(args, f.flags())
	call.Args = append(append(call.Args, "--plain-messages"), common...)
	call.Args = append(call.Args, "sasl", "--service="+name, "--sasl-config="+name, "--split-realm")
	call.Args = append(call.Args, own...)
	return call, nil
}
