package main

import (
	"bufio"
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"squidauth/helper/printable"
	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/kdc"
	"squidauth/ntlm/machine"
)

// machineTimeout bounds all that is asked of domain controllers and KDCs together.
const machineTimeout = 90 * time.Second

// machineCommands are those that make a machine account and change its password.
func (t *tools) machineCommands() []*cli.Command {
	return []*cli.Command{t.joinCommand(), t.rotateCommand()}
}

// domainFlags say which account of which domain is meant, and who asks.
type domainFlags struct {
	realm, account string
	dcs            cli.StringSlice
	ca             string
	startTLS, seal bool
	admin          string
	adminSecret    string
	files          machine.Files
}

func (d *domainFlags) flags(admin string) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "realm", Destination: &d.realm, Usage: "the domain's DNS name is `REALM`"},
		&cli.StringSliceFlag{Name: "dc", Destination: &d.dcs, Usage: "ask the domain controllers `HOST[,HOST…]`; may be given again (default: those that the DNS has for the realm)"},
		&cli.StringFlag{Name: "account", Destination: &d.account, Usage: "the computer's account is `NAME$`"},
		&cli.StringFlag{Name: "secret", Destination: &d.files.Secret, Usage: "`FILE` with the account's password, for --machine-secret"},
		&cli.StringFlag{Name: "keytab", Destination: &d.files.Keytab, Usage: "`FILE` with the account's keys, for negotiate"},
		&cli.StringFlag{Name: "admin", Destination: &d.admin, Usage: admin},
		&cli.StringFlag{Name: "admin-secret", Destination: &d.adminSecret, Usage: "`FILE` with the administrator's password (default: ask for it, or read a line of standard input)"},
		&cli.StringFlag{Name: "ldap-ca", Destination: &d.ca, Usage: "`FILE` with the CA of the domain controllers, in PEM (default: the system's)"},
		&cli.BoolFlag{Name: "ldap-start-tls", Destination: &d.startTLS, Usage: "use port 389 and StartTLS, not port 636"},
		&cli.BoolFlag{Name: "ldap-seal", Destination: &d.seal, Usage: "use port 389, protected by the ticket in place of TLS"},
	}
}

var errTwoProtections = errors.New("--ldap-start-tls and --ldap-seal exclude each other")

// domain returns what the flags say of the domain.
func (d *domainFlags) domain() (machine.Domain, error) {
	var md machine.Domain
	var err error
	switch {
	case d.startTLS && d.seal:
		return md, errTwoProtections
	case d.startTLS:
		md.Protection = machine.StartTLS
	case d.seal:
		md.Protection = machine.Sealed
	}
	if md.Account, err = machine.ParseAccount(d.account, d.realm); err != nil {
		return md, err
	}
	md.Hosts = splitHosts(d.dcs.Value())
	if d.ca != "" {
		md.CA, err = readCA(d.ca)
	}
	return md, err
}

// splitHosts returns the hosts in lists of them.
func splitHosts(lists []string) (hosts []string) {
	for _, list := range lists {
		for host := range strings.SplitSeq(list, ",") {
			if host = strings.TrimSpace(host); host != "" {
				hosts = append(hosts, host)
			}
		}
	}
	return hosts
}

// maxPEM bounds what is read of a file with certificates, in bytes.
const maxPEM = 1 << 20

func readCA(file string) (*x509.CertPool, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("--ldap-ca: %w", err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxPEM))
	if err != nil {
		return nil, fmt.Errorf("--ldap-ca: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		return nil, fmt.Errorf("--ldap-ca: %s holds no certificate in PEM", file)
	}
	return pool, nil
}

// administrator returns the login of who changes the directory: that of --admin, or
// of the ticket that kinit got.
func (d *domainFlags) administrator() (machine.Login, error) {
	if d.admin == "" {
		user, err := kdc.Open(os.LookupEnv, os.Geteuid(), time.Now)
		if err != nil {
			return machine.Login{}, fmt.Errorf("without --admin USER a ticket is needed: %w", err)
		}
		return machine.Login{Ticket: func(ctx context.Context, s initiator.Principal) (initiator.Credential, error) {
			return user.ServiceTicket(ctx, s)
		}}, nil
	}
	if d.seal {
		return machine.Login{}, errors.New("--ldap-seal is for tickets: run kinit, and leave out --admin")
	}
	password, err := d.adminPassword()
	return machine.Login{User: d.admin, Password: password}, err
}

func (d *domainFlags) adminPassword() (string, error) {
	if d.adminSecret == "" {
		return askOnce(os.Stdin, os.Stderr, "Password of "+d.admin+": ")
	}
	f, err := os.Open(d.adminSecret)
	if err != nil {
		return "", fmt.Errorf("--admin-secret: %w", err)
	}
	defer f.Close()
	return readPassword(f)
}

// askOnce asks a person at a terminal, without showing what is typed. From anything
// else it reads one line.
func askOnce(in *os.File, out io.Writer, question string) (string, error) {
	fd := int(in.Fd())
	if !term.IsTerminal(fd) {
		return readPassword(in)
	}
	defer restoreOnInterrupt(fd)()
	fmt.Fprint(out, question)
	b, err := term.ReadPassword(fd)
	fmt.Fprintln(out)
	if err == nil && len(b) == 0 {
		err = errNoPassword
	}
	return string(b), err
}

