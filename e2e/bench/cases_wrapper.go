package main

import (
	"slices"

	"squidauth/negotiate/kerberos/krbtest"
)

// wrapperCases compare our wrapper with negotiate_wrapper_auth in front of C helpers: Kerberos in our one process against its
// three, and as a router in front of the same helpers.
func wrapperCases() []testCase {
	return []testCase{
		anyCPU(wrapperCase("free kerberos", ourWrapper(), ratioAtLeast(measureRate, 6))),
		wrapperCase("kerberos", ourWrapper(), ratioAtLeast(measureRate, 6)),
		sameCPU(wrapperCase("same CPU kerberos", ourWrapper(), ratioAtLeast(measureRate, 6))),
		wrapperCase("kerberos, router", ourRouter()),
		sameCPU(wrapperCase("same CPU kerberos, router", ourRouter())),
		withNTLM(wrapperCase("ntlm, router", ourRouter("--dialect", "legacy"), ratioAtLeast(measureRate, 1))),
		withNTLM(sameCPU(wrapperCase("same CPU ntlm, router", ourRouter("--dialect", "legacy"), ratioAtLeast(measureRate, 1)))),
		{
			name: "wrapper growth", kind: kindGrow, a: ourWrapper(), b: theirWrapper(), pin: pinNone,
			file:     serviceKeytab(krbtest.AES256SHA1),
			requests: logins(krbtest.AES256SHA1, 0, 1000),
			targets:  []target{atMost(measureWarm, 10)},
		},
	}
}

func wrapperCase(name string, a command, targets ...target) testCase {
	return testCase{
		name:     "wrapper " + name,
		a:        a,
		b:        theirWrapper(),
		file:     serviceKeytab(krbtest.AES256SHA1),
		requests: logins(krbtest.AES256SHA1, 0, 128),
		pin:      pinSplit,
		targets:  targets,
	}
}

// anyCPU binds no process to a CPU: the C wrapper's three may then run beside one another.
func anyCPU(c testCase) testCase {
	c.pin = pinNone
	return c
}

// withNTLM sends NTLM instead. The C wrapper says "AF = user" of it, and ours as a legacy helper "AF token user".
func withNTLM(c testCase) testCase {
	c.requests = ntlmLogin()
	c.requests[1].pattern = ""
	return c
}

func ourWrapper() command {
	return command{from: ours, program: "wrapper", args: []string{"--keytab", "FILE", "--replay-cache", "none"}}
}

// wrapped are the C helpers behind both wrappers.
var wrapped = []string{"--ntlm", "STOCK/ntlm_fake_auth", "--kerberos", "STOCK/negotiate_kerberos_auth", "-k", "FILE", "-s", "GSS_C_NO_NAME", "-t", "none"}

func ourRouter(options ...string) command {
	return command{from: ours, program: "wrapper", args: slices.Concat(options, wrapped)}
}

func theirWrapper() command {
	return command{from: stock, program: "negotiate_wrapper_auth", args: wrapped, farewell: "BH input error"}
}
