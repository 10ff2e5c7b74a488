package nrpc

import "fmt"

// Status is an NTSTATUS ([MS-ERREF] section 2.3.1) other than success, as the error
// of a call that was answered.
type Status uint32

// The statuses that are told apart.
const (
	AccessDenied               Status = 0xC0000022
	NoLogonServers             Status = 0xC000005E
	NoSuchUser                 Status = 0xC0000064
	WrongPassword              Status = 0xC000006A
	LogonFailure               Status = 0xC000006D
	AccountRestriction         Status = 0xC000006E
	InvalidLogonHours          Status = 0xC000006F
	InvalidWorkstation         Status = 0xC0000070
	PasswordExpired            Status = 0xC0000071
	AccountDisabled            Status = 0xC0000072
	InsufficientResources      Status = 0xC000009A
	IOTimeout                  Status = 0xC00000B5
	InvalidServerState         Status = 0xC00000DC
	NoSuchDomain               Status = 0xC00000DF
	InvalidComputerName        Status = 0xC0000122
	TimeDifferenceAtDC         Status = 0xC0000133
	LogonTypeNotGranted        Status = 0xC000015B
	NoTrustLSASecret           Status = 0xC000018A
	NoTrustSAMAccount          Status = 0xC000018B
	TrustedDomainFailure       Status = 0xC000018C
	TrustedRelationshipFailure Status = 0xC000018D
	NetlogonNotStarted         Status = 0xC0000192
	AccountExpired             Status = 0xC0000193
	NologonInterdomainTrust    Status = 0xC0000198
	NologonWorkstationTrust    Status = 0xC0000199
	NologonServerTrust         Status = 0xC000019A
	PasswordMustChange         Status = 0xC0000224
	DomainControllerNotFound   Status = 0xC0000233
	AccountLockedOut           Status = 0xC0000234
	DowngradeDetected          Status = 0xC0000388
	AuthenticationFirewall     Status = 0xC0000413
	NTLMBlocked                Status = 0xC0000418
	ServerUnavailable          Status = 0xC0020017
	ServerTooBusy              Status = 0xC002001B
)

var statusNames = map[Status]string{
	AccessDenied:               "STATUS_ACCESS_DENIED",
	NoLogonServers:             "STATUS_NO_LOGON_SERVERS",
	NoSuchUser:                 "STATUS_NO_SUCH_USER",
	WrongPassword:              "STATUS_WRONG_PASSWORD",
	LogonFailure:               "STATUS_LOGON_FAILURE",
	AccountRestriction:         "STATUS_ACCOUNT_RESTRICTION",
	InvalidLogonHours:          "STATUS_INVALID_LOGON_HOURS",
	InvalidWorkstation:         "STATUS_INVALID_WORKSTATION",
	PasswordExpired:            "STATUS_PASSWORD_EXPIRED",
	AccountDisabled:            "STATUS_ACCOUNT_DISABLED",
	InsufficientResources:      "STATUS_INSUFFICIENT_RESOURCES",
	IOTimeout:                  "STATUS_IO_TIMEOUT",
	InvalidServerState:         "STATUS_INVALID_SERVER_STATE",
	NoSuchDomain:               "STATUS_NO_SUCH_DOMAIN",
	InvalidComputerName:        "STATUS_INVALID_COMPUTER_NAME",
	TimeDifferenceAtDC:         "STATUS_TIME_DIFFERENCE_AT_DC",
	LogonTypeNotGranted:        "STATUS_LOGON_TYPE_NOT_GRANTED",
	NoTrustLSASecret:           "STATUS_NO_TRUST_LSA_SECRET",
	NoTrustSAMAccount:          "STATUS_NO_TRUST_SAM_ACCOUNT",
	TrustedDomainFailure:       "STATUS_TRUSTED_DOMAIN_FAILURE",
	TrustedRelationshipFailure: "STATUS_TRUSTED_RELATIONSHIP_FAILURE",
	NetlogonNotStarted:         "STATUS_NETLOGON_NOT_STARTED",
	AccountExpired:             "STATUS_ACCOUNT_EXPIRED",
	NologonInterdomainTrust:    "STATUS_NOLOGON_INTERDOMAIN_TRUST_ACCOUNT",
	NologonWorkstationTrust:    "STATUS_NOLOGON_WORKSTATION_TRUST_ACCOUNT",
	NologonServerTrust:         "STATUS_NOLOGON_SERVER_TRUST_ACCOUNT",
	PasswordMustChange:         "STATUS_PASSWORD_MUST_CHANGE",
	DomainControllerNotFound:   "STATUS_DOMAIN_CONTROLLER_NOT_FOUND",
	AccountLockedOut:           "STATUS_ACCOUNT_LOCKED_OUT",
	DowngradeDetected:          "STATUS_DOWNGRADE_DETECTED",
	AuthenticationFirewall:     "STATUS_AUTHENTICATION_FIREWALL_FAILED",
	NTLMBlocked:                "STATUS_NTLM_BLOCKED",
	ServerUnavailable:          "RPC_NT_SERVER_UNAVAILABLE",
	ServerTooBusy:              "RPC_NT_SERVER_TOO_BUSY",
}

// Error implements error.
func (s Status) Error() string {
	if name := statusNames[s]; name != "" {
		return name
	}
	return fmt.Sprintf("NTSTATUS 0x%08X", uint32(s))
}