// join makes a machine account.
type join struct {
	*tools
	domainFlags
	host, ou string
	spns     cli.StringSlice
	existing bool
}

const joinDescription = `Makes the computer's account in the domain, with a random password, AES keys and
service principal names, and writes two files: the secret file for
"ntlm --machine-secret" and the keytab for "negotiate --keytab".

   ntlm join --realm EXAMPLE.ORG --admin Administrator \
      --secret /etc/squid/machine.secret --keytab /etc/squid/http.keytab

Without --admin it uses the ticket that kinit got. Each proxy needs an account of
its own: a password that one machine changes locks out all others. A load
balancer's name is therefore none of --spn on several proxies.`

func (t *tools) joinCommand() *cli.Command {
	j := join{tools: t}
	return &cli.Command{
		Name:            "join",
		Usage:           "make this machine's account in the domain, and write its password and keys",
		ArgsUsage:       " ",
		Description:     joinDescription,
		HideHelpCommand: true,
		Flags: append(j.flags("log in as the administrator `USER` (default: with the ticket of kinit)"),
			&cli.StringFlag{Name: "host", Destination: &j.host, Usage: "the proxy's full name is `HOST` (default: this machine's)"},
			&cli.StringFlag{Name: "ou", Destination: &j.ou, Usage: "make the account below `DN` (default: where the domain has new computers)"},
			&cli.StringSliceFlag{Name: "spn", Destination: &j.spns, Usage: "the account is the service `CLASS/HOST`; may be given again (default: HTTP/ and the proxy's name)"},
			&cli.BoolFlag{Name: "existing", Destination: &j.existing, Usage: "take an account that is there, and set its password"},
		),
		Action: j.run,
	}
}

func (j *join) run(ctx *cli.Context) error {
	order, err := j.order(ctx)
	if err != nil {
		return err
	}
	if order.Admin, err = j.administrator(); err != nil {
		return j.fail(err)
	}
	within, cancel := context.WithTimeout(context.Background(), machineTimeout)
	defer cancel()
	report, err := order.Run(within)
	if err != nil {
		return j.fail(err)
	}
	j.tell(order, report)
	return nil
}

// order returns what the flags say.
func (j *join) order(ctx *cli.Context) (*machine.Join, error) {
	if ctx.NArg() > 0 {
		return nil, fmt.Errorf("join takes no argument: %q", ctx.Args().First())
	}
	if j.realm == "" || j.files.Secret == "" || j.files.Keytab == "" {
		return nil, errors.New("join needs --realm REALM --secret FILE --keytab FILE")
	}
	if j.host == "" {
		name, err := os.Hostname()
		if err != nil {
			return nil, fmt.Errorf("this machine's name is not known (%w): give --host", err)
		}
		if !strings.Contains(name, ".") {
			name += "." + strings.ToLower(j.realm)
		}
		j.host = name
	}
	label, _, _ := strings.Cut(j.host, ".")
	j.account = cmp.Or(j.account, strings.ToUpper(label))
	md, err := j.domain()
	if err != nil {
		return nil, err
	}
	spns := j.spns.Value()
	if len(spns) == 0 {
		spns = []string{"HTTP/" + strings.ToLower(j.host)}
	}
	return &machine.Join{Domain: md, Files: j.files, Host: j.host, OU: j.ou, SPNs: spns, Existing: j.existing}, nil
}

// tell says what was done, and what to do with it.
func (j *join) tell(order *machine.Join, r *machine.Report) {
	a := r.Account
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	fmt.Fprintf(out, "joined:  %s is this proxy's account, by domain controller %s\n", printable.Text(r.DN), printable.Text(r.Controller))
	fmt.Fprintf(out, "names:   %s\n", printable.Text(strings.Join(r.SPNs, ", ")))
	fmt.Fprintf(out, "ntlm:    --domain %s --realm %s --machine-account '%s' --machine-secret %s\n",
		printable.Text(cmp.Or(r.NetBIOS, "NETBIOS")), printable.Text(a.Realm), printable.Text(a.Name), order.Files.Secret)
	fmt.Fprintf(out, "keytab:  --keytab %s, with keys number (kvno) %d\n", order.Files.Keytab, r.Kvno)
	fmt.Fprintf(out, "rotate:  ntlm rotate --secret %s --keytab %s --if-older-than 30d, once a day\n", order.Files.Secret, order.Files.Keytab)
	fmt.Fprintf(out, "rights:  give both files to the group that Squid runs as, mode 0640; who can read them can be this machine\n")
	if r.Skew != 0 {
		say("the domain controller's clock is %v ahead of this machine's: Kerberos refuses that; set both by NTP", r.Skew)
	}
}

// fail ends a command for a reason that is not its command line.
func (t *tools) fail(err error) error {
	say("%s", printable.Text(strings.ReplaceAll(err.Error(), "\n", "; ")))
	t.status = 1
	return nil
}
