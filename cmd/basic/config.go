package main

import (
	"squidauth/basic"
	"squidauth/cmd/internal/program"
	"squidauth/helper"
	"squidauth/protocol"
)

// config is what the flags before the backend's name say.
type config struct {
	program.Common
	plainMessages bool
	gcPercent     int // 0: as for most backends
	processors    int // 0: all
	protection    protection

	backend []string // its name and arguments

	// collect takes a backend that is to be part of another; nil: it is to be served.
	collect func(name string, open opener)
}

// serveWaiting is serve for a backend that waits for servers, and computes next to nothing.
func (c *config) serveWaiting(name string, open opener) error {
	c.processors = 1
	return c.serve(name, open)
}

// opener opens a backend with the settings that the flags make.
type opener func(helper.Options) (basic.Backend, error)

// serve answers Squid until it closes the connection.
func (c *config) serve(name string, open opener) error {
	if c.collect != nil {
		c.collect(name, open)
		return nil
	}
	return c.answer(name, func(opt helper.Options) (*protected, error) {
		return c.protection.open(name, c.backend, open, opt)
	})
}

func (c *config) answer(name string, open func(helper.Options) (*protected, error)) error {
	opt, err := c.Options(protocol.Basic)
	if err != nil {
		return err
	}
	opt.GCPercent, opt.Processors = c.gcPercent, c.processors
	if err := c.protection.check(); err != nil {
		return err
	}
	opt.StrayID = func(line []byte) []byte { return protocol.StrayChannelID(line, c.KeyExtras) }
	p, err := open(opt)
	if err != nil {
		return err
	}
	c.Serve(&basic.Handler{
		Backend:       c.protection.remember(name, p),
		Name:          name,
		KeyExtras:     c.KeyExtras,
		PlainMessages: c.plainMessages,
	}, opt)
	return nil
}
