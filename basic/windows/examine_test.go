package windows

import (
	"os"
	"testing"
	"testing/synctest"

	"squidauth/helper/doctor/doctortest"
	"squidauth/ntlm/netlogon/dctest"
)

func TestExamine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := write(t, "users", "alice\n")
		b := newBackend(t, dctest.New(), func(o *Options) { o.Allow = OpenUserList(list, silent) })
		doctortest.Want(t, "good", b, "", "", dctest.Secret)
		os.Remove(list)
		doctortest.Want(t, "no list", b, "fault user-list-missing", "one a line")
	})
}
