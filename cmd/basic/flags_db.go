package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"squidauth/basic"
	"squidauth/basic/db"
	"squidauth/cmd/internal/program"
	"squidauth/helper"
	"squidauth/helper/secret"
)

// maxDBConnections is more than any server likes to have from one helper.
const maxDBConnections = 1000

// What --cond is where it is not given.
const (
	dbCondition       = "enabled = 1"
	dbConditionJoomla = "block = 0"
)

// dbFlags is what the flags of the backend db say.
type dbFlags struct {
	dsn, user, password string // password: where it is
	tls, ca             string
	table               db.Table
	condition           string
	forms               db.Forms
	connections         int
}

func (f *dbFlags) flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "dsn", Destination: &f.dsn, Usage: "ask the database `DSN`: postgres://, mysql://, sqlite:PATH, or as Perl's DBI has it"},
		&cli.StringFlag{Name: "user", Destination: &f.user, Usage: "log in to the database's server as `NAME`"},
		&cli.StringFlag{Name: "password-file", Destination: &f.password, Usage: "log in with the password in `FILE`, or in env:NAME or credential:NAME"},
		&cli.StringFlag{Name: "tls", Destination: &f.tls, Usage: "`MODE` of connections to servers: off, prefer, verify (default: as the DSN says; verify with --ca; else prefer)"},
		&cli.StringFlag{Name: "ca", Destination: &f.ca, Usage: "`FILE` with the CA of servers, in PEM (default: the system's)"},
		&cli.IntFlag{Name: "connections", Destination: &f.connections, Value: db.DefaultConnections, Usage: "have at most `N` connections"},
		&cli.StringFlag{Name: "table", Destination: &f.table.Name, Value: "passwd", Usage: "look into table `NAME`"},
		&cli.StringFlag{Name: "usercol", Destination: &f.table.User, Value: "user", Usage: "find users in column `NAME`"},
		&cli.StringFlag{Name: "passwdcol", Destination: &f.table.Password, Value: "password", Usage: "find stored passwords in column `NAME`"},
		&cli.StringFlag{Name: "cond", Destination: &f.condition, DefaultText: dbCondition + ", with --joomla " + dbConditionJoomla, Usage: "let in only those for whom the condition `SQL` holds; 1: everybody"},
		&cli.BoolFlag{Name: "plaintext", Destination: &f.forms.Plaintext, Usage: "a stored password may be the password itself"},
		&cli.BoolFlag{Name: "md5", Destination: &f.forms.MD5, Usage: "a stored password may be an MD5 sum in hexadecimal"},
		&cli.BoolFlag{Name: "sha1", Destination: &f.forms.SHA1, Usage: "a stored password may be a SHA-1 sum in hexadecimal"},
		&cli.BoolFlag{Name: "joomla", Destination: &f.forms.Joomla, Usage: "stored passwords are those of Joomla: an MD5 sum, a colon, a salt; or bcrypt"},
	}
}

func dbCommand(c *config) *cli.Command {
	var f dbFlags
	return &cli.Command{
		Name:      "db",
		Usage:     "check passwords against a table of PostgreSQL, MySQL, MariaDB or SQLite",
		ArgsUsage: " ",
		Flags:     f.flags(),
		Action: func(ctx *cli.Context) error {
			if err := f.check(ctx); err != nil {
				return err
			}
			if err := c.needDB(); err != nil {
				return err
			}
			return c.serve("db", func(opt helper.Options) (basic.Backend, error) {
				settings, err := f.settings(c, opt)
				if err != nil {
					return nil, err
				}
				return db.Open(settings)
			})
		},
	}
}

// check completes what the flags say, and says what is wrong with it.
func (f *dbFlags) check(ctx *cli.Context) error {
	switch {
	case ctx.NArg() > 0:
		return fmt.Errorf("db takes no argument: %.40q", ctx.Args().First())
	case f.connections < 1 || f.connections > maxDBConnections:
		return fmt.Errorf("--connections %d is not between 1 and %d", f.connections, maxDBConnections)
	}
	if err := notEmpty(ctx, "tls", "ca"); err != nil {
		return err
	}
	switch {
	case ctx.IsSet("cond"):
		f.table.Condition = f.condition
	case f.forms.Joomla:
		f.table.Condition = dbConditionJoomla
	default:
		f.table.Condition = dbCondition
	}
	return nil
}

// settings returns what the flags say to db.Open.
func (f *dbFlags) settings(c *config, opt helper.Options) (db.Options, error) {
	o := db.Options{
		DSN: f.dsn, User: f.user, CA: f.ca, Table: f.table, Forms: f.forms, Connections: f.connections, Log: opt.Log,
	}
	if passwords := db.PasswordsIn(f.dsn); len(passwords) > 0 {
		o.DSN = strings.Clone(f.dsn)
		for _, p := range passwords {
			program.Scrub(p)
		}
	}
	var err error
	if f.password != "" {
		o.Password, err = c.Secret(f.password, secret.Config{Kind: "password for the database", Without: "nobody can log in", Log: opt.Log})
		if err != nil {
			return o, fmt.Errorf("--password-file %w", err)
		}
	}
	if f.tls != "" {
		if o.TLS, err = db.ParseTLSMode(f.tls); err != nil {
			return o, fmt.Errorf("--tls %q %w", f.tls, err)
		}
	}
	return o, nil
}

// dbProgram is this program built with the drivers of databases, which would cost every
// process of every other backend half a megabyte of memory.
const dbProgram = "basic-db"

// becameDB is set in the environment of what this program became.
const becameDB = "SQUIDAUTH_BECAME"

var errTwoPrograms = errors.New("a chain of pam and db needs a program with both: build basic-pam without the tag nodb")

// needDB has the program with drivers that stands beside this one, if this one has none,
// take its place with the same arguments. It then returns only if that cannot be done.
// Whoever just looks at a command line needs no more than that there is such a program.
func (c *config) needDB() error {
	if db.Linked {
		return nil
	}
	path, err := program.Beside(dbProgram)
	if err != nil || c.Inspected() {
		return err
	}
	if os.Getenv(becameDB) != "" { // and would become this one for ever
		return errTwoPrograms
	}
	if err := os.Setenv(becameDB, dbProgram); err != nil {
		return err
	}
	return program.Become(path)
}
