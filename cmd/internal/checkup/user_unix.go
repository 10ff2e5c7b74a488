//go:build unix

package checkup

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// credential is a user that a process can be started as.
type credential struct {
	name string
	ids  syscall.Credential
}

// otherUser returns the user of that name, with all groups; nil if the name is empty,
// or this process runs as that user, or is not root's and cannot become anybody else.
func otherUser(name string) (*credential, error) {
	if name == "" || os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return nil, fmt.Errorf("the user that Squid is to run as: %w", err)
	}
	groups, err := u.GroupIds()
	if err != nil {
		return nil, err
	}
	c := &credential{name: name}
	for _, set := range []struct {
		text string
		id   *uint32
	}{{u.Uid, &c.ids.Uid}, {u.Gid, &c.ids.Gid}} {
		id, err := strconv.ParseUint(set.text, 10, 32)
		if err != nil {
			return nil, err
		}
		*set.id = uint32(id)
	}
	for _, text := range groups {
		id, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return nil, err
		}
		c.ids.Groups = append(c.ids.Groups, uint32(id))
	}
	if c.ids.Uid == 0 {
		return nil, nil
	}
	return c, nil
}

// set has a process run as the user.
func (c *credential) set(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &c.ids}
}
