package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"

	"squidauth/ntlm/ntlmssp"
	"squidauth/ntlm/ntlmssp/ntlmtest"
)

// ntlmCases compare our helper, which verifies NTLMv2 with a MIC against a file of hashes, with ntlm_fake_auth, which verifies
// nothing. Two round trips are a login.
func ntlmCases() []testCase {
	return []testCase{
		ntlmCase("hashes", ourNTLM(), ratioAtLeast(measureRate, 0.5)),
		sameCPU(ntlmCase("same CPU hashes", ourNTLM(), ratioAtLeast(measureRate, 0.5))),
		sameCPU(buffered(ntlmCase("same CPU hashes", ourNTLM()))),
		sameCPU(ntlmCase("same CPU fake", ourFakeNTLM())),
		{
			name: "ntlm start", kind: kindStart, a: ourNTLM(), b: theirFakeNTLM(), pin: pinNone,
			file: hashFile, requests: ntlmLogin(), targets: []target{atMost(measureStart, 3)},
		},
		{
			name: "ntlm 50 idle processes", kind: kindIdle, a: ourNTLM(), b: theirFakeNTLM(), pin: pinNone,
			file: hashFile, requests: ntlmLogin(), targets: []target{atMost(measureIdle, 50)},
		},
	}
}

func ntlmCase(name string, a command, targets ...target) testCase {
	c := testCase{name: "ntlm " + name, a: a, b: theirFakeNTLM(), requests: ntlmLogin(), pin: pinSplit, targets: targets}
	if len(a.args) > 0 && a.args[len(a.args)-1] == "FILE" {
		c.file = hashFile
	}
	return c
}

func ourNTLM() command {
	return command{from: ours, program: "ntlm", args: []string{"--dialect", "legacy", "--domain", "EXAMPLE", "--hashes", "FILE"}}
}

func ourFakeNTLM() command {
	return command{from: ours, program: "ntlm", args: []string{"--dialect", "legacy", "fake"}}
}

func theirFakeNTLM() command { return command{from: stock, program: "ntlm_fake_auth"} }

func ntlmClient() ntlmtest.Client {
	return ntlmtest.Client{Domain: "EXAMPLE", User: "alice", Password: "alices-secret", Workstation: "PC-7", ClientChallenge: [8]byte{1, 2, 3, 4}}
}

func hashFile() []byte {
	hash := ntlmssp.NTOWFv1(ntlmClient().Password)
	return []byte(ntlmClient().User + ":" + hex.EncodeToString(hash[:]) + "\n")
}

// ntlmLogin is alice's first message, and her answer to the challenge.
func ntlmLogin() []request {
	client := ntlmClient()
	negotiate := client.Negotiate()
	return []request{
		{line: "YR " + base64.StdEncoding.EncodeToString(negotiate), code: "TT"},
		{line: "KK", code: "AF", pattern: `\\alice$`, answer: func(reply []byte) []byte {
			token, err := client.Authenticate(negotiate, challengeOf(reply))
			if err != nil {
				return []byte("KK") // which no helper takes
			}
			return base64.StdEncoding.AppendEncode([]byte("KK "), token)
		}},
	}
}

// challengeOf reads TT. The C helper's challenge has a name where it says there is none, but nothing but the eight random bytes
// matters to it.
func challengeOf(reply []byte) []byte {
	token, err := base64.StdEncoding.DecodeString(string(bytes.TrimPrefix(reply, []byte("TT "))))
	if err != nil {
		return nil
	}
	if _, err := ntlmssp.ParseChallenge(token); err != nil && len(token) >= 32 {
		c := ntlmssp.Challenge{Flags: ntlmtest.DefaultFlags &^ ntlmssp.NegotiateOEM, ServerChallenge: [8]byte(token[24:])}
		return c.Append(nil)
	}
	return token
}
