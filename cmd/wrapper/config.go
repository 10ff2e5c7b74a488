package main

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/urfave/cli/v2"

	"squidauth/cmd/internal/accounts"
	"squidauth/cmd/internal/mechanism"
	"squidauth/cmd/internal/program"
	"squidauth/helper"
	"squidauth/helper/child"
	"squidauth/helper/identity"
	"squidauth/negotiate"
	"squidauth/ntlm"
	"squidauth/protocol"
)

// config is what the command line says.
type config struct {
	program.Common
	commands commands
	identity accounts.Identity // of users whom this program itself lets in
	kerberos mechanism.Kerberos
	ntlm     mechanism.NTLM

	permitUncheckedMIC bool
}

func (c *config) flags() []cli.Flag {
	c.ntlm.Prefix = "ntlm-"
	flags := append(c.kerberos.Flags(), c.ntlm.Flags()...)
	flags = append(flags, c.ntlm.ModeFlag(), &cli.BoolFlag{
		Name: "permit-unchecked-mic", Destination: &c.permitUncheckedMIC,
		Usage: "let clients in with NTLM within SPNEGO whose MIC the program of --ntlm cannot check",
	})
	return append(flags, c.identity.Flags()...)
}

// serve answers Squid until it closes the connection.
func (c *config) serve(ctx *cli.Context) error {
	if ctx.NArg() > 0 {
		return fmt.Errorf("wrapper takes no argument: %q", ctx.Args().First())
	}
	opt, err1 := c.Options(protocol.Negotiate)
	mode, err2 := c.ntlm.Mode()
	if err := errors.Join(err1, err2, c.checkUnused(ctx)); err != nil {
		return err
	}
	c.ntlm.Observe = opt.ObserveServer
	w, err := c.wrapper(ctx, mode, opt.Log)
	if err != nil {
		return err
	}
	if err := c.addChildren(w, mode, opt.Log); err != nil {
		return err
	}
	c.Serve(w, opt)
	return nil
}

// checkUnused refuses options of what another program does.
func (c *config) checkUnused(ctx *cli.Context) error {
	var unused []cli.Flag
	if c.commands.kerberos != nil {
		unused = append(unused, c.kerberos.Flags()...)
	}
	if c.commands.ntlm != nil {
		unused = append(unused, c.ntlm.Flags()...)
	}
	if c.commands.kerberos != nil && c.commands.ntlm != nil {
		unused = append(unused, c.identity.Flags()...)
	}
	if name := firstSet(ctx, unused); name != "" {
		return fmt.Errorf("--%s means nothing to the program of --kerberos or --ntlm, which needs options of its own", name)
	}
	return nil
}

// firstSet returns the name of the first flag that is given.
func firstSet(ctx *cli.Context, flags []cli.Flag) string {
	for _, f := range flags {
		if name := f.Names()[0]; ctx.IsSet(name) {
			return name
		}
	}
	return ""
}

// wrapper returns the Wrapper with the mechanisms that this program has itself.
func (c *config) wrapper(ctx *cli.Context, mode ntlm.Mode, log *slog.Logger) (*negotiate.Wrapper, error) {
	names, groups, err := c.identity.Options(log)
	if err != nil {
		return nil, err
	}
	w := &negotiate.Wrapper{PermitUncheckedMIC: c.permitUncheckedMIC, KeyExtras: c.KeyExtras, Log: log}
	if c.commands.kerberos == nil {
		if w.Kerberos, err = c.kerberos.Handler(log, names, groups, c.KeyExtras); err != nil {
			return nil, err
		}
	}
	if c.commands.ntlm != nil || mode == ntlm.Off {
		return w, nil
	}
	if !ctx.IsSet("user-form") && !ctx.IsSet("strip-realm") {
		names.Form = identity.Domain // as ntlm has it
	}
	handler, err := c.ntlm.Handler(log, names, groups, c.KeyExtras)
	switch {
	case errors.Is(err, mechanism.ErrNoSource) && firstSet(ctx, append(c.ntlm.Flags(), c.ntlm.ModeFlag())) == "":
		return w, nil // Kerberos alone is meant
	case err != nil:
		return nil, err
	}
	w.NTLM = handler
	return w, nil
}

// addChildren starts the other programs; for who just looks not yet, who may be root.
func (c *config) addChildren(w *negotiate.Wrapper, mode ntlm.Mode, log *slog.Logger) (err error) {
	if c.commands.kerberos != nil {
		if w.Kerberos, err = child.New(child.Config{Command: c.commands.kerberos, Scheme: protocol.Negotiate, Idle: c.Inspected(), Log: log}); err != nil {
			return err
		}
	}
	if c.commands.ntlm == nil || mode == ntlm.Off {
		return nil
	}
	scheme := protocol.NTLM
	if takesSPNEGO(c.commands.ntlm) {
		scheme, w.NTLMTakesSPNEGO = protocol.Negotiate, true
	}
	w.AuditNTLM = mode == ntlm.Audit
	w.NTLM, err = child.New(child.Config{Command: c.commands.ntlm, Scheme: scheme, Idle: c.Inspected(), Log: log})
	return err
}

var _ helper.Reloader = (*negotiate.Wrapper)(nil)
