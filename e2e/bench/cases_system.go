package main

import (
	"bytes"
	"fmt"
	"os"
)

// systemCases compare what knows the system's accounts. Both sides see files of the case's own in /etc, which only root can
// bring about: without root there are no such cases.
func systemCases() []testCase {
	if os.Geteuid() != 0 {
		return nil
	}
	des, sha512 := desAccounts(), sha512Accounts()
	return []testCase{
		getpwnamCase("des", des, right(des), ratioAtLeast(measureRate, 0.8)),
		sameCPU(getpwnamCase("des, same CPU", des, right(des), ratioAtLeast(measureRate, 0.8))),
		getpwnamCase("$6$", sha512, right(sha512)),
		getpwnamCase("unknown user", des, unknown()),
		pamCase("permit", "pam_permit.so", des, right(des)),
		pamCase("unix des", "pam_unix.so nodelay", des, right(des)),
		pamCase("unix $6$", "pam_unix.so nodelay", sha512, right(sha512)),
	}
}

func getpwnamCase(name string, accounts []account, requests []request, targets ...target) testCase {
	return testCase{
		name:     "getpwnam " + name,
		a:        command{from: ours, program: "basic", args: []string{"getpwnam"}},
		b:        command{from: stock, program: "basic_getpwnam_auth"},
		etc:      accountFiles(accounts),
		requests: requests,
		pin:      pinSplit,
		targets:  targets,
	}
}

// pamCase has PAM ask one module. The service is one that every system has a file of.
func pamCase(name, module string, accounts []account, requests []request, targets ...target) testCase {
	service := etcFile{"/etc/pam.d/other", func() []byte {
		return fmt.Appendf(nil, "auth required %s\naccount required pam_permit.so\n", module)
	}}
	return testCase{
		name:     "pam " + name,
		a:        command{from: ours, program: "basic-pam", args: []string{"pam", "--service", "other"}},
		b:        command{from: stock, program: "basic_pam_auth", args: []string{"-n", "other"}},
		etc:      append(accountFiles(accounts), service),
		requests: requests,
		pin:      pinSplit,
		targets:  targets,
	}
}

// accountFiles are passwd and shadow.
func accountFiles(accounts []account) []etcFile {
	lines := func(format func(i int, a account) string) func() []byte {
		return func() []byte {
			var b bytes.Buffer
			for i, a := range accounts {
				b.WriteString(format(i, a))
			}
			return b.Bytes()
		}
	}
	return []etcFile{
		{"/etc/passwd", lines(func(i int, a account) string {
			return fmt.Sprintf("%s:x:%d:%d::/:/bin/sh\n", a.user, 20000+i, 20000+i)
		})},
		{"/etc/shadow", lines(func(_ int, a account) string {
			return fmt.Sprintf("%s:%s:19000:0:99999:7:::\n", a.user, a.hash)
		})},
	}
}
