//go:build unix

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Squid's template folder on Debian, and the page it shows with a 407.
const (
	templates      = "/usr/share/squid/errors/templates"
	deniedTemplate = "ERR_CACHE_ACCESS_DENIED"
)

// deniedPage is how our page for a 407 starts; what the helper said follows.
const deniedPage = "Squid refuses: "

// logFormat has the fields of a LogLine; # escapes what could break a line.
const logFormat = `logformat e2e %>Hs %#un %ru %#{message}note`

// Basic returns the auth_param lines of a Basic helper. Command is the helper's
// command line, children what follows "auth_param basic children", for example
// "5 startup=2 idle=1 concurrency=20"; more holds further options, for example
// "key_extras \"%>a\"".
//
// Squid keeps a right password for one second, the least it can. It keeps no
// wrong one, and a wrong password makes it forget the right one.
func Basic(command, children string, more ...string) string {
	options := append([]string{
		"program " + command,
		"children " + children,
		"realm squidauth end-to-end",
		"credentialsttl 1 second",
	}, more...)
	return "auth_param basic " + strings.Join(options, "\nauth_param basic ") + "\n"
}

// Negotiate returns the auth_param lines of a Negotiate helper; children and more
// are as for Basic, but such a helper has one request at a time.
func Negotiate(command, children string, more ...string) string {
	options := append([]string{"program " + command, "children " + children, "keep_alive on"}, more...)
	return "auth_param negotiate " + strings.Join(options, "\nauth_param negotiate ") + "\n"
}

// text writes the whole squid.conf. The cache manager is open to the tests,
// who read from it what the helpers are doing.
func (s *Squid) text(c Config) string {
	return fmt.Sprintf(`
http_port %[1]s
visible_hostname squid.e2e.test
pid_filename %[2]s/squid.pid
cache_log %[2]s/cache.log
%[4]s
access_log stdio:%[2]s/access.log e2e
coredump_dir %[2]s
error_directory %[3]s

# Nothing but loopback, and nothing that is not about authentication.
tcp_outgoing_address 127.0.0.1
udp_outgoing_address 127.0.0.1
udp_incoming_address 127.0.0.1
dns_nameservers 127.0.0.1
hosts_file none
pinger_enable off
netdb_filename none
cache_store_log none
cache deny all
cache_mem 4 MB
shutdown_lifetime 1 second

%[5]s
%[6]s
acl loggedin proxy_auth REQUIRED
http_access allow localhost manager
http_access allow loggedin
http_access deny all
`, s.address, s.logs, filepath.Join(s.dir, "errors"), logFormat, strings.Join(c.Auth, "\n"), c.Extra)
}

// writeErrorPages makes a copy of Debian's error pages in which a 407 shows
// what the helper said (%m) in one short line. Links will do for the others,
// which Squid loads only to complain when they are missing.
func writeErrorPages(dir string) error {
	pages := filepath.Join(dir, "errors")
	if err := os.Mkdir(pages, 0o755); err != nil {
		return err
	}
	originals, err := os.ReadDir(templates)
	if err != nil {
		return err
	}
	for _, page := range originals {
		if page.Name() == deniedTemplate {
			continue
		}
		if err := os.Symlink(filepath.Join(templates, page.Name()), filepath.Join(pages, page.Name())); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(pages, deniedTemplate), []byte(deniedPage+"%m\n"), 0o644)
}
