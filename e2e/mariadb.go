//go:build unix

package e2e

import "testing"

// StartMariaDB starts a server of MariaDB for the length of the test and runs the
// script in it. Its Unix socket is Socket.
func StartMariaDB(t testing.TB, script string) *DBServer {
	t.Helper()
	install, server, client := Need(t, "mariadb-install-db"), Need(t, "mariadbd"), Need(t, "mariadb")
	s := newDBServer(t, "mysql")
	s.certify(t)
	// A server that starts removes what others keep in the same folder for a moment.
	temporary := "--tmpdir=" + s.dir
	s.do(t, "", install, "--no-defaults", temporary, "--datadir="+s.file("data"), "--skip-test-db", "--auth-root-authentication-method=normal",
		"--innodb-log-file-size=4M", "--innodb-buffer-pool-size=16M", "--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve")
	admin := []string{client, "--no-defaults", "--socket=" + s.Socket(), "--user=root"}
	s.startOn(t, func() []string {
		s.client = append(admin, "--default-character-set=utf8mb4", DBName)
		s.ready = append(admin, "--execute=SELECT 1")
		return []string{
			server, "--no-defaults", temporary, "--datadir=" + s.file("data"), "--socket=" + s.Socket(), "--pid-file=" + s.file("pid"),
			"--bind-address=" + s.Host(), "--port=" + s.Port(), "--skip-log-bin", "--skip-name-resolve",
			"--innodb-log-file-size=4M", "--innodb-buffer-pool-size=16M", "--innodb-flush-log-at-trx-commit=0", "--performance-schema=off",
			"--ssl-ca=" + s.CA(), "--ssl-cert=" + s.file("server.pem"), "--ssl-key=" + s.file("server.key"),
		}
	})
	s.do(t, "CREATE DATABASE "+DBName+" CHARACTER SET utf8mb4;\n"+
		"CREATE USER '"+DBUser+"'@'%' IDENTIFIED BY '"+DBPassword+"';\n"+
		"GRANT SELECT ON "+DBName+".* TO '"+DBUser+"'@'%';\n", admin...)
	s.SQL(t, script)
	return s
}

// Socket returns the path of MariaDB's Unix socket.
func (s *DBServer) Socket() string { return s.file("mysqld.sock") }
