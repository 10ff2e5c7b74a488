//go:build !nodb

package db

import (
	"os/exec"
	"strings"
	"testing"
)

// perlParse has DBD::mysql take DSNs apart, one a line, and prints the fields that
// matter between tabs.
const perlParse = `
while (my $dsn = <STDIN>) {
	chomp $dsn;
	my %h;
	DBD::mysql->_OdbcParse($dsn, \%h, ['database', 'host', 'port']);
	print join("\t", map { defined $_ ? $_ : '' } @h{qw(database host port mysql_socket user password)}), "\n";
}`

// TestPerl holds parseSource against the parser of Perl's driver. Where that is not
// installed, TestParseSource has its results.
func TestPerl(t *testing.T) {
	perl, err := exec.LookPath("perl")
	if err != nil || exec.Command(perl, "-MDBD::mysql", "-e", "1").Run() != nil {
		t.Skip("Perl's DBD::mysql is not installed; run e2e/install.sh as root")
	}
	words := []string{"squid", "database=squid", "db=a=b", "host=h", "hostname=[::1]", "[::2]", "port=3307", "3308", "mysql_socket=/s", "user=u", "password=p", "", "x=y", "dbname=", "h2"}
	var lines []string
	for i, a := range words {
		for _, b := range words[i:] {
			for _, sep := range []string{";", ":"} {
				lines = append(lines, a+sep+b, b+sep+a, a+sep+b+sep+"9", a+sep+b+";")
			}
		}
	}
	cmd := exec.Command(perl, "-MDBD::mysql", "-e", perlParse)
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	answers := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(answers) != len(lines) {
		t.Fatalf("%d answers to %d lines", len(answers), len(lines))
	}
	for i, line := range lines {
		if strings.HasSuffix(line, "]") || strings.Count(line, "[") > 1 { // Perl's cannot read an address at the end, nor two
			continue
		}
		s, err := parseDBIMySQL(line)
		got := strings.Join([]string{s.database, s.host, s.port, s.socket, s.user, s.password}, "\t")
		if err == nil && got != answers[i] {
			t.Errorf("%s: %q, Perl says %q", line, got, answers[i])
		}
	}
}
