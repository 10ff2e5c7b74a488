//go:build pam && cgo

package pam

/*
#cgo CFLAGS: -Wall -Wextra
#cgo LDFLAGS: -lpam
#include <stdlib.h>
#include <string.h>
#include <security/pam_appl.h>
#include "libpam.h"
*/
import "C"

import (
	"os"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"squidauth/protocol"
)

// Linked says whether this program has PAM.
const Linked = true

// inquire does one transaction, for as long as that takes.
func inquire(opt Options, user string, password protocol.Secret) answer {
	q := (*C.struct_inquiry)(C.calloc(1, C.sizeof_struct_inquiry))
	defer C.free(unsafe.Pointer(q))
	for _, s := range []struct {
		field **C.char
		text  string
	}{{&q.service, opt.Service}, {&q.user, user}, {&q.password, string(password)}, {&q.confdir, opt.ConfigDir}} {
		if s.text != "" {
			*s.field = C.CString(s.text)
			defer wipe(*s.field)
		}
	}
	if !opt.NoAccount {
		q.account = 1
	}
	C.inquire(q)
	return answer{
		status:  statusOf(q.status),
		words:   C.GoString(&q.words[0]),
		delay:   time.Duration(q.delay) * time.Microsecond,
		said:    strings.FieldsFunc(C.GoStringN(&q.said[0], C.int(q.used)), func(r rune) bool { return r == 0 }),
		puzzled: q.puzzled != 0,
	}
}

// wipe frees a string, which may be a password.
func wipe(s *C.char) {
	C.memset(unsafe.Pointer(s), 0, C.strlen(s))
	C.free(unsafe.Pointer(s))
}

// statusOf knows the codes that are about the user (pam(3)). All others are faults.
func statusOf(code C.int) status {
	switch code {
	case C.PAM_SUCCESS:
		return accepted
	case C.PAM_AUTH_ERR:
		return wrongPassword
	case C.PAM_USER_UNKNOWN:
		return noSuchUser
	case C.PAM_MAXTRIES:
		return tooManyTries
	case C.PAM_PERM_DENIED:
		return refused
	case C.PAM_ACCT_EXPIRED:
		return accountExpired
	case C.PAM_AUTHTOK_EXPIRED, C.PAM_CRED_EXPIRED:
		return passwordExpired
	case C.PAM_NEW_AUTHTOK_REQD:
		return passwordMustChange
	case C.PAM_CRED_INSUFFICIENT:
		return noRights
	case C.PAM_AUTHINFO_UNAVAIL:
		return unavailable
	}
	return broken
}

// Shield takes standard input and output away from modules and the programs that they
// start, as what one reads is a lost request, and what one writes is an answer to
// Squid. It returns both for this program's own use.
func Shield() (in, out *os.File, err error) {
	var fds [2]C.int
	if code := C.shield(&fds[0]); code != 0 {
		return nil, nil, os.NewSyscallError("dup2", syscall.Errno(code))
	}
	return os.NewFile(uintptr(fds[0]), os.Stdin.Name()), os.NewFile(uintptr(fds[1]), os.Stdout.Name()), nil
}
