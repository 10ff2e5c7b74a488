package main

import (
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed ntlm.txt
var ntlmSession string

// ntHashes is a throw-away file of NT hashes: bob's password is "secret".
const ntHashes = "bob:878D8014606CDA29677A44EFA1353FC7\n"

func ntlmDemo(bin, dir string) error {
	file := filepath.Join(dir, "hashes")
	if err := os.WriteFile(file, []byte(ntHashes), 0o600); err != nil {
		return err
	}
	cmd := exec.Command(filepath.Join(bin, "ntlm"), "--audit", "all", "--domain", "EXAMPLE", "--hashes", file)
	return play(cmd, "ntlm", "20", ntlmSession)
}
