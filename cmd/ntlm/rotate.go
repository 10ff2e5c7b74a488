package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"squidauth/ntlm/machine"
)

// rotate changes a machine account's password.
type rotate struct {
	*tools
	domainFlags
	olderThan string
	reset     bool
}

const rotateDescription = `Changes the password of the machine account, as that account itself, and keeps
the one before in the secret file and its keys in the keytab. The new password is
on the disk before the domain controller knows it: whatever happens, one of the
two is right, and both are tried. Helpers read the files again by themselves.

   ntlm rotate --secret FILE --keytab FILE --ldap-ca FILE --if-older-than 30d

is for once a day. What was interrupted before is completed in any case. The realm
and the account are those of the keytab, unless they are given. If no password of
the file is right any more, --reset has an administrator set a new one: that of
--admin, or of the ticket of kinit.`

func (t *tools) rotateCommand() *cli.Command {
	r := rotate{tools: t}
	return &cli.Command{
		Name:            "rotate",
		Usage:           "change the password of this machine's account",
		ArgsUsage:       " ",
		Description:     rotateDescription,
		HideHelpCommand: true,
		Flags: append(r.flags("with --reset, log in as the administrator `USER` (default: with the ticket of kinit)"),
			&cli.StringFlag{Name: "if-older-than", Destination: &r.olderThan, Usage: "do nothing if the password is younger than `TIME`, such as 30d or 12h"},
			&cli.BoolFlag{Name: "reset", Destination: &r.reset, Usage: "set the password as an administrator, whatever it is"},
		),
		Action: r.run,
	}
}

func (r *rotate) run(ctx *cli.Context) error {
	order, err := r.order(ctx)
	if err != nil {
		return err
	}
	if r.reset {
		admin, err := r.administrator()
		if err != nil {
			return r.fail(err)
		}
		order.Admin = &admin
	}
	within, cancel := context.WithTimeout(context.Background(), machineTimeout)
	defer cancel()
	done, err := order.Run(within)
	if err != nil {
		return r.fail(err)
	}
	r.tell(order, done)
	return nil
}

// order returns what the flags say.
func (r *rotate) order(ctx *cli.Context) (*machine.Rotate, error) {
	switch {
	case ctx.NArg() > 0:
		return nil, fmt.Errorf("rotate takes no argument: %q", ctx.Args().First())
	case r.files.Secret == "":
		return nil, errors.New("rotate needs --secret FILE, and --keytab FILE if there is one")
	case r.admin != "" && !r.reset:
		return nil, errors.New("--admin goes with --reset: without, the machine changes its own password")
	case r.seal && !r.reset:
		return nil, errors.New("--ldap-seal goes with --reset: the machine itself logs in by password, which needs TLS")
	}
	olderThan, err := parseAge(r.olderThan)
	if err != nil {
		return nil, err
	}
	if r.realm == "" || r.account == "" {
		if err := r.nameByKeytab(); err != nil {
			return nil, err
		}
	}
	md, err := r.domain()
	return &machine.Rotate{Domain: md, Files: r.files, OlderThan: olderThan}, err
}

// nameByKeytab takes the names that were not given from the keytab.
func (r *rotate) nameByKeytab() error {
	needed := errors.New("say whose password it is: --realm REALM --account 'NAME$', or --keytab FILE with its keys")
	if r.files.Keytab == "" {
		return needed
	}
	f, err := os.Open(r.files.Keytab)
	if err != nil {
		return fmt.Errorf("--keytab: %w", err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxPEM))
	if err != nil {
		return fmt.Errorf("--keytab: %w", err)
	}
	a, ok := machine.AccountOf(content)
	if !ok {
		return needed
	}
	if r.realm == "" {
		r.realm = a.Realm
	}
	if r.account == "" {
		r.account = a.Name
	}
	return nil
}

// parseAge reads a length of time, which may be in days. Empty is none.
func parseAge(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	age, err := time.ParseDuration(text)
	if days, isDays := strings.CutSuffix(text, "d"); isDays {
		var n uint64
		n, err = strconv.ParseUint(days, 10, 16)
		age = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || age <= 0 {
		return 0, fmt.Errorf("--if-older-than %q is not a length of time, such as 30d or 12h", text)
	}
	return age, nil
}

// tell says what was done.
func (r *rotate) tell(order *machine.Rotate, done *machine.Rotation) {
	if done.Completed {
		fmt.Println("completed: an earlier change, which was interrupted")
	}
	if !done.Changed {
		fmt.Printf("unchanged: the password of %s is %v old\n", order.Domain.Account, done.Age.Round(time.Second))
		return
	}
	fmt.Printf("changed:   the password of %s, to number (kvno) %d\n", order.Domain.Account, done.Kvno)
}
