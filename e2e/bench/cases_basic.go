package main

import (
	"bytes"
	"fmt"
	"slices"
)

// basicCases compare our password file backend with basic_ncsa_auth. About wrong passwords: the C helper hashes each twice.
func basicCases() []testCase {
	des, md5hex, apr1, sha512 := desAccounts(), md5hexAccounts(), apr1Accounts(), sha512Accounts()
	return slices.Concat([]testCase{
		ncsaCase("des", des, right(des), ratioAtLeast(measureRate, 0.8)),
		sameCPU(ncsaCase("des, same CPU", des, right(des))),
		ncsaCase("des wrong", des, wrong(des)),
		ncsaCase("unknown user", des, unknown()),
		ncsaCase("md5hex", md5hex, right(md5hex), ratioAtLeast(measureRate, 5)),
		ncsaCase("$1$", md5cryptAccounts(), right(md5cryptAccounts())),
		ncsaCase("$apr1$", apr1, right(apr1)),
		ncsaCase("$apr1$ wrong", apr1, wrong(apr1)),
		ncsaCase("$5$", sha256Accounts(), right(sha256Accounts()), ratioAtLeast(measureRate, 1)),
		ncsaCase("$6$", sha512, right(sha512), ratioAtLeast(measureRate, 1)),
		ncsaCase("$6$ wrong", sha512, wrong(sha512), ratioAtLeast(measureRate, 1.8)),
		ncsaCase("bcrypt5", bcrypt5Accounts(), right(bcrypt5Accounts())),
		ncsaCase("bcrypt10", bcrypt10Accounts(), right(bcrypt10Accounts()), ratioAtLeast(measureRate, 0.85)),
		ncsaCase("bcrypt10 wrong", bcrypt10Accounts(), wrong(bcrypt10Accounts()), ratioAtLeast(measureRate, 1.7)),
		ncsaCase("yescrypt", yescryptAccounts(), right(yescryptAccounts())),
		manyUsersCase(),
	}, concurrencyCases(), processCases())
}

// ncsaCase is our helper against the C helper, one request at a time, on a file with these accounts.
func ncsaCase(name string, accounts []account, requests []request, targets ...target) testCase {
	return testCase{
		name:     "ncsa " + name,
		a:        ourNCSA(),
		b:        command{from: stock, program: "basic_ncsa_auth", args: []string{"FILE"}},
		file:     func() []byte { return passwordFile(accounts) },
		requests: requests,
		pin:      pinSplit,
		targets:  targets,
	}
}

// sameCPU is for the cheap cases: where waking another CPU up takes longer than the helper, as on many virtual machines,
// the ratio of pinSplit says little about the helpers. See the floor.
func sameCPU(c testCase) testCase {
	c.pin = pinSame
	return c
}

func ourNCSA() command {
	return command{from: ours, program: "basic", args: []string{"ncsa", "FILE"}}
}

const manyUsers = 20_000

// manyUsersCase has the cheapest hash, so that finding the user is not lost in hashing.
func manyUsersCase() testCase {
	all := manyAccounts()
	var some []account
	for i := 0; i < len(all); i += len(all) / 64 {
		some = append(some, all[i])
	}
	return ncsaCase("20,000 users", all, right(some))
}

// concurrencyCases have ours on both sides: what channel-IDs gain over one request at a time, which is all that the C
// helpers can do. They need two CPUs or more; for des the hash costs less than the line's way, so no gain is asked for.
func concurrencyCases() []testCase {
	var cases []testCase
	add := func(name string, accounts []account, targets ...target) {
		c := ncsaCase(name, accounts, right(accounts), targets...)
		c.a.args = []string{"--concurrency", "20", "ncsa", "FILE"}
		c.a.inFlight = 20
		c.b = ourNCSA()
		c.pin = pinNone
		cases = append(cases, c)
	}
	add("concurrency $6$", sha512Accounts(), ratioAtLeast(measureRate, 1.7))
	add("concurrency bcrypt5", bcrypt5Accounts(), ratioAtLeast(measureRate, 1.7))
	add("concurrency des", desAccounts())
	return cases
}

// processCases measure what a process costs besides its requests. They are not pinned, as Squid does not pin.
func processCases() []testCase {
	start := ncsaCase("start", desAccounts(), right(desAccounts()), atMost(measureStart, 2.5))
	start.kind = kindStart
	load := ncsaCase("load 20,000 users", manyAccounts(), right(desAccounts()), atMost(measureLoad, 50))
	load.kind = kindLoad
	load.small = func() []byte { return passwordFile(desAccounts()) }
	idle := ncsaCase("50 idle processes", desAccounts(), right(desAccounts()), atMost(measureIdle, 45))
	idle.kind = kindIdle
	cases := []testCase{start, load, idle}
	for i := range cases {
		cases[i].pin = pinNone
	}
	return cases
}

// manyAccounts adds users to desAccounts. They share its hashes: the helpers must not notice, and do not.
func manyAccounts() []account {
	accounts := desAccounts()
	hashes := len(accounts)
	for i := len(accounts); i < manyUsers; i++ {
		a := accounts[i%hashes]
		a.user = fmt.Sprintf("user%05d", i)
		accounts = append(accounts, a)
	}
	return accounts
}

// passwordFile is in the format of htpasswd.
func passwordFile(accounts []account) []byte {
	var b bytes.Buffer
	for _, a := range accounts {
		fmt.Fprintf(&b, "%s:%s\n", a.user, a.hash)
	}
	return b.Bytes()
}

func right(accounts []account) []request {
	var requests []request
	for _, a := range accounts {
		requests = append(requests, request{line: a.user + " " + a.password, code: "OK"})
	}
	return requests
}

// wrong passwords are no longer than the right ones: the C helper has another reply for DES when they exceed 8 bytes.
func wrong(accounts []account) []request {
	var requests []request
	for _, a := range accounts {
		requests = append(requests, request{line: a.user + " X" + a.password[1:], code: "ERR"})
	}
	return requests
}

func unknown() []request {
	return []request{{line: "mallory secret", code: "ERR"}, {line: "trudy secret", code: "ERR"}}
}
