package main

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"squidauth/ntlm/fake"
	"squidauth/protocol"
)

// maxDelay is that of ntlm_fake_auth.
const maxDelay = 86400 * time.Millisecond

func (c *config) fakeCommand() *cli.Command {
	var strip bool
	var delay time.Duration
	return &cli.Command{
		Name:      "fake",
		Usage:     "believe every client who it is, to try out a squid.conf",
		ArgsUsage: " ",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "strip-domain", Destination: &strip, Usage: "report user, not DOMAIN\\user"},
			&cli.DurationFlag{Name: "delay", Destination: &delay, Usage: "wait `TIME` before each reply"},
		},
		Action: func(ctx *cli.Context) error {
			opt, err := c.Options(protocol.NTLM)
			switch {
			case err != nil:
				return err
			case ctx.NArg() > 0:
				return fmt.Errorf("fake takes no argument: %q", ctx.Args().First())
			case delay < 0 || delay > maxDelay:
				return fmt.Errorf("--delay %v is not between 0 and %v", delay, maxDelay)
			}
			opt.Log.Warn("this helper verifies nothing: every client is let in as whoever it says it is")
			c.Serve(&fake.Handler{StripDomain: strip, Delay: delay, KeyExtras: c.KeyExtras, Now: time.Now, Rand: rand.Reader}, opt)
			return nil
		},
	}
}
