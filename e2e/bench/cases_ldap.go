package main

import (
	"strconv"
	"time"

	"squidauth/e2e"
)

// A server is what the helpers of a case ask: OpenLDAP, with the users of e2e.Crowd.
type server struct {
	delay time.Duration // that is added to each round trip to it
}

// ldapCases compare our directory backend with basic_ldap_auth -P, its faster way. A login is a search and a bind.
func ldapCases() []testCase {
	near, far := &server{}, &server{delay: 5 * time.Millisecond}
	return []testCase{
		ldapCase("search", near, 0, ratioAtLeast(measureRate, 1)),
		ldapCase("search, 8 in flight", near, 8, ratioAtLeast(measureRate, 2.5)),
		ldapCase("search, 50 in flight", near, 50),
		ldapCase("search +5ms", far, 0),
		ldapCase("search +5ms, 50 in flight", far, 50),
		connections(ldapCase("search +5ms, 50 in flight, 50 connections", far, 50, ratioAtLeast(measureRate, 40))),
		ldapWrong(ldapCase("wrong, 8 in flight", near, 8)),
		busyCase(ldapCase("memory", near, 50, atMost(measureBusy, 15))),
	}
}

// ldapCase has so many requests in flight with ours, 0 for one at a time without channel-IDs.
func ldapCase(name string, s *server, inFlight int, targets ...target) testCase {
	return testCase{
		name: "ldap " + name, a: ourLDAP(inFlight), b: theirLDAP(), server: s, requests: ldapLogins(), pin: pinNone, targets: targets,
	}
}

// connections lifts the bound of 32 on connections for searches and on those for users, which few servers need.
func connections(c testCase) testCase {
	c.a.args = append(c.a.args, "--connections", strconv.Itoa(c.a.inFlight))
	return c
}

func ldapWrong(c testCase) testCase {
	for i := range c.requests {
		c.requests[i].line += "x"
		c.requests[i].code = "ERR"
	}
	return c
}

func busyCase(c testCase) testCase {
	c.kind = kindBusy
	return c
}

func ourLDAP(inFlight int) command {
	args := []string{"--concurrency", strconv.Itoa(inFlight), "ldap", "--url", "ldap://SERVER", "--base", e2e.SlapdPeople, "--filter", "uid=%s"}
	return command{from: ours, program: "basic", args: args, inFlight: inFlight}
}

func theirLDAP() command {
	return command{from: stock, program: "basic_ldap_auth", args: []string{"-P", "-b", e2e.SlapdPeople, "-f", "uid=%s", "-H", "ldap://SERVER"}}
}

func ldapLogins() []request {
	var requests []request
	for _, p := range e2e.Crowd()[:100] {
		requests = append(requests, request{line: p.Name + " " + p.Password, code: "OK"})
	}
	return requests
}
