package main

import (
	"encoding/base64"
	"sync"
	"time"

	"squidauth/negotiate/kerberos/krbtest"
	"squidauth/negotiate/pac/pactest"
	"squidauth/negotiate/spnego"
)

// negotiateCases compare our Kerberos acceptor with negotiate_kerberos_auth, on forged tickets: with a replay cache, as it
// runs in practice, and without, which shows the rest.
func negotiateCases() []testCase {
	aes := krbtest.AES256SHA1
	return []testCase{
		withReplayCache(negotiateCase("aes256-sha1", aes, 0, ratioAtLeast(measureRate, 5))),
		withReplayCache(buffered(negotiateCase("aes256-sha1", aes, 0, ratioAtLeast(measureRate, 1.5)))),
		sameCPU(withReplayCache(negotiateCase("same CPU aes256-sha1", aes, 0, ratioAtLeast(measureRate, 5), atMost(measureCPU, 120)))),
		sameCPU(withReplayCache(buffered(negotiateCase("same CPU aes256-sha1", aes, 0, ratioAtLeast(measureRate, 1.5))))),
		sameCPU(negotiateCase("same CPU aes256-sha1", aes, 0, ratioAtLeast(measureRate, 5))),
		sameCPU(negotiateCase("same CPU aes256-sha2", krbtest.AES256SHA2, 0)),
		negotiateCase("aes256-sha1, 200 groups", aes, 200, ratioAtLeast(measureRate, 8)),
		sameCPU(negotiateCase("same CPU aes256-sha1, 200 groups", aes, 200, ratioAtLeast(measureRate, 8))),
		sameCPU(buffered(negotiateCase("same CPU aes256-sha1, 200 groups", aes, 200))),
		{
			name: "kerberos start", kind: kindStart, a: ourKerberos(), b: theirKerberos(), pin: pinNone,
			file:     serviceKeytab(aes),
			requests: logins(aes, 0, 1),
		},
		{
			name: "kerberos 50 idle processes", kind: kindIdle, a: ourKerberos(), b: theirKerberos(), pin: pinNone,
			file:     serviceKeytab(aes),
			requests: logins(aes, 0, 1),
			targets:  []target{atMost(measureIdle, 45)},
		},
		{
			name: "kerberos growth", kind: kindGrow, a: ourKerberos(), b: theirKerberos(), pin: pinNone,
			file:     serviceKeytab(aes),
			requests: logins(aes, 0, 1000),
			targets:  []target{atMost(measureWarm, 7), atMost(measureGrown, 7)},
		},
	}
}

func negotiateCase(name string, enctype int32, groups int, targets ...target) testCase {
	return testCase{
		name:     "kerberos " + name,
		a:        ourKerberos(),
		b:        theirKerberos(),
		file:     serviceKeytab(enctype),
		requests: logins(enctype, groups, 128),
		pin:      pinSplit,
		targets:  targets,
	}
}

func serviceKeytab(enctype int32) func() []byte {
	return func() []byte { return krbtest.ServiceKeytab(enctype) }
}

// withReplayCache gives each process a replay cache of its own, and tokens that no other login of the run had.
func withReplayCache(c testCase) testCase {
	c.name += ", replay cache"
	c.requests, c.many, c.once = nil, manyLogins, true
	c.a.args = []string{"--keytab", "FILE", "--replay-cache", "file:DIR/cache"}
	c.b.args = []string{"-k", "FILE", "-s", "GSS_C_NO_NAME", "-c", "DIR"}
	return c
}

// manyLogins are more than the faster helper answers in a second.
var manyLogins = sync.OnceValue(func() []request { return logins(krbtest.AES256SHA1, 0, 30_000) })

// buffered compares with a helper that does not read its input byte by byte.
func buffered(c testCase) testCase {
	c.name += ", buffered"
	c.b.buffered = true
	return c
}

func ourKerberos() command {
	return command{from: ours, program: "negotiate", args: []string{"--keytab", "FILE", "--replay-cache", "none"}}
}

func theirKerberos() command {
	return command{
		from: stock, program: "negotiate_kerberos_auth", args: []string{"-k", "FILE", "-s", "GSS_C_NO_NAME", "-t", "none"},
		farewell: "BH input error",
	}
}

// logins makes n requests with one ticket, as a browser does. They are valid from now on until the allowed skew has passed
// twice, longer than all cases before take.
func logins(enctype int32, groups, n int) []request {
	now := time.Now().Truncate(time.Second)
	t := krbtest.NewTicket(enctype)
	t.AuthTime, t.StartTime, t.EndTime = now, now, now.Add(time.Hour)
	if groups > 0 {
		t.AuthData = krbtest.WithPAC(pactest.Build(pactest.Spec{
			Logon: &pactest.Logon{
				Name: krbtest.Client, Domain: "EXAMPLE", DomainSID: "S-1-5-21-1-2-3", UserID: 1000, PrimaryGroup: 513, Groups: rids(groups),
			},
			Client: krbtest.Client, AuthTime: now, Key: krbtest.ServiceKey(enctype),
		}))
	}
	sealed := t.Seal()
	requests := make([]request, n)
	for i := range requests {
		login := t.Login()
		login.Sealed = &sealed
		login.SetTime(now.Add(4*time.Minute + time.Duration(i)*time.Microsecond))
		requests[i] = request{line: "YR " + base64.StdEncoding.EncodeToString(login.Init(spnego.KRB5)), code: "OK"}
	}
	return requests
}

func rids(n int) []uint32 {
	var list []uint32
	for i := range n {
		list = append(list, uint32(2000+i))
	}
	return list
}
