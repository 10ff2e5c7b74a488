//go:build !nodb

package db

import (
	"cmp"
	"context"
	"crypto/tls"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/stdlib"
)

// maxMessage bounds what a server may send at a time, in bytes.
const maxMessage = 1 << 20

var errConninfo = errors.New("the DSN for PostgreSQL cannot be read: it is KEY=VALUE;KEY=VALUE or a URL, and certificates that it names are in PEM")

// errUnverified keeps a DSN that ends oddly from swallowing what --tls and --ca say.
var errUnverified = errors.New("the DSN for PostgreSQL takes what --tls and --ca say for a part of its last word: put that in single quotes")

// postgresEngine is a database of PostgreSQL.
type postgresEngine struct {
	conninfo string
	opt      Options
	where    string
}

func newPostgres(s source, opt Options) (*postgresEngine, error) {
	e := &postgresEngine{conninfo: s.conninfo, opt: opt}
	e.protect()
	cfg, err := e.config()
	switch {
	case err == nil:
		e.where = fmt.Sprintf("PostgreSQL's database %q on %s, port %d", cfg.Database, cfg.Host, cfg.Port)
	case errors.As(err, new(*fs.PathError)): // there may be a certificate by the time it is asked for
		e.where = "PostgreSQL"
	default:
		return nil, err
	}
	return e, nil
}

// protect adds what the options say about TLS to the DSN, where it is stronger than
// what is there.
func (e *postgresEngine) protect() {
	words := [][2]string{}
	if mode, ok := map[TLSMode]string{TLSOff: "disable", TLSPrefer: "prefer", TLSVerify: "verify-full"}[e.opt.tlsMode()]; ok {
		words = append(words, [2]string{"sslmode", mode})
	}
	if e.opt.CA != "" {
		words = append(words, [2]string{"sslrootcert", e.opt.CA})
	}
	for _, w := range words {
		switch isURL, hasQuery := conninfoForm(e.conninfo); {
		case !isURL:
			if strings.HasSuffix(strings.TrimRight(e.conninfo, " "), "=") { // or what follows would be the value
				e.conninfo += "''"
			}
			e.conninfo += fmt.Sprintf(" %s='%s'", w[0], strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(w[1]))
		case hasQuery:
			e.conninfo += "&" + w[0] + "=" + url.QueryEscape(w[1])
		default:
			e.conninfo += "?" + w[0] + "=" + url.QueryEscape(w[1])
		}
	}
}

// conninfoForm reports whether a connection string is a URL, and whether parameters
// stand at its end. Like libpq it takes whatever is before an @ for user and password,
// if no slash comes before that.
func conninfoForm(conninfo string) (isURL, hasQuery bool) {
	scheme, rest, found := strings.Cut(conninfo, "://")
	if !found || scheme != "postgres" && scheme != "postgresql" {
		return false, false
	}
	if at := strings.IndexAny(rest, "@/"); at >= 0 && rest[at] == '@' {
		rest = rest[at+1:]
	}
	return true, strings.Contains(rest, "?")
}

// isVerified reports whether all servers of a configuration have to prove who they are,
// or are reached over a Unix socket.
func isVerified(cfg *pgx.ConnConfig) bool {
	proven := func(host string, port uint16, c *tls.Config) bool {
		network, _ := pgconn.NetworkAddress(host, port)
		return network == "unix" || c != nil && !c.InsecureSkipVerify
	}
	for _, f := range cfg.Fallbacks {
		if !proven(f.Host, f.Port, f.TLSConfig) {
			return false
		}
	}
	return proven(cfg.Host, cfg.Port, cfg.TLSConfig)
}

// foreignParams are words of libpq's that the driver would pass on to the server,
// which knows none of them.
var foreignParams = []string{
	"gssencmode", "gsslib", "gssdelegation", "hostaddr", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count",
	"tcp_user_timeout", "sslcompression", "fallback_application_name", "load_balance_hosts",
}

// protections are words of libpq's, by their variables in the environment, that the driver
// does not obey although they say which server is not to be trusted.
var protections = map[string]string{"sslcrl": "PGSSLCRL", "sslcrldir": "PGSSLCRLDIR", "requirepeer": "PGREQUIREPEER", "gssencmode": "PGGSSENCMODE"}

