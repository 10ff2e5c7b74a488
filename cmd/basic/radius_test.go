package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"squidauth/basic/radius/radiustest"
	"squidauth/cmd/internal/dialogue/dialoguetest"
)

// radiusSecret is shared by the servers of these tests and the helpers.
const radiusSecret = "radius-secret"

// listenRadius starts a RADIUS server for the length of the test, and returns its host
// and port.
func listenRadius(t *testing.T, answer func(radiustest.Request) []radiustest.Datagram) (host, port string) {
	t.Helper()
	server := &radiustest.Server{Secret: radiusSecret, Answer: answer}
	address, stop, err := server.Listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	host, port, _ = strings.Cut(address, ":")
	return host, port
}

// TestRadiusScripts plays testdata/radius/*.txt beside servers whose ports are in the
// environment: PORT signs its answers, OLD does not, SILENT has none, and LOCATOR accepts
// passwords that are the Calling-Station-Id.
func TestRadiusScripts(t *testing.T) {
	signed := radiustest.Users(map[string]string{"bob": "secret", "per cent": "50% + \xe4", "long": strings.Repeat("p", 128)})
	unsigned := func(q radiustest.Request) []radiustest.Datagram {
		if q.Password == "secret" {
			return []radiustest.Datagram{{Bytes: q.Reply(radiustest.AccessAccept)}}
		}
		return []radiustest.Datagram{{Bytes: q.Reply(radiustest.AccessReject)}}
	}
	located := func(q radiustest.Request) []radiustest.Datagram {
		code := byte(radiustest.AccessReject)
		if q.Password == string(q.Value(radiustest.CallingStationID)) {
			code = radiustest.AccessAccept
		}
		return []radiustest.Datagram{{Bytes: q.Reply(code, radiustest.Signed())}}
	}
	host, port := listenRadius(t, signed)
	_, locator := listenRadius(t, located)
	_, old := listenRadius(t, unsigned)
	_, silent := listenRadius(t, func(radiustest.Request) []radiustest.Datagram { return nil })
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "radius"),
		RequireExplicitExec: true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"squid": dialoguetest.Squid},
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOST", host)
			env.Setenv("PORT", port)
			env.Setenv("OLD", old)
			env.Setenv("SILENT", silent)
			env.Setenv("LOCATOR", locator)
			return nil
		},
	})
}
