package examine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jcmturner/gokrb5/v8/types"

	"squidauth/helper/doctor"
	"squidauth/negotiate/kerberos/initiator"
	"squidauth/negotiate/kerberos/kdc"
)

const (
	// nobodysName is one that no account has.
	nobodysName = "squidauth-doctor-nobody"

	// muchSkew is what is worth a warning although tickets are still accepted.
	muchSkew = time.Minute

	kdcTime = 8 * time.Second // for one question

	maxLogins   = 4 // principals that are tried, of which one sends a proof
	maxServices = 3 // that tickets are got for
)

// Error codes of KDCs (RFC 4120 section 7.5.9).
const (
	serviceUnknown   = 7
	serviceNotUnique = 8
	enctypeUnknown   = 14
	clientRevoked    = 18
	keyExpired       = 23
	preauthFailed    = 24
)

// kdc asks the KDC of the keytab's realm what time it is and, in the name of the
// service's own account, for a ticket for the service, which the keytab must open. A
// wrong key is one bad logon of that account, and no other's.
func (e *examination) kdc(ctx context.Context, keys []initiator.ServiceKey) {
	mine := e.admitted(keys)
	if len(mine) == 0 {
		return
	}
	realm := mine[0].Principal.Realm
	mine = slices.DeleteFunc(slices.Clone(keys), func(k initiator.ServiceKey) bool { return k.Principal.Realm != realm })
	if !e.clock(ctx, realm) {
		return
	}
	tgt, ok := e.login(ctx, mine)
	if !ok {
		return
	}
	var asked []string
	for _, k := range e.admitted(mine) {
		if name := k.Principal.String(); isHTTP(k) && !slices.Contains(asked, name) && len(asked) < maxServices {
			asked = append(asked, name)
			e.ticket(ctx, tgt, k.Principal, keys)
		}
	}
}

// clock compares the clocks, and reports whether there is a use in asking on. A KDC
// says what time it is when it refuses somebody.
func (e *examination) clock(ctx context.Context, realm string) bool {
	nobody := initiator.Principal{Name: []string{nobodysName}, Realm: realm}
	_, asked, _, err := e.grant(ctx, nobody, initiator.Enctypes(true), func(initiator.KeyInfo) (types.EncryptionKey, error) {
		return types.EncryptionKey{}, initiator.ErrKey // an odd KDC takes everybody for somebody
	})
	switch {
	case errors.Is(err, initiator.ErrKey):
		return true
	case asked == nil:
		f := doctor.Finding{
			Severity: doctor.Note, Code: "kdc-unreachable", Where: realm, What: err.Error(),
			Why: "the helper itself needs no KDC, but whether the keytab has the KDC's keys of today is not known", Cure: "let TCP port 88 of the KDCs through, or run on a machine that reaches them: negotiate check",
		}
		if e.NeedsKDC {
			f.Severity, f.Why = doctor.Fault, "nobody can log in"
			f.Cure = "--kdc HOST, or kdc = HOST under [realms] " + realm + " of /etc/krb5.conf; and let TCP port 88 of the KDCs through"
		}
		e.report.Add(f)
		return false
	}
	e.report.Good("kdc", realm, "a KDC answers")
	skew := e.World.Now().Sub(asked.Time).Round(time.Second)
	const cure = "chronyc makestep, and see to it that chronyd or systemd-timesyncd runs"
	switch what := fmt.Sprintf("this machine's clock differs by %v from the KDC's", skew); {
	case asked.Time.IsZero():
	case skew.Abs() > e.MaxSkew:
		e.add(doctor.Fault, "clock", realm, what, fmt.Sprintf("with more than %v all tickets are refused", e.MaxSkew), cure)
		return false
	case skew.Abs() > muchSkew:
		e.add(doctor.Warning, "clock", realm, what, fmt.Sprintf("with more than %v all tickets are refused", e.MaxSkew), cure)
	default:
		e.report.Good("clock", realm, "it agrees with the KDC's")
	}
	return true
}

// grant asks for a ticket-granting ticket, and proves nothing. key returns the client's
// key for what the KDC encrypts, if it asks for no proof. asked is how it refuses.
func (e *examination) grant(ctx context.Context, client initiator.Principal, enctypes []int32, key func(initiator.KeyInfo) (types.EncryptionKey, error)) (tgt initiator.Credential, asked *initiator.KDCError, answer kdc.Answer, err error) {
	ctx, cancel := context.WithTimeout(ctx, kdcTime)
	defer cancel()
	request := initiator.NewASRequest(client, enctypes, e.World.Now())
	if answer, err = e.World.KDCs.Exchange(ctx, client.Realm, request.Message); err != nil {
		return tgt, nil, answer, err
	}
	tgt, err = request.Credential(answer.Message, initiator.KeyInfo{}, key)
	errors.As(err, &asked)
	return tgt, asked, answer, err
}

