package child

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"squidauth/helper/doctor"
)

// endsWithin is how long a program is watched that may end by itself, because its
// options are wrong.
const endsWithin = time.Second

// Examine implements doctor.Examiner: the program is started, and watched for a while
// whether it waits for requests. It is asked nothing. Close ends it. Root starts nothing,
// since what it made could be in the way of who is to run it.
func (c *Child) Examine(ctx context.Context, r *doctor.Report) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return
	}
	path := c.config.Command[0]
	fault := func(code, what, cure string) {
		r.Add(doctor.Finding{Severity: doctor.Fault, Code: code, Where: path, What: what, Why: "nobody can log in whom this program is asked about", Cure: cure})
	}
	if c.isRoot {
		r.Add(doctor.Finding{Severity: doctor.Note, Code: "child-as-root", Where: path, What: "the program was not started, since this is root", Cure: "--user with the one that Squid runs as"})
		return
	}
	if c.now == nil {
		if f := c.start(); f != nil {
			cure := "chmod 755 " + path + ", if user " + self() + " may run it"
			if errors.Is(f.cause, fs.ErrNotExist) {
				cure = "install it, or mend the path in squid.conf"
			}
			fault("child-missing", f.cause.Error(), cure)
			return
		}
	}
	timer := time.NewTimer(endsWithin)
	defer timer.Stop()
	select {
	case <-c.now.exited:
		fault("child-ends", fmt.Sprintf("it ends at once (%s)", c.now.cmd.ProcessState), "start it by hand, as user "+self()+" and with the words of squid.conf: it says on standard error what is wrong")
		return
	case <-ctx.Done():
		return
	case <-timer.C:
	}
	if f := c.now.quiet(); f != nil {
		fault("child-talks", f.cause.Error(), "name a helper program of this scheme")
		return
	}
	r.Good("child", path, "it runs and waits for requests; what it needs itself cannot be examined")
}

func self() string {
	user, _ := doctor.Self()
	return user
}
