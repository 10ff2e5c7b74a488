//go:build unix

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// An Account is one of a user, a service or a machine in the Domain. Names of
// machines end in $.
type Account struct {
	Name     string
	Password string
	// Refusal is what the controller says to the right password; the zero
	// Refusal is none.
	Refusal Refusal
	// Service is the host for which the account is the service HTTP, if any.
	Service string

	attributes map[string]string
}

// A Refusal is why an account cannot log in, in the words of two protocols.
type Refusal struct {
	// Status is the NTSTATUS that an NTLM login gets ([MS-ERREF] section 2.3.1),
	// and Name its name.
	Status uint32
	Name   string
	// Win32 is the error code that an LDAP bind finds, in hexadecimal, as "data" in
	// the diagnostic message ([MS-ERREF] section 2.2).
	Win32 uint32
}

// The reasons for which accounts are refused.
var (
	WrongPassword      = Refusal{0xC000006A, "NT_STATUS_WRONG_PASSWORD", 0x52e}
	NoSuchUser         = Refusal{0xC0000064, "NT_STATUS_NO_SUCH_USER", 0x52e}
	Disabled           = Refusal{0xC0000072, "NT_STATUS_ACCOUNT_DISABLED", 0x533}
	MustChangePassword = Refusal{0xC0000224, "NT_STATUS_PASSWORD_MUST_CHANGE", 0x773}
	LockedOut          = Refusal{0xC0000234, "NT_STATUS_ACCOUNT_LOCKED_OUT", 0x775}
	PasswordExpired    = Refusal{0xC0000071, "NT_STATUS_PASSWORD_EXPIRED", 0x532}
	InvalidLogonHours  = Refusal{0xC000006F, "NT_STATUS_INVALID_LOGON_HOURS", 0x530}
	AccountExpired     = Refusal{0xC0000193, "NT_STATUS_ACCOUNT_EXPIRED", 0x701}
	InvalidWorkstation = Refusal{0xC0000070, "NT_STATUS_INVALID_WORKSTATION", 0x531}
)

// The hosts of services in the Domain, as clients call the proxy.
const (
	ADProxy = "proxy" + adSuffix // with AES keys and one for RC4
	ADWeak  = "weak" + adSuffix  // speaks RC4 only
	ADNoPAC = "nopac" + adSuffix // wants no PAC in its tickets
)

// Values of attributes: [MS-ADTS] section 2.2.16 for userAccountControl,
// [MS-KILE] section 2.2.7 for msDS-SupportedEncryptionTypes.
const (
	normalAccount      = 0x200
	accountDisabled    = 0x2
	workstationTrust   = 0x1000
	noAuthDataRequired = 0x2000000

	supportRC4 = 0x4
	supportAES = 0x8 | 0x10
)

// Accounts returns the accounts of the Domain that tests share; every domain has a few
// more, and this one those that a single test counts guesses at. Passwords are as complex as the domain demands. The lock-out ends by itself
// after half an hour.
func Accounts() []Account {
	longAgo := filetime(time.Date(2016, time.February, 29, 0, 0, 0, 0, time.UTC))
	return []Account{
		{Name: "alice", Password: "Down-the-Rabbit-Hole-1"},
		{Name: "bob", Password: "No blanks? \"Quotes\" 'n' 100% \\ 2 €"},
		{Name: "jürgen", Password: "Grüße-aus-Köln-3"},
		{Name: "manygroups", Password: "Wears-many-Hats-80"},
		{Name: "mallory", Password: "Man-in-the-Middle-4"},

		refused("disabled", Disabled, "userAccountControl", fmt.Sprint(normalAccount|accountDisabled)),
		refused("must-change", MustChangePassword, "pwdLastSet", "0"),
		refused("locked-out", LockedOut, "lockoutTime", filetime(time.Now())),
		refused("old-password", PasswordExpired, "pwdLastSet", longAgo),
		refused("no-hours", InvalidLogonHours, "logonHours", strings.Repeat("\x00", 21)), // a bit for each hour of the week
		refused("expired", AccountExpired, "accountExpires", longAgo),
		refused("elsewhere", InvalidWorkstation, "userWorkstations", "ELSEWHERE"),

		service("svc-proxy", ADProxy, normalAccount, supportAES|supportRC4),
		service("svc-weak", ADWeak, normalAccount, supportRC4),
		service("svc-nopac", ADNoPAC, normalAccount|noAuthDataRequired, supportAES),
		{Name: "svc-ldap", Password: "Looks-things-up-389"},

		machine("PROXY$"),
		machine("PROXY2$"),
	}
}