// principals of the keytab as which a KDC may let it log in: Active Directory knows a
// machine as NAME$, MIT's KDC a service by its name.
func principals(keys []initiator.ServiceKey) (list []initiator.Principal) {
	isMachine := func(p initiator.Principal) bool { return len(p.Name) == 1 && strings.HasSuffix(p.Name[0], "$") }
	for _, wanted := range []func(initiator.Principal) bool{isMachine, func(initiator.Principal) bool { return true }} {
		for _, k := range keys {
			same := func(p initiator.Principal) bool { return p.String() == k.Principal.String() }
			if wanted(k.Principal) && !slices.ContainsFunc(list, same) {
				list = append(list, k.Principal)
			}
		}
	}
	return list[:min(len(list), maxLogins)]
}

// newest are the keys of a principal with the highest number.
func newest(keys []initiator.ServiceKey, p initiator.Principal) (list []initiator.ServiceKey) {
	for _, k := range keys {
		switch {
		case k.Principal.String() != p.String():
		case len(list) == 0 || k.Kvno == list[0].Kvno:
			list = append(list, k)
		case k.Kvno > list[0].Kvno:
			list = []initiator.ServiceKey{k}
		}
	}
	return list
}

// login logs in as the first of the keytab's principals that the KDC lets log in.
func (e *examination) login(ctx context.Context, keys []initiator.ServiceKey) (initiator.Credential, bool) {
	for _, p := range principals(keys) {
		own := newest(keys, p)
		tgt, known, err := e.loginAs(ctx, own)
		switch {
		case !known:
			continue
		case err == nil:
			return tgt, true
		}
		e.report.Add(diagnose(own[0], err))
		return tgt, false
	}
	e.add(doctor.Note, "kdc-no-login", keys[0].Principal.Realm, "the KDC lets nobody log in whose name is in the keytab", "whether the keytab has the KDC's keys of today is not known",
		"kinit as any user, then: negotiate check --keytab "+e.Keytab+" PROXYFQDN")
	return initiator.Credential{}, false
}

var errEnctype = errors.New("the KDC has keys of other encryption types than the keytab")

// loginAs logs in with keys of one principal. The KDC is sent a proof once at most.
func (e *examination) loginAs(ctx context.Context, keys []initiator.ServiceKey) (tgt initiator.Credential, known bool, err error) {
	var enctypes []int32
	for _, id := range initiator.Enctypes(true) {
		if slices.ContainsFunc(keys, func(k initiator.ServiceKey) bool { return k.Key.KeyType == id }) {
			enctypes = append(enctypes, id)
		}
	}
	of := func(id int32) initiator.ServiceKey {
		return keys[slices.IndexFunc(keys, func(k initiator.ServiceKey) bool { return k.Key.KeyType == id })]
	}
	p := keys[0].Principal
	tgt, asked, before, err := e.grant(ctx, p, enctypes, func(info initiator.KeyInfo) (types.EncryptionKey, error) { return of(info.Enctype()).Key, nil })
	switch {
	case asked == nil:
		return tgt, true, err
	case asked.Code == initiator.ClientUnknown:
		return tgt, false, nil
	case asked.Code != initiator.PreauthRequired:
		return tgt, true, asked
	}
	info, ok := asked.KeyInfo(p, enctypes)
	if !ok {
		return tgt, true, errEnctype
	}
	k := of(info.Enctype())
	request, err := k.Login(e.World.Now())
	if err != nil {
		return tgt, true, err
	}
	ctx, cancel := context.WithTimeout(ctx, kdcTime)
	defer cancel()
	answer, _, err := e.World.KDCs.ExchangeOnce(ctx, p.Realm, before, request.Message)
	if err != nil {
		return tgt, true, err
	}
	tgt, err = request.LoginCredential(answer.Message, k)
	return tgt, true, err
}

