//go:build unix

package e2e

import (
	"encoding/base64"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The kinds of handshake that an Initiator can begin.
const (
	BareKerberos   = "krb5"       // without SPNEGO
	MicrosoftsName = "ms-krb5"    // the same, framed with Microsoft's number; MIT's library only
	SPNEGO         = "spnego"     // offers Kerberos only
	NTLMFirst      = "ntlm-first" // offers SPNEGO with NTLM before Kerberos; see HasNTLM
)

// Initiator is a client of a GSS-API library, for handshakes that no curl can be
// told to do. It has one handshake at a time.
type Initiator struct {
	peer *Peer
	ntlm bool
}

// python is Debian's, where its packages are; another may come first in PATH.
const python = "/usr/bin/python3"

// StartInitiator starts a client of MIT's library with these tickets.
func StartInitiator(t testing.TB, tickets *Tickets) *Initiator {
	t.Helper()
	needPython(t, "import gssapi", "python3-gssapi")
	// NTLM needs to know a user to offer itself at all.
	ntlmUser := filepath.Join(Dir(t), "ntlm")
	if err := os.WriteFile(ntlmUser, []byte("EXAMPLE:nobody:no-password\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return startInitiator(t, "initiator.py", append(tickets.Env(), "NTLM_USER_FILE="+ntlmUser))
}

// StartHeimdal starts a client of Heimdal's library with these tickets.
func StartHeimdal(t testing.TB, tickets *Tickets) *Initiator {
	t.Helper()
	needPython(t, "import ctypes; ctypes.CDLL('libgssapi.so.3')", "libgssapi3-heimdal")
	return startInitiator(t, "heimdal.py", tickets.Env())
}

// needPython is Need for what a script needs.
func needPython(t testing.TB, statement, of string) {
	t.Helper()
	if err := exec.Command(python, "-c", statement).Run(); err != nil {
		Lacking(t, "%s is not installed; run e2e/install.sh as root", of)
	}
}

func startInitiator(t testing.TB, script string, env []string) *Initiator {
	t.Helper()
	script, err := filepath.Abs(filepath.Join("testdata", script))
	if err != nil {
		t.Fatal(err)
	}
	// Not for the sake of the answer: the go command has to know what file the
	// test depends on, or it would show an old result.
	if _, err := os.Stat(script); err != nil {
		t.Fatal(err)
	}
	i := &Initiator{peer: StartPeer(t, PeerConfig{Command: []string{python, script}, Env: env, Foreign: true})}
	i.ntlm = strings.HasSuffix(i.peer.Next(t), " ntlm")
	return i
}

// HasNTLM reports whether NTLMFirst can be used.
func (i *Initiator) HasNTLM() bool { return i.ntlm }

// A Leg is what the client has to say after a step of a handshake.
type Leg struct {
	Complete bool   // the client is satisfied
	Mutual   bool   // … and knows whom it talks to
	Token    string // for the acceptor, in base64; may be empty
	Error    string // why the client gave up
}

// Begin starts a handshake of a kind with the service HTTP of a host.
func (i *Initiator) Begin(t testing.TB, host, kind string, mutual bool) Leg {
	t.Helper()
	how := "-"
	if mutual {
		how = "mutual"
	}
	leg := parseLeg(i.peer.Ask(t, "new HTTP@"+host+" "+kind+" "+how))
	if leg.Error != "" || leg.Token == "" {
		t.Fatalf("no token for %s: %s", host, leg.Error)
	}
	return leg
}

// Step gives the client the acceptor's token, in base64.
func (i *Initiator) Step(t testing.TB, token string) Leg {
	t.Helper()
	if token == "" {
		token = "-"
	}
	return parseLeg(i.peer.Ask(t, "step "+token))
}

func parseLeg(line string) Leg {
	words := strings.Fields(line)
	if len(words) != 3 || words[0] == "error" {
		return Leg{Error: line}
	}
	leg := Leg{Complete: words[0] == "complete", Mutual: words[1] == "mutual", Token: words[2]}
	if leg.Token == "-" {
		leg.Token = ""
	}
	return leg
}

// MIC has the client sign a message. Its handshake must be complete.
func (i *Initiator) MIC(t testing.TB, message []byte) []byte {
	t.Helper()
	answer := i.peer.Ask(t, "mic "+base64.StdEncoding.EncodeToString(message))
	mic, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(answer, "mic "))
	if err != nil || len(mic) == 0 {
		t.Fatalf("no MIC: %s", answer)
	}
	return mic
}

// VerifyMIC has the client check a signature of the acceptor's, and returns why
// it does not believe it.
func (i *Initiator) VerifyMIC(t testing.TB, message, mic []byte) error {
	t.Helper()
	encode := base64.StdEncoding.EncodeToString
	if answer := i.peer.Ask(t, "verify "+encode(message)+" "+encode(mic)); answer != "verified" {
		return errors.New(answer)
	}
	return nil
}
