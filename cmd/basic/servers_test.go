package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// pop3d is the testscript command
//
//	pop3d VARIABLE
//
// which has a POP3 server listen, knowing bob by the password "secret", and sets the
// variable to its address. To eve it says that it cannot tell.
func pop3d(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: pop3d VARIABLE")
	}
	ts.Setenv(args[0], listen(ts, "tcp", "127.0.0.1:0", func(conn net.Conn) {
		fmt.Fprint(conn, "+OK ready\r\n")
		user := ""
		for lines := bufio.NewScanner(conn); lines.Scan(); {
			command, arg, _ := strings.Cut(strings.TrimSuffix(lines.Text(), "\r"), " ")
			reply := "-ERR"
			switch {
			case command == "USER":
				user, reply = arg, "+OK"
			case command == "PASS" && user == "eve":
				reply = "-ERR [SYS/TEMP] the database is gone"
			case command == "PASS" && user == "bob" && arg == "secret":
				reply = "+OK"
			}
			fmt.Fprint(conn, reply+"\r\n")
		}
	}))
}

// saslauthd is the testscript command
//
//	saslauthd SOCKET
//
// which has a daemon listen that knows bob by the password "secret". Of eve it cannot
// tell, and says which service it was asked for.
func saslauthd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: saslauthd SOCKET")
	}
	listen(ts, "unix", ts.MkAbs(args[0]), func(conn net.Conn) {
		var fields []string
		for range 5 {
			var size [2]byte
			if _, err := io.ReadFull(conn, size[:]); err != nil {
				return
			}
			field := make([]byte, binary.BigEndian.Uint16(size[:]))
			if _, err := io.ReadFull(conn, field); err != nil {
				return
			}
			fields = append(fields, string(field))
		}
		reply := "NO Incorrect password"
		switch {
		case fields[0] == "eve":
			reply = "NO [ALERT] no service " + fields[2] + " in realm " + fields[3]
		case fields[0] == "bob" && fields[1] == "secret":
			reply = "OK"
		}
		_, _ = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...))
	})
}

// listen serves each connection until the script ends, and returns the address.
func listen(ts *testscript.TestScript, network, address string, serve func(net.Conn)) string {
	listener, err := net.Listen(network, address)
	ts.Check(err)
	ts.Defer(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	return listener.Addr().String()
}