// unprotected is the error of a configuration that wants more protection than there is:
// who asked for it must not go without.
func unprotected(cfg *pgx.ConnConfig) error {
	for _, word := range slices.Sorted(maps.Keys(protections)) {
		value := cmp.Or(cfg.RuntimeParams[word], os.Getenv(protections[word]))
		if value != "" && (word != "gssencmode" || value == "require") {
			return fmt.Errorf("PostgreSQL's %s (%s) is not obeyed here, and without it the connection is less safe than it says: take it out", word, protections[word])
		}
	}
	return nil
}

// config reads the DSN, the environment and the files that they name, each time anew. The
// driver's own errors quote the DSN, with a part of a password perhaps.
func (e *postgresEngine) config() (*pgx.ConnConfig, error) {
	cfg, err := pgx.ParseConfig(e.conninfo)
	var file *fs.PathError
	switch {
	case errors.As(err, &file):
		return nil, file
	case err != nil:
		return nil, errConninfo
	}
	if e.opt.tlsMode() == TLSVerify && !isVerified(cfg) {
		return nil, errUnverified
	}
	if err := unprotected(cfg); err != nil {
		return nil, err
	}
	for _, name := range foreignParams {
		delete(cfg.RuntimeParams, name)
	}
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "squidauth"
	}
	if e.opt.User != "" {
		cfg.User = e.opt.User
	}
	cfg.DialFunc = dial
	cfg.BuildFrontend = func(r io.Reader, w io.Writer) *pgproto3.Frontend {
		f := pgproto3.NewFrontend(r, w)
		f.SetMaxBodyLen(maxMessage)
		return f
	}
	return cfg, nil
}

// Connect implements driver.Connector.
func (e *postgresEngine) Connect(ctx context.Context) (driver.Conn, error) {
	cfg, err := e.config()
	if err != nil {
		return nil, errConnect{err}
	}
	if e.opt.Password != nil {
		password, err := e.opt.Password.Current(ctx)
		if err != nil {
			return nil, errConnect{errPassword{err}}
		}
		cfg.Password = string(password)
	}
	c, err := stdlib.GetConnector(*cfg).Connect(ctx)
	if err != nil {
		return nil, errConnect{err}
	}
	return c, nil
}

// Driver implements driver.Connector.
func (e *postgresEngine) Driver() driver.Driver { return stdlib.GetDefaultDriver() }

func (e *postgresEngine) dialect() dialect {
	return dialect{quote: '"', foldsCase: true, placeholder: "$1"}
}

// prepares is false: the driver prepares once per connection, or as the DSN's
// default_query_exec_mode says, which matters behind PgBouncer.
func (e *postgresEngine) prepares() bool { return false }

func (e *postgresEngine) queryContext(ctx context.Context) context.Context { return ctx }

func (e *postgresEngine) file() (fs.FileInfo, error) { return nil, nil }

// fault goes by the error codes of PostgreSQL (appendix A of its manual).
func (e *postgresEngine) fault(err error) fault {
	var coded *pgconn.PgError
	if !errors.As(err, &coded) {
		return faultServer
	}
	switch coded.Code {
	case "22P02", "22003", "22007", "22008", "22021", "22P05": // not of the column's type, or character set
		return faultName
	case "28P01", "28000", "3D000": // password, pg_hba.conf, database
		return faultAccount
	case "42501":
		return faultQuery
	case "0A000", "26000", "42P05": // the table changed under a prepared statement, or PgBouncer lost it
		return faultStale
	}
	if strings.HasPrefix(coded.Code, "42") {
		return faultQuery
	}
	return faultServer
}

// words leaves PostgreSQL's own severity out: FATAL means something else in Squid's log.
func (e *postgresEngine) words(err error) string {
	var coded *pgconn.PgError
	if errors.As(err, &coded) {
		return fmt.Sprintf("%s, SQLSTATE %s", coded.Message, coded.Code)
	}
	return err.Error()
}

func (e *postgresEngine) String() string { return e.where }
