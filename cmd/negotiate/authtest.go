package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"time"

	"squidauth/negotiate/kerberos/initiator"
)

const authTestName = "negotiate_kerberos_auth_test"

// kerberosAuthTest is Squid's program of that name: with the name of a proxy it
// prints one token, with a number as well that many requests and the line that
// ends a helper. A token that it cannot get it calls NULL. It returns the exit
// status.
func kerberosAuthTest(args []string) int {
	if len(args) == 0 {
		complain(errors.New("no proxy server name given"))
		return 99
	}
	if len(args) != 2 {
		fmt.Printf("Token: %s\n", tokens(args[0])())
		return 0
	}
	n := 0
	_, _ = fmt.Sscanf(args[1], "%d", &n) // like atoi: what is no number is 0
	if n > 0 {
		next := tokens(args[0])
		for range n {
			fmt.Printf("YR %s\n", next())
		}
	}
	fmt.Println("QQ")
	return 0
}

// tokens returns what returns a new token each time.
func tokens(proxy string) func() string {
	name, err := host(proxy)
	var got found
	if err == nil {
		got, err = browserTicket(name)
	}
	if err != nil {
		complain(err)
	}
	return func() string {
		token, failed := got.Token(time.Now(), initiator.Style{})
		if err != nil || failed != nil {
			return "NULL"
		}
		return base64.StdEncoding.EncodeToString(token)
	}
}

func complain(err error) {
	say(os.Stderr, "%s| %s: %v", time.Now().Format("2006/01/02 15:04:05"), authTestName, err)
}