// diagnose says why the KDC does not let the keytab log in.
func diagnose(k initiator.ServiceKey, err error) doctor.Finding {
	f := doctor.Finding{Severity: doctor.Note, Code: "kdc-login", Where: k.Principal.String(), What: err.Error(), Why: "whether the keytab has the KDC's keys of today is not known", Cure: "negotiate check tells more"}
	var refused *initiator.KDCError
	code := int32(0)
	if errors.As(err, &refused) {
		code = refused.Code
	}
	const fails = "tickets cannot be opened: nobody can log in"
	switch {
	case errors.Is(err, initiator.ErrKey), code == preauthFailed:
		f.Severity, f.Code, f.Why = doctor.Fault, "keytab-stale", fails
		f.What = fmt.Sprintf("the KDC has another key than the keytab's, of number (kvno) %d: the account's password was changed, or the keytab made from another one", k.Kvno)
		f.Cure = "make the keytab anew, as docs/negotiate.md says (MIT: kadmin -q 'ktadd -k KEYTAB " + strings.Join(k.Principal.Name, "/") + "')"
	case errors.Is(err, errEnctype), code == enctypeUnknown:
		f.Severity, f.Code, f.Why = doctor.Fault, "keytab-enctypes", fails
		f.Cure = "make the keytab anew with all types that the account has (ktpass -crypto All), and give the account AES keys"
	case code == clientRevoked, code == keyExpired:
		f.Severity, f.Code, f.Why = doctor.Fault, "account-disabled", "as a rule the KDC then makes no tickets for the service either"
		f.What, f.Cure = "the account is disabled, locked or expired, or its password is", "enable it (Enable-ADAccount, or samba-tool user enable), and let its password not expire"
	}
	return f
}

// ticket gets a ticket for the service, and opens it.
func (e *examination) ticket(ctx context.Context, tgt initiator.Credential, service initiator.Principal, keys []initiator.ServiceKey) {
	ctx, cancel := context.WithTimeout(ctx, kdcTime)
	defer cancel()
	got, err := e.World.KDCs.ServiceTicket(ctx, tgt, service)
	if err != nil {
		e.noTicket(service, err)
		return
	}
	if slices.ContainsFunc(e.admitted(keys), func(k initiator.ServiceKey) bool { return k.Opens(got.Ticket) }) {
		e.report.Good("kvno", service.String(), "the KDC's ticket opens: kvno %d, %s", got.Ticket.Enc.KVNO, initiator.EnctypeName(got.Ticket.Enc.EType))
		return
	}
	e.add(doctor.Fault, "keytab-stale", service.String(), Disagreement(got.Ticket, keys).Error(), "nobody can log in with a new ticket", "make the keytab anew, as docs/negotiate.md says")
}

func (e *examination) noTicket(service initiator.Principal, err error) {
	spn := strings.Join(service.Name, "/")
	var refused *initiator.KDCError
	if !errors.As(err, &refused) {
		e.add(doctor.Note, "kdc-ticket", service.String(), err.Error(), "whether the keytab has the KDC's keys of today is not known", "negotiate check tells more")
		return
	}
	switch refused.Code {
	case serviceUnknown:
		e.add(doctor.Fault, "spn-nobody", service.String(), "the KDC knows no such service", "it makes no tickets for it: browsers cannot log in", "setspn -S "+spn+" ACCOUNT, samba-tool spn add "+spn+" ACCOUNT, or kadmin -q 'addprinc -randkey "+spn+"'")
	case serviceNotUnique:
		e.add(doctor.Fault, "spn-twice", service.String(), "several accounts have this service principal name", "the KDC makes no tickets for it", "setspn -X finds them; setspn -D "+spn+" ACCOUNT, for all but the keytab's")
	default:
		e.add(doctor.Note, "kdc-ticket", service.String(), err.Error(), "whether the keytab has the KDC's keys of today is not known", "negotiate check tells more")
	}
}

// Disagreement says in words for what reason a keytab does not open a ticket of the KDC's.
func Disagreement(t initiator.Ticket, keys []initiator.ServiceKey) error {
	service := initiator.Principal{Name: t.SName, Realm: t.SRealm}
	own := newest(keys, service)
	if len(own) == 0 {
		return fmt.Errorf("the keytab has no key of %s: make one that has, or give browsers the name that it has", service)
	}
	kvno, have := uint32(t.Enc.KVNO), own[0].Kvno
	switch {
	case have < kvno:
		return fmt.Errorf("the KDC's key has number (kvno) %d, the keytab's newest %d: the password was changed after the keytab was made; make it anew", kvno, have)
	case have > kvno && kvno != 0:
		return fmt.Errorf("the KDC's key has number (kvno) %d, the keytab's newest %d: the KDC that was asked does not know the new password yet, or the keytab is of another account", kvno, have)
	case !slices.ContainsFunc(keys, func(k initiator.ServiceKey) bool {
		return k.Principal.String() == service.String() && k.Key.KeyType == t.Enc.EType
	}):
		return fmt.Errorf("the KDC encrypts with %s, of which type the keytab has no key: make it anew with all types that the account has", initiator.EnctypeName(t.Enc.EType))
	}
	return errors.New("the keytab has a key of that name, number and type, but it is another one: the keytab was made from another password, or for a name in another spelling; make it anew")
}
