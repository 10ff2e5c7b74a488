package checkup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"squidauth/cmd/internal/squidconf"
	"squidauth/helper/doctor"
)

// FuzzConf: whatever is in squid.conf, something is said of it.
func FuzzConf(f *testing.F) {
	f.Add(good)
	f.Add("auth_param basic program \"\"\nauth_param basic key_extras\nauth_param\nacl\nacl \"\" proxy_auth x\nhttp_access deny \"\"\nhttp_access\n")
	f.Add("auth_param ntlm program a\\\n b\nauth_param ntlm children x concurrency=9 concurrency\nif\nelse\nendif\nendif\n")
	path := filepath.Join(f.TempDir(), "squid.conf")
	f.Fuzz(func(t *testing.T, content string) {
		if strings.Contains(content, "include") {
			t.Skip("files of this machine are not for it to read")
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		conf, err := squidconf.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		var r doctor.Report
		examineConf(conf, &r)
		for _, s := range conf.Schemes() {
			examineProgram(s, &r)
			compare(s, Settings{Concurrency: 1, KeyExtras: 1}, &r)
			r.Add(limits(3, 3, s)...)
			r.Drop(func(f doctor.Finding) bool { return refuted(f, s) })
		}
		if len(r.Findings()) == 0 {
			t.Error("nothing is said")
		}
	})
}
