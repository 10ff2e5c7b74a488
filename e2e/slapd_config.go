//go:build unix

package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// SlapdHost is the name in a Slapd's certificate, beside the address 127.0.0.1.
const SlapdHost = "localhost"

var loopback = net.IPv4(127, 0, 0, 1)

// configure picks ports and writes the server's configuration.
func (s *Slapd) configure() error {
	var err error
	if s.plain, err = freeAddress(); err != nil {
		return err
	}
	if s.secure, err = freeAddress(); err != nil {
		return err
	}
	if err := os.MkdirAll(s.file("db"), 0o700); err != nil {
		return err
	}
	return os.WriteFile(s.file("slapd.conf"), []byte(s.text()), 0o600)
}

// Where Debian and Ubuntu have the server's schemas and modules.
const (
	slapdSchemas = "/etc/ldap/schema"
	slapdModules = "/usr/lib/ldap"
)

// text writes the whole slapd.conf. Nobody needs the data after a crash of the
// machine, so that it need not be synced to disk.
func (s *Slapd) text() string {
	verify, security := "never", ""
	if s.config.WantsCertificate {
		verify = "demand"
	}
	if s.config.WantsTLS {
		security = "security simple_bind=128"
	}
	return fmt.Sprintf(`
include %[1]s/core.schema
include %[1]s/cosine.schema
include %[1]s/inetorgperson.schema
modulepath %[2]s
moduleload back_mdb
moduleload memberof
moduleload ppolicy
pidfile %[3]s/pid
argsfile %[3]s/args
allow bind_v2
sizelimit unlimited
localssf 256
sasl-host %[11]s
authz-regexp "^uid=squid,(cn=[^,]*,)?cn=gssapi,cn=auth$" "%[7]s"
TLSCACertificateFile %[3]s/ca.pem
TLSCertificateFile %[3]s/slapd.pem
TLSCertificateKeyFile %[3]s/slapd.key
TLSVerifyClient %[4]s
%[5]s

database mdb
suffix "%[6]s"
rootdn "%[9]s"
rootpw %[10]s
directory %[3]s/db
maxsize 67108864
dbnosync
index objectClass,uid,mail,cn eq

overlay memberof
overlay ppolicy
ppolicy_use_lockout

access to attrs=userPassword
	by dn.exact="%[7]s" read
	by anonymous auth
	by * none
access to dn.subtree="%[8]s"
	by dn.exact="%[7]s" read
	by self read
	by anonymous auth
	by * none
access to * by * read
`, slapdSchemas, slapdModules, s.dir, verify, security, SlapdBase, SlapdService, SlapdStaff, slapdRoot, slapdRootPassword, SlapdHost)
}

// Whom the server lets do everything.
const (
	slapdRoot         = "cn=root," + SlapdBase
	slapdRootPassword = "may-do-everything"
)

// fill makes the database, without any process that stays.
func (s *Slapd) fill() error {
	if err := os.WriteFile(s.file("entries.ldif"), s.ldif(), 0o600); err != nil {
		return err
	}
	slapadd, err := exec.LookPath(filepath.Join(filepath.Dir(s.program), "slapadd"))
	if err != nil {
		return err
	}
	var out bytes.Buffer
	cmd := exec.Command(slapadd, "-q", "-f", s.file("slapd.conf"), "-l", s.file("entries.ldif"))
	cmd.Env, cmd.Dir = []string{"LC_ALL=C"}, s.dir
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("slapadd: %w\n%s", err, tail(out.String(), 20))
	}
	return nil
}

// listens reports whether somebody takes connections at the address.
func listens(network, address string) bool {
	connection, err := net.DialTimeout(network, address, time.Second)
	if err == nil {
		connection.Close()
	}
	return err == nil || errors.Is(err, os.ErrDeadlineExceeded)
}

// readOr returns what is in a file, or why that cannot be said.
func readOr(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
