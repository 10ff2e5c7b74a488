//go:build !nodb

package db

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"runtime"

	"github.com/go-sql-driver/mysql"

	"squidauth/helper/watch"
)

// maxPEM bounds files of certificates in bytes.
const maxPEM = 1 << 20

// mysqlSockets are where servers listen on one system or another.
var mysqlSockets = []string{
	"/run/mysqld/mysqld.sock", "/var/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock", "/var/run/mysql/mysql.sock",
}

// mysqlEngine is a database of MySQL or MariaDB.
type mysqlEngine struct {
	driver.Connector
	source source
	opt    Options
}

func newMySQL(s source, opt Options) (*mysqlEngine, error) {
	e := &mysqlEngine{source: s, opt: opt}
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd, cfg.DBName = s.user, s.password, s.database
	if opt.User != "" {
		cfg.User = opt.User
	}
	if cfg.User == "" {
		cfg.User = accountName()
	}
	cfg.Net, cfg.Addr = "unix", "/" // Connect knows better
	cfg.MaxAllowedPacket = maxMessage
	cfg.DialFunc = dial
	cfg.Logger = &mysql.NopLogger{}
	cfg.Collation = "utf8mb4_general_ci"
	if err := cfg.Apply(mysql.BeforeConnect(e.prepare)); err != nil {
		return nil, err
	}
	c, err := mysql.NewConnector(cfg)
	e.Connector = c
	return e, err
}

// accountName is who asks where nobody says, as in MySQL's own library.
func accountName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

// prepare completes the settings of one connection.
func (e *mysqlEngine) prepare(ctx context.Context, cfg *mysql.Config) error {
	cfg.Net, cfg.Addr = e.address()
	if e.opt.Password != nil {
		password, err := e.opt.Password.Current(ctx)
		if err != nil {
			return errPassword{err}
		}
		cfg.Passwd = string(password)
	}
	if cfg.Net == "unix" {
		return nil
	}
	var err error
	cfg.TLS, cfg.AllowFallbackToPlaintext, err = e.tlsConfig()
	return err
}

// address returns where the server is. Like MySQL's own library it takes localhost for
// the Unix socket, whatever port the DSN has.
func (e *mysqlEngine) address() (network, address string) {
	s := e.source
	local := s.host == "" || s.host == "localhost"
	if local && s.socket != "" {
		return "unix", s.socket
	}
	if local && runtime.GOOS != "windows" {
		for _, path := range mysqlSockets {
			if _, err := os.Stat(path); err == nil {
				return "unix", path
			}
		}
		return "unix", mysqlSockets[0]
	}
	host, port := s.host, s.port
	if host == "" {
		host = "localhost"
	}
	if port == "" {
		port = "3306"
	}
	return "tcp", net.JoinHostPort(host, port)
}

// tlsConfig returns nil for no TLS. optional says that a server may be without.
func (e *mysqlEngine) tlsConfig() (c *tls.Config, optional bool, err error) {
	wish, mode := e.source.tls, e.opt.tlsMode()
	if mode == TLSOff {
		return nil, false, nil
	}
	ca := wish.ca
	if e.opt.CA != "" {
		ca = e.opt.CA
	}
	verify := mode == TLSVerify || mode == TLSDefault && (wish.verified || ca != "")
	c = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: e.source.host, InsecureSkipVerify: !verify}
	if ca != "" {
		if c.RootCAs, err = authorities(ca); err != nil {
			return nil, false, err
		}
	}
	if wish.certificate != "" {
		own, err := tls.LoadX509KeyPair(wish.certificate, wish.key)
		if err != nil {
			return nil, false, err
		}
		c.Certificates = []tls.Certificate{own}
	}
	return c, !verify && !wish.required, nil
}

// authorities reads a file of CAs.
func authorities(path string) (*x509.CertPool, error) {
	content, err := watch.ReadRegular(path, maxPEM)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("there is no certificate in PEM in it")}
	}
	return pool, nil
}

// Connect implements driver.Connector.
func (e *mysqlEngine) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := e.Connector.Connect(ctx)
	if err != nil {
		return nil, errConnect{err}
	}
	return c, nil
}

func (e *mysqlEngine) dialect() dialect { return dialect{quote: '`', placeholder: "?"} }

func (e *mysqlEngine) prepares() bool { return true }

func (e *mysqlEngine) queryContext(ctx context.Context) context.Context { return ctx }

func (e *mysqlEngine) file() (fs.FileInfo, error) { return nil, nil }

// fault goes by the error numbers of MySQL and MariaDB.
func (e *mysqlEngine) fault(err error) fault {
	var coded *mysql.MySQLError
	if !errors.As(err, &coded) {
		return faultServer
	}
	switch coded.Number {
	case 1267, 1271, 1366, 1977, 3854, 3988: // characters that the column does not have
		return faultName
	case 1044, 1045, 1049, 1130, 1251, 1275, 1698, 1862, 3118, 4151: // account, database, host
		return faultAccount
	case 1054, 1064, 1103, 1109, 1142, 1143, 1146, 1149, 1210, 1305, 1356, 1370: // column, syntax, table, rights
		return faultQuery
	case 1243, 1615: // a statement is prepared no longer
		return faultStale
	}
	return faultServer
}

func (e *mysqlEngine) words(err error) string { return err.Error() }

func (e *mysqlEngine) String() string {
	network, address := e.address()
	return fmt.Sprintf("MySQL's database %q on %s %s", e.source.database, network, address)
}