// countedAccounts are for one test each: it counts the wrong passwords, and any right
// one would set the count back.
func countedAccounts() []Account {
	return []Account{
		{Name: "counted", Password: "Errs-by-Kerberos-8"},
		{Name: "recounted", Password: "Errs-by-NTLM-9"},
		{Name: "doctored", Password: "Errs-by-LDAP-10"},
	}
}

func allAccounts() []Account { return append(Accounts(), countedAccounts()...) }

func refused(name string, why Refusal, attribute, value string) Account {
	return Account{
		Name: name, Password: "Never-let-in-5", Refusal: why,
		attributes: map[string]string{attribute: value},
	}
}

// filetime returns the time in units of 100 ns since the year 1601 ([MS-DTYP]
// section 2.3.3).
func filetime(t time.Time) string {
	const epoch = 11644473600 // in seconds before that of Unix
	return fmt.Sprint((t.Unix() + epoch) * 1e7)
}

func service(name, host string, control, enctypes int) Account {
	return Account{
		Name: name, Password: "Serves-" + host + "-6", Service: host,
		attributes: map[string]string{
			"userAccountControl":            fmt.Sprint(control),
			"servicePrincipalName":          "HTTP/" + host,
			"msDS-SupportedEncryptionTypes": fmt.Sprint(enctypes),
		},
	}
}

func machine(name string) Account {
	return Account{
		Name: name, Password: "Mach1ne-" + name,
		attributes: map[string]string{
			"objectClass":                   "computer",
			"userAccountControl":            fmt.Sprint(workstationTrust),
			"dNSHostName":                   strings.ToLower(strings.TrimSuffix(name, "$")) + adSuffix,
			"msDS-SupportedEncryptionTypes": fmt.Sprint(supportAES | supportRC4),
		},
	}
}

// AccountOf returns the account with the name.
func AccountOf(t testing.TB, name string) Account {
	t.Helper()
	for _, a := range allAccounts() {
		if a.Name == name {
			return a
		}
	}
	t.Fatalf("no account is called %q", name)
	return Account{}
}

// A group has users and groups as members. Its type is a groupType of [MS-ADTS]
// section 2.2.12, as a signed number.
type group struct {
	name      string
	groupType int
	members   []string
}

const (
	globalGroup    = -0x80000000 | 2
	localGroup     = -0x80000000 | 4
	universalGroup = -0x80000000 | 8
)

// ManyGroups is how many groups the user manygroups is in, called Department-001
// and so on, but for those of all users.
const ManyGroups = 80

// groups returns the groups of the Domain, members before those they are in.
// Alice is in ProxyUsers through Staff, and both in the others through it.
func groups() []group {
	list := []group{
		{"Staff", globalGroup, []string{"alice"}},
		{"ProxyUsers", globalGroup, []string{"Staff", "bob", "jürgen"}},
		{"ProxyUniversal", universalGroup, []string{"ProxyUsers"}},
		{"ProxyLocal", localGroup, []string{"ProxyUniversal"}},
		{"Café Users", globalGroup, []string{"jürgen"}},
		{"ProxyDenied", globalGroup, []string{"mallory"}},
	}
	for n := range ManyGroups {
		list = append(list, group{fmt.Sprintf("Department-%03d", n+1), globalGroup, []string{"manygroups"}})
	}
	return list
}
